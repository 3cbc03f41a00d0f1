// apply: makes a container what its configuration says.
#include "executor/state/state.h"
#include "executor/state/store.h"
#include "launcher/call/bundle.h"
#include "launcher/call/nested.h"
#include "launcher/container/file_watch.h"
#include "launcher/running/change.h"
#include "launcher/running/observation.h"
#include "launcher/door/stored.h"
#include "base/sys.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t time_limit = 10; // seconds
constexpr EngineVerb verb = EngineVerb::apply;

// A container, and what the engine has been asked about it.
struct Subject {
  Bundle bundle;
  Request request;
  bool missing = false;
  Status status{};
};

int note_status(Invocation &invocation, Subject &subject) {
  constexpr size_t size = 64;
  int err = subject.request.note_members(size, [&](JsonWriter &json) {
    RequestWriter(json).status(subject.missing ? Str::of("missing") : status_name(subject.status));
    return 0;
  });
  return err == 0 ? 0 : invocation.fail_call(what::ask_planner, err);
}

// Of one that is not there only the bundle is known.
int describe_missing(Invocation &invocation, Subject &subject) {
  subject.missing = true;
  if (invocation.arguments.on(cli::Flag::repair))
    return invocation.fail(ContainerMissing{.id = invocation.context.id, .root = invocation.root_path});
  Request &request = subject.request;
  if (int code = read_bundle(invocation, subject.bundle, request.config); code != 0) return code;
  int err = request.build(invocation, subject.bundle.path.str(), subject.bundle.config_name, false);
  return err == 0 ? note_status(invocation, subject) : invocation.fail_call(what::describe_host, err);
}

// Opens the container and locks it. 0 or the exit code, with the error shown.
int describe(Invocation &invocation, Subject &subject) {
  if (int code = invocation.open_root(true); code != 0) return code;
  Context &context = invocation.context;
  if (open_state(context) == ENOENT) return describe_missing(invocation, subject);
  if (int code = invocation.open_recorded(); code != 0) return code;
  context.signals = &invocation.signals;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  if (int code = invocation.read_status(subject.status); code != 0) return code;
  if (subject.status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  Request &request = subject.request;
  if (int err = restore_request(invocation, request); err != 0)
    return invocation.fail_kept(err, "its kept request or config.json cannot be read");
  request.add_flags(invocation.arguments);
  request.process = static_cast<Buffer &&>(request.config);
  return note_status(invocation, subject);
}

int ask(Invocation &invocation, const Subject &subject, Engine &engine, Response &response) {
  return engine.ask(invocation, subject.request, verb, response);
}

// Deletes the container, if there is one, and starts it as the engine's words say. One that cannot be started so is
// started as it was.
int relaunch(Invocation &invocation, const Subject &subject, const List<Str> &relaunch) {
  constexpr int most = 32;
  const char *words[most];
  int count = 0;
  for (Str word : relaunch) {
    if (count < most) words[count++] = word.c_str();
  }
  if (!subject.missing) {
    unlock_state(invocation.context);
    const char *end[] = {"delete", "--force", invocation.context.id.c_str()};
    if (int code = run_nested(invocation, nullptr, end, 3, delete_command); code != 0) return code;
  }
  bool creates = strcmp(words[0], "create") == 0;
  auto *start = creates ? create_command : run_command;
  int code = run_nested(invocation, &subject.request.config, words, count, start);
  bool was_there = !subject.missing && subject.status != Status::stopped;
  if (code == 0 || !was_there) return code;
  // The kept configuration, in place of the file.
  constexpr char config[] = "--config=";
  for (int i = 1; i < count; i++) {
    if (strncmp(words[i], config, sizeof config - 1) == 0) words[i] = "--config=-";
  }
  run_nested(invocation, &subject.request.process, words, count, start);
  return code;
}

// What may keep us waiting is read before others wait for the container: standard input, and a path that may be a FIFO.
// 0 or the exit code, with the error shown.
int read_early(Invocation &invocation, Buffer &document) {
  Str given = invocation.arguments.text(cli::Flag::config);
  if (given.empty() || !(given == Str::of("-") || given.data[0] == '/')) return 0;
  if (int code = read_document(invocation, given, document); code != 0) return code;
  invocation.document = &document;
  return 0;
}

int apply_once(Invocation &invocation) {
  Buffer document;
  if (int code = read_early(invocation, document); code != 0) return code;
  Subject subject;
  if (int code = describe(invocation, subject); code != 0) return code;
  for (;;) {
    Engine engine;
    Response response;
    if (int code = ask(invocation, subject, engine, response); code != 0) return code;
    if (response.files.size() != 0 && response.error.empty()) {
      int code = read_asked(invocation, response.files, subject.status, subject.request);
      if (code != 0) return code;
      continue;
    }
    if (int code = print_styled(invocation, response.text); code != 0) return code;
    if (!response.error.empty()) return show_response(invocation, response);
    if (response.relaunch.size() != 0) return relaunch(invocation, subject, response.relaunch);
    if (!response.plan || !response.stored || !response.config) return show_response(invocation, response);
    return run_change(invocation, subject.request, verb, response);
  }
}

// The file whose changes are applied. 0 or the exit code, with the error shown.
int find_document(Invocation &invocation, TextOf<8192> &path) {
  Subject subject;
  if (int code = describe(invocation, subject); code != 0) return code;
  if (subject.missing) {
    if (subject.bundle.config_name.data[0] != '/') path.add(subject.bundle.path.str()).add_char('/');
    path.add(subject.bundle.config_name);
    return 0;
  }
  Engine engine;
  Response response;
  if (int code = ask(invocation, subject, engine, response); code != 0) return code;
  unlock_state(invocation.context);
  if (response.files.size() == 0 || !response.error.empty()) return show_response(invocation, response);
  path.add((*response.files.begin()).path);
  return 0;
}

// In a process of its own: each time everything is looked at anew, and a failure ends nothing. What asks us to stop
// asks it, and it does not outlive us: it may hold the lock.
int apply_apart(Invocation &invocation) {
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid < 0) return invocation.fail_call(what::start_apply, errno);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) raise(SIGTERM);
    _exit(apply_once(invocation));
  }
  Fd pidfd(sys::pidfd_open(pid, 0));
  if (pidfd.valid() && await_readable(pidfd.get(), &invocation.signals) == EINTR) kill(pid, SIGTERM);
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0 && errno == EINTR) {
  }
  return 0;
}

int watch(Invocation &invocation) {
  Str given = invocation.arguments.text(cli::Flag::config);
  bool nothing = invocation.arguments.on(cli::Flag::repair) || given == Str::of("-");
  if (nothing)
    return invocation.fail(FlagValue{.value = given == Str::of("-") ? given : Str::of("--repair"),
                                     .flag = Str::of("--watch"),
                                     .expected = Str::of("a file that can change")});
  TextOf<8192> path;
  if (int code = find_document(invocation, path); code != 0) return code;
  FileWatch file;
  if (int err = file.open(path.c_str()); err != 0)
    return invocation.fail(FileOpen{.path = path.str(), .errno_ = ErrnoText(err)});
  for (;;) {
    if (int code = apply_apart(invocation); code != 0) return code;
    int err = file.wait(invocation.signals);
    if (err == EINTR) return 0;
    if (err != 0) return invocation.fail(FileOpen{.path = path.str(), .errno_ = ErrnoText(err)});
  }
}

} // namespace

int apply_command(Invocation &invocation) {
  return invocation.arguments.on(cli::Flag::watch) ? watch(invocation) : apply_once(invocation);
}

} // namespace veloci
