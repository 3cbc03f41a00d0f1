// What `state` and `list` say of containers: the command and the library ask here.
#pragma once
#include "executor/log/log.h"
#include "file/files.h"
#include "cgroup/own_cgroup.h"
#include "launcher/container/status.h"
#include "record/record.h"
#include "record/state_json.h"

namespace veloci {

// A container as it was at one moment.
class ContainerView {
public:
  // Reads record and state.json of ROOT/ID. 0; ENOENT when there is no such container; EINPROGRESS when it is being
  // created; EBADMSG when it is damaged; or what this command itself lacks.
  int read(int root, Str id);
  // Which of its files cannot be read, after EBADMSG.
  Str damage() const { return damage_; }

  Status status() const { return status_; }
  int pid() const { return status_ == Status::stopped ? 0 : record_.pid; }
  uint64_t created() const { return record_.created; }
  const Record &record() const { return record_; }
  // As they stand in state.json: escapes are those of JSON.
  Str bundle() const { return json_string_content(json_.bundle); }
  Str owner() const { return json_string_content(json_.owner); }

  // The state on several lines, as `state` shows it, or on one, as `list` does. `size` is enough for either.
  size_t size() const;
  void add_state(Text &out) const;
  void add_row(Text &out) const;

private:
  // The files `names` below a directory. One look: 0, EINPROGRESS, EBADMSG, or an errno of our own.
  struct Names {
    const char *record, *state;
  };
  int read_record(int dir, const char *name);
  int read_state_json(int dir, const char *name);
  int read_files(int dir, const Names &names);
  int read_at_once(int root);

  Str id_, damage_;
  Record record_;
  Buffer text_;
  StateJson json_;
  Status status_ = Status::stopped;
  // Of the next container it is the same.
  Hierarchy freezers_;
};

// The state of a container below a state root. 0, or an errno with the error shown; ENOENT when there is no such one.
int write_state(Str root_path, Str id, Log &log, Buffer &out);

enum class ListForm : uint8_t { ids, rows, table };

// Calls use(data, view, id) for each container below a state root, by id, until it returns an errno. Warns of those
// that cannot be read. 0 or an errno.
int each_container(int root, Log &log, int (*use)(void *data, const ContainerView &view, Str id), void *data);

// All containers below a state root, which need not be there, by id. Those that cannot be read are left out with a
// warning, but their ids are among `ids`. 0, or an errno with the error shown.
int write_list(Str root_path, ListForm form, Log &log, Buffer &out);

} // namespace veloci
