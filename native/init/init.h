// Operations of init: builds the container's file system, takes on the program's identity, runs the program. One
// overload for each, in the file of its family.
#pragma once
#include "base/closing.h"
#include "base/path.h"
#include "base/procfs.h"
#include "init/shared.h"
#include "plan/plan_file.h"
#include "plan/vector.h"

namespace veloci {

// The attributes that a mount has now, with those of the access time; 0 when they are unknown.
uint64_t attributes_of(int mount);

class Init : public Common {
public:
  Init(Shared &shared, const Program &program);
  using Common::on;

  // root.cc
  Outcome on(const RootOpen &op);
  Outcome on(const RootPivot &op);
  // layer.cc
  Outcome on(const LayerBegin &op);
  Outcome on(const LayerLower &op);
  Outcome on(const LayerMount &op);
  // mount_fs.cc, mount_bind.cc, mount_attr.cc
  Outcome on(const MountFs &op);
  Outcome on(const MountBind &op);
  Outcome on(const FdOpen &op);
  Outcome on(const MountAttr &op);
  Outcome on(const MountReconfigure &op);
  Outcome on(const MountRemove &op);
  Outcome on(const InitEnd &op);
  // device.cc, paths.cc
  Outcome on(const DeviceNode &op);
  Outcome on(const PathSymlink &op);
  Outcome on(const PathDirectory &op);
  Outcome on(const PathMask &op);
  Outcome on(const PathReadonly &op);
  // console.cc
  Outcome on(const ConsoleOpen &op);
  // net.cc, sysctl.cc, hooks.cc
  Outcome on(const NetUp &op);
  Outcome on(const HostnameSet &op);
  Outcome on(const SysctlWrite &op);
  Outcome on(const LabelExec &op);
  Outcome on(const OomScore &op);
  Outcome on(const HookRun &op);
  // identity.cc
  Outcome on(const SessionNew &op);
  Outcome on(const StdioOwn &op);
  Outcome on(const BoundingDrop &op);
  Outcome on(const IdsSet &op);
  Outcome on(const CapsSet &op);
  Outcome on(const PrivilegesNone &op);
  Outcome on(const ProcessEnter &op);
  Outcome on(const NamespaceEnter &op);
  // adapt.cc
  Outcome on(const MemoryPolicy &op);
  Outcome on(const PersonalitySet &op);
  // seccomp.cc
  Outcome on(const SeccompLoad &op);
  // landlock.cc
  Outcome on(const LandlockRestrict &op);
  // environment.cc, cwd.cc
  Outcome on(const ProcessEnv &op);
  Outcome on(const CwdEnter &op);
  Outcome on(const CwdAgain &op);
  // program.cc, reaper.cc
  Outcome on(const ProgramFind &op);
  Outcome on(const StartWait &op);
  Outcome on(const ProgramRun &op);

  // What kind of failure an operation with this code means for the start of the program.
  FailureKind failure_kind(uint16_t code) const;

private:
  // Something that is mounted over many paths: the first time itself, then copies.
  struct Cover {
    Fd tree;
    bool placed = false;
  };
  struct Filter {
    void *instructions = nullptr;
    size_t size = 0;
  };
  enum class TargetKind : uint8_t { directory, real_directory, file };

  // The container's root (O_PATH); / when this process already lives in it.
  int root();
  // A procfs of our own, whole when an operation of the program needs /proc/sys. -1 and errno on failure.
  int procfs();
  bool needs_procfs() const;
  // Opens a file of procfs for writing: of the container's own mount as long as nothing lies over the file, else of
  // ours.
  int open_proc_file(const char *path);
  bool write_proc_file(const char *path, Str value, int open_step, int write_step, int &step);
  bool program_has(uint16_t code) const { return codes_[code / 64] >> (code % 64) & 1; }
  void note_codes(const OpRecord &record, unsigned depth);

  // mounts.cc
  // Opens, and makes where it is missing, what is mounted on. -1 and errno on failure; the detail says more.
  int open_target(Str path, TargetKind kind);
  // Opens a mount that is there. -1 and errno on failure.
  int open_mount(Str path, bool exact = true);
  // A target that was opened by this path, unless a symbolic link has led into procfs. -1 and errno on failure.
  int allowed(BriefFd &target, Str path, Text &words);
  // Makes a directory or file in the directory that the last one was made in. -1 when it was another, or the name is
  // there already.
  int make_beside(Str path, TargetKind kind);
  bool attach(int tree, int target);
  // Whether our mount is now what the path leads to.
  bool verify(int tree, Str path, bool link = false);
  bool verify(const sys::Statx &tree, Str path, bool link);
  // `locked`: what may stay as it is where the kernel refuses.
  bool set_attributes(int mount, bool recursive, uint64_t set, uint64_t clear, uint64_t locked);
  bool set_propagation(int mount, Propagation propagation);
  bool change_in_place(int mount, unsigned long flags);
  bool remount(int mount, uint64_t set, uint64_t clear);
  // root.cc, layer.cc
  bool spread(Propagation tree);
  bool make_folders(const LayerBegin &op);
  // mount_fs.cc, mount_bind.cc
  // Of a context of fsopen(2) or fspick(2).
  Outcome set_options(int fs, const List<FsOption> &options, int step);
  Outcome refused(int fs, int step, Str what);
  Outcome copy_link(int source, const MountBind &op);
  int open_link(Str path, TargetKind kind);
  // paths.cc
  Outcome remove_node(const DeviceNode &op, int parent, const Name &name);
  bool prepare_null();
  bool prepare_empty();
  bool cover(Cover &cover, int target, Str path);
  // Parent directory of a path, kept open for the next one in it.
  int parent_of(Str path, Name &name);
  bool is_in_parent(Str path, Name &name) const;
  // seccomp.cc, cwd.cc, program.cc
  bool load_filter(Slot slot);
  bool let_pass(Filter &filter, Pages &memory);
  bool hands_listener_over() const;
  bool keep_listener(const SeccompLoad &op);
  void load_filters();
  void close_descriptors();
  bool enter(Str path, int &step, int open_step);
  bool arrange_descriptors();
  // argv and environment of the program, before a filter may forbid what that takes.
  bool prepare_program(const ProgramRun &op);
  // LISTEN_PID for the environment.
  const char *name_itself();
  bool prepare_program();
  // Goes on in a child, in whose place this process stays. False and errno when there can be none.
  bool stay_above(const ProgramRun &op);
  void explain_execve(int err);
  void release_plan();

  Program program_;
  uint64_t codes_[2] = {};
  // What of the plan is needed after start.wait: from the environment to the end of the program.
  const uint8_t *needed_ = nullptr, *needed_end_ = nullptr;
  Fd root_;
  Fd procfs_;
  // The container's procfs, as we have made it. Closing it costs nothing, unlike closing a mount that is nowhere.
  Fd mounted_procfs_;
  Cover null_, empty_;
  // The tmpfs of the writable layer, and how many layers lie below that.
  Fd layer_;
  uint32_t lower_count_ = 0;
  Fd parent_;
  Str parent_path_;
  // Something was made in it, and the next is likely to be missing, too; it was the target that was opened last.
  bool parent_makes_ = false, target_in_parent_ = false;
  Filter filters_[Slot::count];
  // Who gets the listener of a filter, and the message that goes with it.
  Fd listener_;
  Str listener_state_;
  bool has_terminal_ = false;
  bool closed_ = false, arranged_ = false, in_cwd_ = false, prepared_ = false;
  Vector env_, argv_;
  TextOf<path_max> home_;
  TextOf<24> listen_pid_;
  TextOf<path_max> path_;
  FailureKind execve_kind_ = FailureKind::operation;
};

// Whether attributes of a mount that is nowhere yet are refused since this kernel, before Linux 5.12, changes mounts in
// their places alone. Looks at errno, and keeps it.
bool only_in_place();

} // namespace veloci
