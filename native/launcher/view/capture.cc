// capture: one archive about a container or a bundle. What other commands print is gathered from processes of their
// own, so that one that fails says so in its file and ends nothing.
#include "executor/state/state.h"
#include "launcher/call/bundle.h"
#include "launcher/call/nested.h"
#include "launcher/call/tail.h"
#include "launcher/door/stored.h"
#include "launcher/door/timing.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb verb = EngineVerb::capture;
// The archive takes less of each.
constexpr size_t output_max = 512 * 1024;
constexpr size_t document_max = 2 << 20;
constexpr size_t log_max = 32 * 1024;

// A command whose output belongs to the archive.
struct Source {
  const char *name;
  Verb run;
  bool of_container;
  bool as_json;
};

constexpr Source sources[] = {
    {"version", version_command, false, false}, {"doctor", text_command, false, false},
    {"features", text_command, false, false},   {"state", state_command, true, false},
    {"diff", diff_command, true, true},         {"why", why_command, true, true},
};

constexpr int source_count = sizeof sources / sizeof sources[0];

// What the engine is handed besides the configuration.
struct Captures {
  Printed printed[source_count];
  // Why what the container was created from cannot be read; an errno.
  int kept_error = 0;
  struct {
    Str path;
    Buffer text;
    int err = 0;
  } files[2];
  int file_count = 0;
};

int run_source(Invocation &invocation, const Source &source, Printed &printed) {
  const Arguments &arguments = invocation.arguments;
  const char *words[5];
  TextOf<4096 + 16> bundle, config;
  int count = 0;
  words[count++] = source.name;
  if (source.as_json) words[count++] = "--json";
  if (source.run == diff_command && arguments.has(cli::Flag::bundle))
    words[count++] = bundle.add("--bundle=").add(arguments.text(cli::Flag::bundle)).c_str();
  if (source.run == diff_command && arguments.has(cli::Flag::config))
    words[count++] = config.add("--config=").add(arguments.text(cli::Flag::config)).c_str();
  if (source.of_container) words[count++] = invocation.context.id.c_str();
  return run_apart(invocation, words, count, source.run, output_max, printed);
}

// 0 or the exit code.
int run_sources(Invocation &invocation, Captures &captures) {
  for (int i = 0; i < source_count; i++) {
    if (sources[i].of_container && invocation.context.id.empty()) continue;
    int err = run_source(invocation, sources[i], captures.printed[i]);
    if (err != 0) return invocation.fail_call(what::start_nested, err);
  }
  return 0;
}

// Reads the files that an answer names: a configuration, and a log.
void read_files(const List<FileLook> &looks, Captures &captures) {
  for (const FileLook &look : looks) {
    if (captures.file_count == 2) return;
    auto &file = captures.files[captures.file_count++];
    file.path = look.path;
    file.err = look.where == FileLookWhere::document
                   ? read_file(AT_FDCWD, look.path.c_str(), document_max, 0, file.text)
                   : read_tail(look.path, log_max, file.text);
  }
}

void write_captures(ListWriter<CapturedWriter> list, const Invocation &invocation, Captures &captures) {
  if (captures.kept_error != 0)
    list.next().name(Str::of("kept")).text({}).error(ErrnoText(captures.kept_error)).status(1).cut(false);
  for (int i = 0; i < source_count; i++) {
    if (sources[i].of_container && invocation.context.id.empty()) continue;
    const Printed &printed = captures.printed[i];
    list.next()
        .name(Str::of(sources[i].name))
        .text(printed.out.str())
        .error(printed.error.str())
        .status(printed.status)
        .cut(printed.cut);
  }
  for (int i = 0; i < captures.file_count; i++) {
    const auto &file = captures.files[i];
    ErrnoText error(file.err);
    list.next().name(file.path).text(file.text.str()).error(file.err == 0 ? Str{} : error).status(0).cut(false);
  }
}

int note_captures(Invocation &invocation, Request &request, Captures &captures) {
  constexpr size_t usual = 256 * 1024;
  return request.note_members(usual, [&](JsonWriter &json) {
    RequestWriter members(json);
    write_captures(members.captured(), invocation, captures);
    if (invocation.context.record != nullptr) {
      TimingWriter timing = members.timing();
      write_timing(timing, *invocation.context.record);
    }
    return 0;
  });
}

// What a container was created from, or a bundle. 0 or the exit code.
int describe(Invocation &invocation, Bundle &bundle, Request &request, Captures &captures) {
  bool is_container = invocation.arguments.operand_count() > 0;
  if (is_container) {
    if (int code = invocation.open_container(); code != 0) return code;
    captures.kept_error = restore_request(invocation, request);
    // One that is damaged has no stamps; `state` says what is wrong with it.
    if (map_record(invocation.context) != 0) invocation.context.record = nullptr;
  } else if (int code = read_bundle(invocation, bundle, request.config); code != 0) {
    return code;
  }
  if (!is_container || captures.kept_error != 0) {
    int err = request.build(invocation, bundle.path.str(), bundle.config_name, false);
    if (err != 0) return invocation.fail_call(what::describe_host, err);
  }
  if (is_container) request.add_flags(invocation.arguments);
  return 0;
}

int write_archive(Invocation &invocation, Bytes archive) {
  Str path = invocation.arguments.text(cli::Flag::out);
  if (path.empty())
    return print(invocation, {reinterpret_cast<const char *>(archive.data), static_cast<uint32_t>(archive.size)});
  int err = create_file(AT_FDCWD, path.c_str(), archive, 0600);
  if (err == EEXIST || err == ELOOP) return invocation.fail(OutputExists{.path = path});
  return err == 0 ? 0 : invocation.fail(ResourceFile{.path = path, .errno_ = ErrnoText(err)});
}

// What can be refused before anything is gathered. 0 or the exit code.
int check_output(Invocation &invocation) {
  Str path = invocation.arguments.text(cli::Flag::out);
  struct stat status;
  if (path.empty()) return isatty(STDOUT_FILENO) == 1 ? invocation.fail(OutputTerminal{}) : 0;
  return lstat(path.c_str(), &status) == 0 ? invocation.fail(OutputExists{.path = path}) : 0;
}

} // namespace

int capture_command(Invocation &invocation) {
  if (int code = check_output(invocation); code != 0) return code;
  Bundle bundle;
  Request request;
  Captures captures;
  if (int code = describe(invocation, bundle, request, captures); code != 0) return code;
  if (int code = run_sources(invocation, captures); code != 0) return code;
  // First the engine says which files to read.
  Engine asker, engine;
  Response response;
  if (int code = asker.ask(invocation, request, verb, response); code != 0) return code;
  if (!response.error.empty()) return show_response(invocation, response);
  read_files(response.files, captures);
  if (int err = note_captures(invocation, request, captures); err != 0)
    return invocation.fail_call(what::ask_planner, err);
  if (int code = engine.ask(invocation, request, verb, response); code != 0) return code;
  if (!response.stored) return show_response(invocation, response);
  return write_archive(invocation, response.stored.value);
}

} // namespace veloci
