// The cgroups of a record, opened by what they are and not by their path alone: one that somebody has removed and made
// again, or that another container has taken, is not this container's.
#pragma once
#include "base/io.h"
#include "record/record.h"

namespace veloci {

// Opens the directory of the container's cgroup. -1 and errno: ENOENT when it never had one or it is gone, ESTALE when
// another one lies there, anything else when that is not known.
int open_own_cgroup(const RecordCgroup &cgroup, int flags);

// The root of the hierarchy that was asked for last, for who looks at many containers.
struct Hierarchy {
  Fd root;
  TextOf<256> mount;

  bool is(Str other) const { return root.valid() && mount.complete() && mount.str() == other; }
  void keep(Str other, Fd &&opened) {
    root = static_cast<Fd &&>(opened);
    mount.clear();
    mount.add(other);
  }
};

// The same with the hierarchy's root as it is known; null: it is opened.
int open_own_cgroup(const RecordCgroup &cgroup, int flags, Hierarchy *known);

// The same for one that the record may have, or that lies below one that it has. Any other is opened by its path.
int open_own_cgroup(const Record *record, Str mount, Str path, int flags);

// The cgroup of a record that a path lies below. False when it lies below none.
bool find_own_above(const Record &record, Str mount, Str path, RecordCgroup &own);

// Opens the root of a hierarchy. -1 and errno: ENODEV when it is not mounted there, and nothing is known of its
// cgroups.
int open_hierarchy(Str mount);

// Opens the cgroup with this inode in the hierarchy of a mount point, wherever its path leads by now: on v1 whoever
// owns the one above may rename it. -1 and errno on failure: ESTALE when it is gone, EPERM for who may not ask so.
int open_cgroup_by_inode(Str mount, uint64_t inode, int flags);

// Whether an errno says that the container has no cgroup there.
constexpr bool is_gone(int err) { return err == ENOENT || err == ESTALE; }

// Whether an errno of open_cgroup_by_inode means that it cannot find out here: then the path is all that is known.
constexpr bool is_blind(int err) { return err == EPERM || err == ENOSYS || err == EOPNOTSUPP; }

// Marks, which are extended attributes that the kernel drops with the cgroup: trusted ones, which no container can
// change, or user ones for those who may not have these. Where neither is possible there are none.

// Identifies a state directory among all that there are and were; 0 when that is impossible.
uint64_t state_mark(int directory);

// A cgroup that was made for a container: whoever comes last removes it. The mode that it is made with says so from its
// first moment on (the sticky bit, which means nothing here else), the attribute also when a container changes the
// mode. `state` is the mark of the state directory whose container's own it is; of one above, made_for_many.
constexpr unsigned created_mode = 01755;
constexpr uint64_t shared_mark = 1;
void mark_created(int cgroup, uint64_t state);
bool has_created_mark(int cgroup);

// The container that uses a cgroup that was there before, or that systemd has made.
void mark_used(int cgroup, uint64_t container, uint64_t state);

// The container that uses it, as mark_used has it. False when it has no such mark.
bool used_mark_of(int cgroup, uint64_t &container);

// A cgroup with processes of its own that has handed controllers down beside them, for containers.
void mark_threads(int cgroup);
bool has_threads_mark(int cgroup);
void drop_threads_mark(int cgroup);

// The mark of the state directory whose container's own the cgroup is, or was; 0 when it has none.
uint64_t state_mark_of(int cgroup);

} // namespace veloci
