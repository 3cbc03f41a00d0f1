#include "base/directory.h"
#include "process/process.h"
#include "executor/state/state.h"
#include "launcher/container/root.h"
#include "launcher/container/states.h"
#include "launcher/line/table.h"
#include "executor/log/problem.h"
#include <fcntl.h>
#include <initializer_list>
#include <stdlib.h>

namespace veloci {

namespace {

constexpr const char *heads[] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER", nullptr};

int compare(const void *first, const void *second) {
  return strcmp(*static_cast<const char *const *>(first), *static_cast<const char *const *>(second));
}

// Calls use(id) for the ids, in order. 0, or an errno, which ends it.
template <class Use> int for_each_sorted(const Texts &ids, Use use) {
  Buffer memory;
  if (ids.count() == 0) return 0;
  if (!memory.reserve(ids.count() * sizeof(char *))) return errno;
  auto *sorted = reinterpret_cast<const char **>(memory.data());
  const char *cursor = ids.first();
  for (uint32_t i = 0; i < ids.count(); i++, cursor = Texts::after(cursor)) sorted[i] = cursor;
  qsort(sorted, ids.count(), sizeof *sorted, compare);
  for (uint32_t i = 0; i < ids.count(); i++) {
    if (int err = use(Str::of(sorted[i])); err != 0) return err;
  }
  return 0;
}

int collect_ids(int root, Texts &ids) {
  int failed = 0;
  int err = for_each_entry(root, [&](const char *name) {
    Str id = Str::of(name);
    if (failed == 0 && id_fault(id) == nullptr) failed = ids.add(id);
  });
  return failed != 0 ? failed : err;
}

// Those of which state.json says that they were created.
int write_ids(int root, const Texts &ids, Growing out) {
  return for_each_sorted(ids, [&](Str id) {
    TextOf<300> path;
    path.add(id).add_char('/').add(state_name::state);
    if (faccessat(root, path.c_str(), F_OK, 0) != 0) return 0;
    return out.add(id.size + 1, [&](Text &text) { text.add(id).add_char('\n'); });
  });
}

// Calls use(view, id) for each container that can be read; warns of those that cannot.
template <class Use> int for_each_view(int root, const Texts &ids, Log &log, Use use) {
  ContainerView view;
  return for_each_sorted(ids, [&](Str id) {
    int err = view.read(root, id);
    if (err == 0) return use(view, id);
    if (err == EBADMSG) show(log, diagnostic::ListDamaged{.id = id, .what = view.damage()});
    return err == ENOMEM || err == EMFILE || err == ENFILE ? err : 0;
  });
}

int write_rows(int root, const Texts &ids, Log &log, Growing out) {
  bool comma = false;
  int err = out.add(Str::of("["));
  if (err == 0) {
    err = for_each_view(root, ids, log, [&](const ContainerView &view, Str) {
      return out.add(view.size(), [&](Text &text) {
        if (comma) text.add_char(',');
        comma = true;
        view.add_row(text);
      });
    });
  }
  return err == 0 ? out.add(Str::of("]\n")) : err;
}

int write_table(int root, const Texts &ids, Log &log, Growing out) {
  Table table(heads);
  int err = for_each_view(root, ids, log, [&](const ContainerView &view, Str id) {
    TextOf<16> pid;
    TextOf<64> created;
    pid.add_signed(view.pid());
    created.add_time(view.created());
    for (Str text : {id, pid.str(), status_name(view.status()), view.bundle(), created.str(), view.owner()}) {
      if (int failed = table.add(text); failed != 0) return failed;
    }
    return 0;
  });
  return err == 0 ? table.write(out) : err;
}

} // namespace

int each_container(int root, Log &log, int (*use)(void *data, const ContainerView &view, Str id), void *data) {
  Texts ids;
  if (int err = collect_ids(root, ids); err != 0) return err;
  return for_each_view(root, ids, log, [&](const ContainerView &view, Str id) { return use(data, view, id); });
}

int write_list(Str root_path, ListForm form, Log &log, Buffer &out) {
  Texts ids;
  Fd root;
  int err = open_root(root_path, false, root, log);
  if (err != 0 && err != ENOENT) return err;
  // Names alone need no processes.
  int fault = err == 0 && form != ListForm::ids ? procfs_fault() : 0;
  if (fault != 0) {
    show(log, diagnostic::ProcMissing{.errno_ = ErrnoText(fault)});
    return fault;
  }
  // Without a root there are none.
  err = err == 0 ? collect_ids(root.get(), ids) : 0;
  if (err == 0) {
    switch (form) {
    case ListForm::ids: err = write_ids(root.get(), ids, Growing(out)); break;
    case ListForm::rows: err = write_rows(root.get(), ids, log, Growing(out)); break;
    case ListForm::table: err = write_table(root.get(), ids, log, Growing(out)); break;
    }
  }
  if (err != 0) {
    show(log, diagnostic::SystemCall{.what = diagnostic::what::list_containers, .errno_ = ErrnoText(err)});
  }
  return err;
}

} // namespace veloci
