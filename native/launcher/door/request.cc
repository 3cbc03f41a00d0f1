#include "launcher/door/request.h"
#include "host/facts.h"
#include "host/look.h"
#include "launcher/call/notify.h"
#include <signal.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

// What facts take on most hosts.
constexpr size_t facts_size = 64 * 1024;
// MiB that the planner has, for messages.
constexpr char plan_limit[] = "16 MiB";

size_t size_of_arguments(const Arguments &arguments) {
  size_t size = 0;
  for (const GivenFlag &given : arguments) size += given.text.size + 64;
  for (uint32_t i = 0; i < arguments.operand_count(); i++) size += arguments.operand(i).size + 8;
  return size;
}

// A path below the current directory, made absolute.
void add_path(OptionsWriter &options, const char *name, Str path) {
  TextOf<8192> absolute;
  char current[4096];
  if (!path.empty() && path.data[0] != '/' && getcwd(current, sizeof current) != nullptr && current[0] == '/') {
    absolute.add(current).add_char('/');
  }
  options.string(name, absolute.add(path).str());
}

void add_list(StringListWriter list, const Arguments &arguments, const GivenFlag &first) {
  for (const GivenFlag &given : arguments) {
    if (given.spec->flag == first.spec->flag) list.add(given.text);
  }
}

// Whether a later one of the same flag replaces this one (for lists: whether an earlier one has written all).
bool is_superseded(const Arguments &arguments, const GivenFlag *flag) {
  const GivenFlag *from = flag->spec->kind == cli::Kind::list ? arguments.begin() : flag + 1;
  const GivenFlag *to = flag->spec->kind == cli::Kind::list ? flag : arguments.end();
  for (const GivenFlag *other = from; other < to; other++) {
    if (other->spec->flag == flag->spec->flag) return true;
  }
  return false;
}

void add_options(OptionsWriter options, const Arguments &arguments, bool for_memo) {
  for (const GivenFlag &given : arguments) {
    if (!(for_memo ? given.spec->changes_exec_plan : given.spec->for_engine)) continue;
    if (is_superseded(arguments, &given)) continue;
    const char *name = given.spec->name;
    switch (given.spec->kind) {
    case cli::Kind::boolean: options.boolean(name, given.on); break;
    case cli::Kind::integer: options.integer(name, given.number); break;
    case cli::Kind::string:
      if (given.spec->path)
        add_path(options, name, given.text);
      else
        options.string(name, given.text);
      break;
    case cli::Kind::list: add_list(options.list(name), arguments, given); break;
    }
  }
  for (uint8_t i = 0; i < arguments.command()->flag_count; i++) {
    const cli::FlagSpec &flag = arguments.command()->flags[i];
    if (!arguments.has(flag.flag) && !arguments.text_or_fallback(flag.flag).empty()) {
      add_path(options, flag.name, arguments.text_or_fallback(flag.flag));
    }
  }
}

// What the command line has besides flags and the container's id.
void add_operands(StringListWriter list, const Arguments &arguments, uint32_t first) {
  for (uint32_t i = first; i < arguments.operand_count(); i++) list.add(arguments.operand(i));
}

ReportedKind reported_kind(const PlanFailure &failure) {
  if (failure.out_of_memory) return ReportedKind::out_of_memory;
  if (failure.interference == PlanFailure::Interference::killed) return ReportedKind::killed;
  if (failure.interference == PlanFailure::Interference::halted) return ReportedKind::halted;
  switch (failure.kind) {
  case FailureKind::operation: return ReportedKind::operation;
  case FailureKind::hook: return ReportedKind::hook;
  case FailureKind::not_found: return ReportedKind::not_found;
  case FailureKind::interpreter: return ReportedKind::interpreter;
  case FailureKind::not_executable: return ReportedKind::not_executable;
  case FailureKind::format: return ReportedKind::format;
  case FailureKind::execve: return ReportedKind::execve;
  }
  return ReportedKind::operation;
}

// What a request says of a failure: at most `failure_size` bytes.
constexpr size_t failure_size = 32768;

void add_detail(DetailWriter out, const Detail &detail) {
  DetailParts parts(detail.bytes());
  DetailPart part;
  for (Str text; parts.next(part, text);) write_part(out, part, text);
}

void add_failure(FailureWriter out, const PlanFailure &failure) {
  out.program(Str::of(program_name(failure.program))).index(failure.index).step(failure.step).errno_(failure.err);
  if (ReportedKind kind = reported_kind(failure); kind != ReportedKind::operation) out.kind(kind);
  if (!failure.detail.empty()) add_detail(out.detail(), failure.detail);
}

// The container's cgroup: of v2, which is the last one, where there is one.
Str cgroup_of(const Context &context) {
  RecordCgroup last;
  if (context.record == nullptr) return {};
  for (RecordCgroups cgroups(*context.record); cgroups.next(last);) {
  }
  return last.path;
}

// Whether the container's init has other clocks than we do.
bool has_own_clocks(const Context &context) {
  TextOf<48> path;
  struct stat theirs, ours;
  path.add("/proc/").add_signed(context.record->pid).add("/ns/time");
  return stat(path.c_str(), &theirs) == 0 && stat("/proc/self/ns/time", &ours) == 0 && theirs.st_ino != ours.st_ino;
}

} // namespace

int Request::build(Invocation &invocation, Str bundle, Str config_name, bool for_memo) {
  const Arguments &arguments = invocation.arguments;
  FactsOptions options;
  // Findings go to standard output.
  if (arguments.command()->command == cli::Command::validate) options.terminal_fd = STDOUT_FILENO;
  options.delegation = arguments.command()->command == cli::Command::doctor;
  options.root_fd = invocation.context.root;
  options.listen_fds = listen_fds_of(invocation.environment);
  if (!for_memo) options.notify_socket = notify_socket_path();
  // A byte may become six when it is escaped.
  Str cgroup = for_memo ? cgroup_of(invocation.context) : Str{};
  size_t own = 6 * (size_of_arguments(arguments) + bundle.size + config_name.size + cgroup.size) + 16384;
  arguments_ = &arguments;
  // A host with more to say takes another try.
  return write_members(memory_, own + facts_size, rest_, [&](JsonWriter &json) {
    RequestWriter request(json);
    add_options(request.options(), arguments, for_memo);
    uint32_t first_operand = invocation.context.id.empty() ? 0 : 1;
    if (arguments.operand_count() > first_operand) add_operands(request.operands(), arguments, first_operand);
    if (arguments.habits().is_peer) request.peer(arguments.habits().peer);
    if (!invocation.context.id.empty()) request.id(invocation.context.id);
    if (!bundle.empty()) request.bundle(bundle);
    if (!config_name.empty()) request.config_name(config_name);
    if (!cgroup.empty()) request.cgroup(cgroup);
    if (for_memo && invocation.context.record != nullptr && has_own_clocks(invocation.context))
      request.own_clocks(true);
    HostFactsWriter facts = request.facts();
    return host_facts(options, facts);
  });
}

int Request::restore(Buffer &text) {
  memory_ = static_cast<Buffer &&>(text);
  rest_ = memory_.str();
  return rest_.empty() ? EBADMSG : 0;
}

int Request::note_first(const PlanFailure &failure) {
  return write_members(first_memory_, failure_size, first_, [&](JsonWriter &json) {
    RequestWriter request(json);
    add_failure(request.first(), failure);
    return 0;
  });
}

int Request::note_files(const List<FileLook> &files) {
  constexpr size_t entry_size = 160;
  return write_members(seen_memory_, 64 + entry_size * files.size(), seen_, [&](JsonWriter &json) {
    RequestWriter request(json);
    ListWriter<SeenWriter> list = request.seen();
    Fd root;
    bool first = true;
    for (const FileLook &file : files) {
      bool is_link = file.where == FileLookWhere::link;
      FileSeen seen = is_link || file.where == FileLookWhere::root
                          ? look_in_root(root.get(), file.path.c_str(), is_link)
                          : look_on_host(file.path.c_str(), first ? &root : nullptr);
      first = false;
      TextOf<48> identity;
      if (seen.err == 0) identity.add_number(seen.device).add_char(':').add_number(seen.inode);
      list.next().errno_(seen.err).mode(seen.mode).uid(seen.uid).gid(seen.gid).identity(identity.str());
    }
    return 0;
  });
}

int Request::text(EngineVerb verb, const PlanFailure *failure, Buffer &memory, Str &text) const {
  size_t size = rest_.size + first_.size + seen_.size + members_.size + failure_size + 16384;
  if (with_flags_) size += 6 * size_of_arguments(*arguments_);
  return write_object(memory, size, text, [&](JsonWriter &json) {
    RequestWriter request(json);
    request.verb(verb);
    json.members(rest_);
    if (with_flags_) add_options(request.flags(), *arguments_, false);
    if (!first_.empty()) json.members(first_);
    if (!seen_.empty()) json.members(seen_);
    if (!members_.empty()) json.members(members_);
    if (failure != nullptr) add_failure(request.failure(), *failure);
    if (ended_) {
      EndingWriter ending = request.ended();
      ending.status(end_code_).out_of_memory(out_of_memory_).terminal(isatty(STDERR_FILENO) == 1);
      if (!refused_.empty()) ending.system_call(refused_);
    }
    return 0;
  });
}

bool Engine::send(const Request &request, EngineVerb verb, const PlanFailure *failure, bool followed) {
  Buffer memory;
  PlannerRequest message;
  if (int err = request.text(verb, failure, memory, message.json); err != 0) return errno = err, false;
  message.config = request.config.bytes();
  message.process = request.process.bytes();
  message.live = request.live.bytes();
  message.followed = followed;
  planner_send(planner_, message);
  return true;
}

int Engine::decode(Invocation &invocation, Bytes bytes, Response &response) {
  Reader reader(bytes);
  if (read(reader, response) && reader.at_end()) return 0;
  const char *what = reader.what() != nullptr ? reader.what() : "bytes follow the answer";
  return invocation.fail(PlanInvalid{.what = Str::of(what)});
}

int Engine::await(Invocation &invocation, Response &response) {
  PlannerAnswer answer = planner_await(planner_);
  switch (answer.fault) {
  case PlannerFault::none: return decode(invocation, answer.response, response);
  case PlannerFault::timed_out: return invocation.fail(PlannerSlow{.seconds = NumberText(planner_cpu_seconds)});
  case PlannerFault::out_of_memory: return invocation.fail(PlannerMemory{});
  case PlannerFault::too_large: return invocation.fail(PlanLarge{.limit = Str::of(plan_limit)});
  case PlannerFault::crashed: {
    // Nobody else ends it so: its own limits have other signals.
    if (answer.signal == SIGKILL) return invocation.fail(PlannerKilled{});
    TextOf<32> status;
    status.add("signal ").add_signed(answer.signal);
    return invocation.fail(PlannerDied{.status = status.str()});
  }
  case PlannerFault::engine: {
    Bytes text = answer.response;
    return invocation.fail(
        Internal{.what = {reinterpret_cast<const char *>(text.data), static_cast<uint32_t>(text.size)}});
  }
  case PlannerFault::request: {
    return invocation.fail(
        StateDamaged{.id = invocation.context.id, .what = Str::of("its request.json cannot be read")});
  }
  case PlannerFault::protocol: break;
  }
  return invocation.fail(SystemCall{.what = what::talk_to_planner, .errno_ = ErrnoText(answer.err)});
}

bool Engine::await_next(int milliseconds, Response &response) {
  PlannerAnswer answer = planner_await_next(planner_, milliseconds);
  Reader reader(answer.response);
  return answer.fault == PlannerFault::none && read(reader, response) && reader.at_end();
}

int Engine::ask(Invocation &invocation, const Request &request, EngineVerb verb, Response &response) {
  if (int err = start(verb); err != 0) return invocation.fail_call(what::start_planner, err);
  if (!send(request, verb, nullptr)) return invocation.fail_call(what::ask_planner, errno);
  return await(invocation, response);
}

int Engine::take(Invocation &invocation, int fd, Response &response) {
  constexpr size_t largest = 16 << 20;
  // Ours from now on: nothing that is started may have it.
  Fd plan(fd > STDERR_FILENO ? fd : -1);
  if (int err = read_all(fd, largest, given_, &invocation.signals); err != 0) {
    if (err == EINTR) return invocation.interrupted();
    if (err == EFBIG) return invocation.fail(PlanLarge{.limit = Str::of(plan_limit)});
    return invocation.fail(SystemCall{.what = what::read_plan, .errno_ = ErrnoText(err)});
  }
  return decode(invocation, given_.bytes(), response);
}

int show_response(Invocation &invocation, const Response &response) {
  invocation.log.warnings(response.warnings);
  if (!response.error.empty()) invocation.log.error({response.code, response.error, response.explained, response.keys});
  if (response.exit_code != 0 && invocation.failure_code == 1) return response.exit_code;
  return response.error.empty() ? response.exit_code : invocation.failure_code;
}

int explain_failure(Invocation &invocation, const Request &request, EngineVerb verb, Advice *advice) {
  const PlanFailure &failure = invocation.context.failure;
  if (failure.err == EINTR && !failure.reported) return invocation.interrupted();
  if (invocation.context.process_remains || invocation.context.cgroup_remains)
    show(invocation.log, ProcessRemains{.id = invocation.context.id});
  Advice own;
  auto &[engine, response] = advice != nullptr ? *advice : own;
  // One that was kept may be lost.
  bool known = !request.rest().empty();
  if (known && engine.start(verb) == 0 && engine.send(request, verb, &failure)) {
    if (int code = engine.await(invocation, response); code != 0) return code;
    if (advice != nullptr && response.error.empty() && response.plan) return 0;
    if (!response.error.empty()) {
      show_response(invocation, response);
      return invocation.failure_code;
    }
  }
  if (failure.out_of_memory) return invocation.fail(InitOom{});
  // Without words for it: at least say where it was.
  TextOf<1024> what;
  what.add("operation ")
      .add_number(failure.index)
      .add(" of ")
      .add(program_name(failure.program))
      .add(" failed at step ");
  what.add_signed(failure.step).add(": ").add(ErrnoText(failure.err));
  DetailParts parts(failure.detail.bytes());
  DetailPart part;
  for (Str text; parts.next(part, text);) {
    if (part != DetailPart::cause && !text.empty()) what.add(": ").add(text);
  }
  return invocation.fail(OperationFailed{.what = what.str()});
}

} // namespace veloci
