#include "launcher/door/request.h"
#include "host/facts.h"
#include "host/json_writer.h"
#include "launcher/container/notify.h"
#include <initializer_list>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr size_t facts_size = 64 * 1024;
// Seconds and MiB that the planner has, for messages.
constexpr int planner_seconds = 2;

size_t size_of_arguments(const Arguments &arguments) {
  size_t size = 0;
  for (const GivenFlag &given : arguments) size += given.text.size + 64;
  for (uint32_t i = 0; i < arguments.operand_count(); i++) size += arguments.operand(i).size + 8;
  return size;
}

bool is_path(cli::Flag flag) {
  return flag == cli::Flag::pid_file || flag == cli::Flag::console_socket || flag == cli::Flag::image_path ||
         flag == cli::Flag::work_path;
}

// A path below the current directory, made absolute.
void add_path(JsonWriter &json, Str path) {
  TextOf<8192> absolute;
  char current[4096];
  if (!path.empty() && path.data[0] != '/' && getcwd(current, sizeof current) != nullptr && current[0] == '/') {
    absolute.add(current).add_char('/');
  }
  json.string(absolute.add(path).str());
}

void add_list(JsonWriter &json, const Arguments &arguments, const GivenFlag &first) {
  json.open('[');
  for (const GivenFlag &given : arguments) {
    if (given.spec->flag == first.spec->flag) json.string(given.text);
  }
  json.close(']');
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

// Which configuration files for CRIU this host has; the engine chooses.
void add_criu_configs(JsonWriter &json) {
  json.key("criu-configs").open('[');
  for (const char *path : {"/etc/criu/veloci.conf", "/etc/criu/crun.conf", "/etc/criu/runc.conf"}) {
    if (access(path, F_OK) == 0) json.string(Str::of(path));
  }
  json.close(']');
}

void add_options(JsonWriter &json, const Arguments &arguments, bool for_memo) {
  json.open('{');
  for (const GivenFlag &given : arguments) {
    if (!is_for_engine(*given.spec) || (for_memo && !changes_exec_plan(*given.spec))) continue;
    if (is_superseded(arguments, &given)) continue;
    json.key(given.spec->name);
    switch (given.spec->kind) {
    case cli::Kind::boolean: json.boolean(given.on); break;
    case cli::Kind::integer: json.number(static_cast<uint64_t>(given.number)); break;
    case cli::Kind::string:
      if (is_path(given.spec->flag))
        add_path(json, given.text);
      else
        json.string(given.text);
      break;
    case cli::Kind::list: add_list(json, arguments, given); break;
    }
  }
  cli::Command command = arguments.command()->command;
  if (command == cli::Command::checkpoint || command == cli::Command::restore) {
    add_criu_configs(json);
    if (!arguments.has(cli::Flag::image_path)) json.key("image-path"), add_path(json, image_path(arguments));
  }
  if (arguments.command()->command == cli::Command::exec && arguments.operand_count() > 1) {
    json.key("args").open('[');
    for (uint32_t i = 1; i < arguments.operand_count(); i++) json.string(arguments.operand(i));
    json.close(']');
  }
  if (arguments.command()->command == cli::Command::mounts) json.key("action").string(arguments.operand(1));
  if (arguments.command()->command == cli::Command::explain) json.key("topic").string(arguments.operand(0));
  json.close('}');
}

const char *kind_name(FailureKind kind) {
  switch (kind) {
  case FailureKind::operation: return "operation";
  case FailureKind::hook: return "hook";
  case FailureKind::not_found: return "notFound";
  case FailureKind::interpreter: return "interpreter";
  case FailureKind::not_executable: return "notExecutable";
  case FailureKind::format: return "format";
  case FailureKind::execve: return "execve";
  }
  return "operation";
}

// What a request says of a failure: at most `failure_size` bytes.
constexpr size_t failure_size = 32768;

void add_failure(Text &out, const PlanFailure &failure) {
  out.add("{\"program\":\"").add(program_name(failure.program));
  out.add("\",\"index\":").add_number(failure.index).add(",\"step\":").add_signed(failure.step);
  out.add(",\"errno\":").add_signed(failure.err);
  if (failure.out_of_memory)
    out.add(",\"kind\":\"outOfMemory\"");
  else if (failure.kind != FailureKind::operation)
    out.add(",\"kind\":\"").add(kind_name(failure.kind)).add_char('"');
  if (failure.detail.size() > 0) add_json(out.add(",\"detail\":"), failure.detail.str());
  out.add_char('}');
}

// The container's cgroup: of v2, which is the last one, where there is one.
Str cgroup_of(const Context &context) {
  RecordCgroup last;
  if (context.record == nullptr) return {};
  for (RecordCgroups cgroups(*context.record); cgroups.next(last);) {
  }
  return last.path;
}

} // namespace

Str image_path(const Arguments &arguments) {
  Str given = arguments.text(cli::Flag::image_path);
  return given.empty() ? Str::of("checkpoint") : given;
}

bool changes_exec_plan(const cli::FlagSpec &spec) {
  switch (spec.flag) {
  case cli::Flag::process:
  case cli::Flag::pid_file:
  case cli::Flag::pidfd_socket:
  case cli::Flag::console_socket:
  case cli::Flag::detach:
  case cli::Flag::debug:
  case cli::Flag::log:
  case cli::Flag::log_level:
  case cli::Flag::ignore_paused: return false;
  default: return is_for_engine(spec);
  }
}

int Request::build(Invocation &invocation, Str bundle, Str config_name, bool for_memo) {
  Buffer facts_memory;
  if (!facts_memory.reserve(facts_size)) return errno;
  FactsOptions options;
  options.delegation = invocation.arguments.command()->command == cli::Command::doctor;
  options.root_fd = invocation.context.root;
  options.listen_fds = listen_fds_of(invocation.environment);
  if (!for_memo) options.notify_socket = notify_socket_path();
  Str facts;
  if (int err = host_facts(options, reinterpret_cast<char *>(facts_memory.data()), facts_size, facts); err != 0)
    return err;
  // A byte may become six when it is escaped.
  Str cgroup = for_memo ? cgroup_of(invocation.context) : Str{};
  size_t size =
      facts.size + 6 * (size_of_arguments(invocation.arguments) + bundle.size + config_name.size + cgroup.size) + 16384;
  if (!memory_.reserve(size)) return errno;
  JsonWriter json(reinterpret_cast<char *>(memory_.data()), size);
  json.open('{').key("options");
  add_options(json, invocation.arguments, for_memo);
  if (invocation.arguments.is_peer()) json.key("peer").string(invocation.arguments.program());
  if (!invocation.context.id.empty()) json.key("id").string(invocation.context.id);
  if (!bundle.empty()) json.key("bundle").string(bundle);
  if (!config_name.empty()) json.key("configName").string(config_name);
  if (!cgroup.empty()) json.key("cgroup").string(cgroup);
  json.key("facts");
  // Goes on where the writer stopped; it clears the first byte, the brace, which is not part of the rest.
  Text rest(reinterpret_cast<char *>(memory_.data()), size);
  rest.grew(json.text().size);
  rest.add(facts);
  if (json.full() || !rest.complete()) return ENOBUFS;
  rest_ = {rest.data() + 1, static_cast<uint32_t>(rest.size() - 1)};
  return 0;
}

int Request::restore(Buffer &text) {
  memory_ = static_cast<Buffer &&>(text);
  rest_ = memory_.str();
  return rest_.empty() ? EBADMSG : 0;
}

int Request::note_first(const PlanFailure &failure) {
  if (!first_.reserve(failure_size)) return errno;
  Text text(reinterpret_cast<char *>(first_.data()), first_.capacity());
  add_failure(text, failure);
  first_.set_size(text.size());
  return text.complete() ? 0 : ENOBUFS;
}

int Request::add_flags(const Arguments &arguments) {
  size_t size = 6 * size_of_arguments(arguments) + 4096;
  if (!flags_.reserve(size)) return errno;
  JsonWriter json(reinterpret_cast<char *>(flags_.data()), size);
  add_options(json, arguments, false);
  flags_.set_size(json.text().size);
  return json.full() ? ENOBUFS : 0;
}

bool Request::text(const char *verb, const PlanFailure *failure, Text &out) const {
  out.add("{\"verb\":\"").add(verb).add("\",").add(rest_);
  if (flags_.size() > 0) out.add(",\"flags\":").add(flags_.str());
  if (first_.size() > 0) out.add(",\"first\":").add(first_.str());
  if (failure != nullptr) add_failure(out.add(",\"failure\":"), *failure);
  out.add_char('}');
  return out.complete();
}

bool Engine::send(const Request &request, const char *verb, const PlanFailure *failure) {
  Buffer memory;
  if (!memory.reserve(request.text_size() + (failure != nullptr ? failure_size : 0))) return false;
  Text text(reinterpret_cast<char *>(memory.data()), memory.capacity());
  if (!request.text(verb, failure, text)) return false;
  PlannerRequest message;
  message.json = text.str();
  message.config = request.config.bytes();
  message.process = request.process.bytes();
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
  case PlannerFault::timed_out: return invocation.fail(PlannerSlow{.seconds = NumberText(planner_seconds)});
  case PlannerFault::out_of_memory: return invocation.fail(PlannerMemory{});
  case PlannerFault::too_large: return invocation.fail(PlanInvalid{.what = Str::of("it is larger than 16 MiB")});
  case PlannerFault::crashed: {
    TextOf<32> status;
    status.add("signal ").add_signed(answer.signal);
    return invocation.fail(PlannerDied{.status = status.str()});
  }
  case PlannerFault::engine: {
    Bytes text = answer.response;
    return invocation.fail(
        Internal{.what = {reinterpret_cast<const char *>(text.data), static_cast<uint32_t>(text.size)}});
  }
  case PlannerFault::protocol: break;
  }
  return invocation.fail(SystemCall{.what = Str::of("talk to the planner"), .errno_ = ErrnoText(answer.err)});
}

int Engine::take(Invocation &invocation, int fd, Response &response) {
  constexpr size_t largest = 16 << 20;
  // Ours from now on: nothing that is started may have it.
  Fd plan(fd > STDERR_FILENO ? fd : -1);
  if (int err = read_all(fd, largest, given_, &invocation.signals); err != 0) {
    if (err == EINTR) return invocation.interrupted();
    return invocation.fail(SystemCall{.what = Str::of("read --plan-fd"), .errno_ = ErrnoText(err)});
  }
  return decode(invocation, given_.bytes(), response);
}

int show_response(Invocation &invocation, const Response &response) {
  invocation.log.warnings(response.warnings);
  if (!response.error.empty()) invocation.log.error({response.code, response.error, response.explained, response.keys});
  if (response.exit_code != 0 && invocation.failure_code == 1) return response.exit_code;
  return response.error.empty() ? response.exit_code : invocation.failure_code;
}

int explain_failure(Invocation &invocation, const Request &request, const char *verb, Advice *advice) {
  const PlanFailure &failure = invocation.context.failure;
  if (failure.err == EINTR && !failure.reported) return invocation.interrupted();
  Advice own;
  auto &[engine, response] = advice != nullptr ? *advice : own;
  if (engine.start() == 0 && engine.send(request, verb, &failure)) {
    if (int code = engine.await(invocation, response); code != 0) return code;
    if (advice != nullptr && response.error.empty() && response.plan) return 0;
    if (!response.error.empty()) {
      show_response(invocation, response);
      return invocation.failure_code;
    }
  }
  if (failure.out_of_memory) return invocation.fail(InitOom{});
  // The engine has no words for it: at least say where it was.
  TextOf<1024> what;
  what.add("operation ")
      .add_number(failure.index)
      .add(" of ")
      .add(program_name(failure.program))
      .add(" failed at step ");
  what.add_signed(failure.step).add(": ").add(ErrnoText(failure.err));
  if (failure.detail.size() > 0) what.add(": ").add(failure.detail.str());
  return invocation.fail(Internal{.what = what.str()});
}

} // namespace veloci
