#include "base/directory.h"
#include "executor/process/process.h"
#include "executor/state/state.h"
#include "launcher/container/root.h"
#include "launcher/container/states.h"
#include "executor/log/problem.h"
#include <fcntl.h>
#include <initializer_list>
#include <stdlib.h>

namespace veloci {

namespace {

constexpr unsigned columns = 6;
constexpr const char *heads[columns] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};

// Text that grows in a Buffer.
class Growing {
public:
  explicit Growing(Buffer &memory) : memory_(memory) {}

  // Calls write(Text &) with room for `size` bytes more. 0 or an errno.
  template <class Write> int add(size_t size, Write write) {
    size_t used = memory_.size(), needed = used + size + 1;
    if (needed > memory_.capacity()) {
      Buffer larger;
      constexpr size_t least = 64 << 10;
      size_t twice = 2 * memory_.capacity();
      if (!larger.reserve(needed > twice ? needed + least : twice)) return errno;
      if (used > 0) memcpy(larger.data(), memory_.data(), used);
      memory_ = static_cast<Buffer &&>(larger);
      memory_.set_size(used);
    }
    Text text(reinterpret_cast<char *>(memory_.data()) + used, memory_.capacity() - used);
    write(text);
    memory_.set_size(used + text.size());
    return 0;
  }
  int add(Str part) {
    return add(part.size, [&](Text &text) { text.add(part); });
  }

private:
  Buffer &memory_;
};

// Texts one after the other, each with a NUL behind it.
class Texts {
public:
  int add(Str text) {
    count_++;
    return Growing(memory_).add(text.size + 1, [&](Text &out) { out.add(text).add_char(0); });
  }
  uint32_t count() const { return count_; }
  const char *first() const { return memory_.str().data; }
  static const char *after(const char *text) { return text + strlen(text) + 1; }

private:
  Buffer memory_;
  uint32_t count_ = 0;
};

int compare(const void *left, const void *right) {
  return strcmp(*static_cast<const char *const *>(left), *static_cast<const char *const *>(right));
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
  size_t widths[columns] = {};
  Texts cells;
  unsigned column = 0;
  auto add = [&](Str text) {
    if (text.size > widths[column]) widths[column] = text.size;
    column = (column + 1) % columns;
    return cells.add(text);
  };
  for (const char *head : heads) {
    if (int err = add(Str::of(head)); err != 0) return err;
  }
  int err = for_each_view(root, ids, log, [&](const ContainerView &view, Str id) {
    TextOf<16> pid;
    TextOf<64> created;
    pid.add_signed(view.pid());
    created.add_time(view.created());
    for (Str text : {id, pid.str(), status_name(view.status()), view.bundle(), created.str(), view.owner()}) {
      if (int failed = add(text); failed != 0) return failed;
    }
    return 0;
  });
  const char *cursor = cells.first();
  for (uint32_t i = 0; err == 0 && i < cells.count(); i++, cursor = Texts::after(cursor)) {
    bool last = i % columns == columns - 1;
    err = out.add(widths[i % columns] + 2, [&](Text &text) {
      text.add(cursor);
      if (last)
        text.add_char('\n');
      else
        while (text.size() < widths[i % columns] + 2) text.add_char(' ');
    });
  }
  return err;
}

} // namespace

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
