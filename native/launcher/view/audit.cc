// audit: what a container could do to the host, of a bundle, of what a container was made from, or of one that runs.
#include "host/text.h"
#include "launcher/call/bundle.h"
#include "launcher/container/root.h"
#include "launcher/container/states.h"
#include "launcher/door/stored.h"
#include "launcher/running/observation.h"
#include "observe/observe.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb verb = EngineVerb::audit;

// The configuration of a bundle, or standard input. 0 or the exit code.
int read_input(Invocation &invocation, Bundle &bundle, Buffer &config) {
  if (!(invocation.arguments.text(cli::Flag::config) == Str::of("-"))) return read_bundle(invocation, bundle, config);
  bundle.config_name = Str::of("standard input");
  return answer_read(invocation, bundle.config_name,
                     read_all(STDIN_FILENO, config_size_max, config, &invocation.signals));
}

// What a container was made from, in place of what the command line names. 0 or the exit code.
int restore_kept(Invocation &invocation, Request &request, Status &status) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (restore_request(invocation, request) != 0) {
    return invocation.fail(
        StateDamaged{.id = invocation.context.id, .what = Str::of("its kept request or config.json cannot be read")});
  }
  request.add_flags(invocation.arguments);
  return 0;
}

int build(Invocation &invocation, Request &request) {
  Bundle bundle;
  if (int code = read_input(invocation, bundle, request.config); code != 0) return code;
  if (int err = request.build(invocation, bundle.path.str(), bundle.config_name, false); err != 0)
    return invocation.fail_call(what::describe_host, err);
  return 0;
}

// Whether a process is in the caller's user namespace: its ids are none of its own.
bool shares_users(int process) {
  struct stat theirs, ours;
  return fstatat(process, "ns/user", &theirs, 0) != 0 || stat("/proc/self/ns/user", &ours) != 0 ||
         theirs.st_ino == ours.st_ino;
}

int add_other(void *data, const ContainerView &view, Str id) {
  auto &list = *static_cast<ListWriter<OtherContainerWriter> *>(data);
  char uids[8192], gids[8192];
  TextOf<32> path;
  path.add("/proc/").add_signed(view.pid());
  Fd process(view.pid() > 1 ? open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC) : -1);
  if (!process.valid() || shares_users(process.get())) return 0;
  ssize_t uid_size = read_text(process.get(), "uid_map", uids, sizeof uids);
  ssize_t gid_size = read_text(process.get(), "gid_map", gids, sizeof gids);
  if (uid_size < 0 || gid_size < 0) return 0;
  list.next().id(id).uid_map({uids, static_cast<uint32_t>(uid_size)}).gid_map({gids, static_cast<uint32_t>(gid_size)});
  return 0;
}

// Adds what only this verb asks with: other containers, whether this one runs, and what is in the bundle's root. 0 or
// an errno.
int note_surroundings(Invocation &invocation, Request &request, bool running, const Str *root_fs) {
  RootPath memory;
  Str path = root_path(invocation.arguments.text(cli::Flag::root), memory);
  Fd directory(root_fs != nullptr ? open(root_fs->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
  constexpr size_t usual = 64 * 1024;
  return request.note_members(usual, [&](JsonWriter &json) {
    RequestWriter members(json);
    members.running(running);
    // Who may not read the root knows of no others.
    Fd root(path.empty() ? -1 : open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (root.valid()) {
      ListWriter<OtherContainerWriter> others = members.others();
      each_container(root.get(), invocation.log, add_other, &others);
    }
    return directory.valid() ? write_privileged(members.privileged(), directory.get()) : 0;
  });
}

bool find_look(const List<FileLook> &looks, FileLookWhere where, FileLook &result) {
  for (const FileLook &look : looks) {
    if (look.where != where) continue;
    result = look;
    return true;
  }
  return false;
}

// Looks at what an answer names. 0 or the exit code.
int look(Invocation &invocation, const List<FileLook> &looks, Status status, bool running, Request &request) {
  if (running) return read_observation(invocation, looks, status, request.live);
  int err = request.note_files(looks);
  FileLook privileged;
  if (err == 0 && find_look(looks, FileLookWhere::privileged, privileged))
    err = note_surroundings(invocation, request, false, &privileged.path);
  return err == 0 ? 0 : invocation.fail_call(what::look_at_files, err);
}

} // namespace

int audit_command(Invocation &invocation) {
  Request request;
  Status status = Status::stopped;
  bool kept = invocation.arguments.operand_count() > 0;
  if (int code = kept ? restore_kept(invocation, request, status) : build(invocation, request); code != 0) return code;
  bool running = kept && status != Status::stopped && status != Status::creating;
  if (int err = note_surroundings(invocation, request, running, nullptr); err != 0)
    return invocation.fail_call(what::describe_host, err);
  // An engine answers once; the second one judges what was seen of what the first has named.
  for (;;) {
    Engine engine;
    Response response;
    if (int code = engine.ask(invocation, request, verb, response); code != 0) return code;
    if (response.files.size() == 0) {
      if (int code = print_styled(invocation, response.text); code != 0) return code;
      return show_response(invocation, response);
    }
    if (int code = look(invocation, response.files, status, running, request); code != 0) return code;
  }
}

} // namespace veloci
