// What the file becomes is the engine's answer (src/configure). Here it is read, handed to the program that will read
// it, and put in its place: whatever goes wrong, the file is the old one or the new one, and whole.
#include "launcher/verb/configure.h"
#include "base/path.h"
#include "launcher/call/bundle.h"
#include "launcher/call/program.h"
#include "launcher/door/request.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr size_t file_max = 1 << 20, output_max = 64 * 1024;
constexpr char backup_end[] = ".before-veloci";
constexpr int would_change = 2;

// A file by the descriptor of its directory.
struct Place {
  TextOf<path_max> path;
  Fd directory;
  // Within the path.
  const char *name = nullptr;
  struct stat status = {};
  bool exists = false;
  Buffer content;
};

// Opens the directory of a path. 0 or an errno.
int open_directory(Place &place) {
  const char *path = place.path.c_str(), *slash = strrchr(path, '/');
  TextOf<path_max> directory;
  directory.add(path, slash == path ? 1 : static_cast<size_t>(slash - path));
  place.name = slash + 1;
  place.directory.reset(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return place.directory.valid() ? 0 : errno;
}

// Reads the file, if it is there. 0 or an errno.
int read_place(Place &place) {
  int err = open_directory(place);
  if (err == 0 && fstatat(place.directory.get(), place.name, &place.status, AT_SYMLINK_NOFOLLOW) != 0) err = errno;
  if (err == ENOENT) return 0;
  if (err == 0) err = read_file(place.directory.get(), place.name, file_max, O_NOFOLLOW, place.content);
  place.exists = err == 0;
  return err;
}

// Where the file of an engine is: named by a flag, the system's, or the user's. False when that is not known.
bool find_path(const Invocation &invocation, const EngineFile &file, Text &path) {
  Str given = invocation.arguments.text(cli::Flag::file);
  if (!given.empty()) {
    char current[path_max];
    if (given.data[0] != '/') {
      if (getcwd(current, sizeof current) == nullptr || current[0] != '/') return false;
      path.add(current).add_char('/');
    }
    path.add(given);
  } else if (geteuid() == 0 || !file.of_users) {
    path.add("/etc/").add(file.path);
  } else {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    bool own = config != nullptr && config[0] == '/';
    if (!own && (home == nullptr || home[0] != '/')) return false;
    path.add(own ? config : home).add(own ? "/" : "/.config/").add(file.path);
  }
  return path.complete();
}

// Goes to what a symbolic link leads to: the link stays one. 0 or an errno.
int resolve(Text &path) {
  Fd file(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status;
  if (!file.valid()) {
    if (errno != ENOENT) return errno;
    // A link that leads nowhere would be replaced by a file.
    return lstat(path.c_str(), &status) == 0 ? ELOOP : 0;
  }
  TextOf<64> link;
  link.add("/proc/self/fd/").add_signed(file.get());
  char target[path_max];
  ssize_t size = readlink(link.c_str(), target, sizeof target);
  if (size <= 0 || static_cast<size_t>(size) == sizeof target || target[0] != '/')
    return size < 0 ? errno : ENAMETOOLONG;
  path.clear();
  path.add(target, static_cast<size_t>(size));
  return 0;
}

// Finds and reads the file and its backup. 0 or the exit code.
int read_places(Invocation &invocation, const EngineFile &engine, Place &file, Place &backup) {
  if (!find_path(invocation, engine, file.path)) return answer_read(invocation, Str::of(engine.path), ENOENT);
  int err = resolve(file.path);
  if (err == 0) err = read_place(file);
  if (err != 0) return answer_read(invocation, file.path.str(), err);
  bool usual = invocation.arguments.text(cli::Flag::file).empty();
  if (engine.backup != nullptr && usual)
    backup.path.add("/etc/").add(engine.backup);
  else
    backup.path.add(file.path.str()).add(backup_end);
  if (!backup.path.complete()) return answer_read(invocation, file.path.str(), ENAMETOOLONG);
  return answer_read(invocation, backup.path.str(), read_place(backup));
}

// What the engine's program says of its version. 0 or the exit code.
int ask_version(Invocation &invocation, const EngineFile &engine, Printed &printed, int &err) {
  err = run_program(invocation.signals, engine.version, output_max, printed);
  if (err == EINTR) return invocation.interrupted();
  if (err == 0 && printed.status != 0) err = ENOEXEC;
  return 0;
}

// Asks what is to be done. 0 or the exit code.
int ask(Invocation &invocation, const EngineFile &file, Str own, Place &place, Place &backup, Engine &engine,
        Response &response) {
  Request request;
  Printed version;
  int err = 0;
  if (int code = ask_version(invocation, file, version, err); code != 0) return code;
  ErrnoText version_error(err), missing(ENOENT);
  request.config = static_cast<Buffer &&>(place.content);
  request.process = static_cast<Buffer &&>(backup.content);
  int failed = request.build(invocation, Str{}, place.path.str(), false);
  if (failed != 0) return invocation.fail_call(what::describe_host, failed);
  failed = request.note_members(output_max, [&](JsonWriter &json) {
    RequestWriter members(json);
    ListWriter<CapturedWriter> list = members.captured();
    auto note = [&](const char *name, Str text, Str error) {
      list.next().name(Str::of(name)).text(text).error(error).status(0).cut(false);
    };
    note("engine", Str::of(file.flag), Str{});
    note("own", own, Str{});
    note("file", Str{}, place.exists ? Str{} : missing);
    note("backup", Str{}, backup.exists ? Str{} : missing);
    note("version", version.out.str(), err == 0 ? Str{} : version_error);
    return 0;
  });
  if (failed != 0) return invocation.fail_call(what::ask_planner, failed);
  int code = engine.ask(invocation, request, EngineVerb::install, response);
  place.content = static_cast<Buffer &&>(request.config);
  if (code == 0 && !response.error.empty()) code = show_response(invocation, response);
  return code;
}

// Writes a file beside its place, to the disk. 0 or an errno.
int prepare(Replacement &file, const Place &place, Str text, const struct stat *like) {
  int step;
  Bytes bytes{reinterpret_cast<const uint8_t *>(text.data), text.size};
  int err = file.prepare(place.directory.get(), place.name, bytes, like == nullptr ? 0644 : 0600, step, like);
  if (err != 0) return err;
  Fd written(openat(place.directory.get(), file.temporary().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return written.valid() ? sync_file(written.get()) : errno;
}

// Puts it in its place, and waits until that is on the disk. 0 or an errno.
int commit(Replacement &file, const Place &place) {
  int step;
  int err = file.commit(step);
  return err == 0 ? sync_file(place.directory.get()) : err;
}

// The engine's own program reads the file that is to be. 0 or the exit code.
int check(Invocation &invocation, const EngineFile &engine, const Place &place, const Replacement &file) {
  TextOf<path_max> path;
  path.add(place.path.c_str(), static_cast<size_t>(place.name - place.path.c_str())).add(file.temporary());
  constexpr char mark[] = "@FILE@";
  TextOf<path_max + 64> filled;
  const char *words[8] = {};
  for (int i = 0; i < 7 && engine.check[i] != nullptr; i++) {
    const char *position = strstr(engine.check[i], mark);
    words[i] = engine.check[i];
    if (position == nullptr) continue;
    filled.add(engine.check[i], static_cast<size_t>(position - engine.check[i])).add(path.str());
    words[i] = filled.c_str();
  }
  Printed printed;
  int err = run_program(invocation.signals, words, output_max, printed);
  if (err == EINTR) return invocation.interrupted();
  ErrnoText reason(err);
  if (err == 0 && printed.status == 0) return 0;
  Str output = err != 0 ? reason : printed.error.size() > 0 ? printed.error.str() : printed.out.str();
  while (output.size > 0 && output.data[output.size - 1] == '\n') output.size--;
  return invocation.fail(ConfigureRefused{.tool = Str::of(engine.version[0]), .output = output});
}

// Whether the file is still what was read.
bool is_unchanged(const Place &place) {
  Buffer now;
  int err = read_file(place.directory.get(), place.name, file_max, O_NOFOLLOW, now);
  return place.exists ? err == 0 && now.str() == place.content.str() : err == ENOENT;
}

// The directories of a file that is not there yet. 0 or an errno.
int make_directories(Place &place) {
  if (place.directory.valid()) return 0;
  Str path = place.path.str();
  Fd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  path.size = static_cast<uint32_t>(strrchr(path.data, '/') - path.data);
  TextOf<path_max> directory;
  Fd parent(make_in_root(root.get(), directory.add(path).str(), Missing::directory, 0755));
  return parent.valid() ? open_directory(place) : errno;
}

// Removes a name, if it is there. 0 or an errno.
int remove_place(const Place &place) {
  if (unlinkat(place.directory.get(), place.name, 0) != 0 && errno != ENOENT) return errno;
  return sync_file(place.directory.get());
}

// Does what the engine has answered. 0 or the exit code.
int carry_out(Invocation &invocation, const EngineFile &engine, const FileEdit &edit, Place &file, Place &backup) {
  Replacement next, kept;
  const struct stat *like = file.exists ? &file.status : nullptr;
  auto fail = [&](const Place &place, int err) {
    return invocation.fail(ResourceFile{.path = place.path.str(), .errno_ = ErrnoText(err)});
  };
  if (int err = make_directories(file); err != 0) return fail(file, err);
  if (int err = make_directories(backup); err != 0) return fail(backup, err);
  if (edit.content) {
    if (int err = prepare(next, file, edit.content.value, like); err != 0) return fail(file, err);
    if (edit.check) {
      if (int code = check(invocation, engine, file, next); code != 0) return code;
    }
  }
  if (!is_unchanged(file)) return invocation.fail(ConfigureChanged{.path = file.path.str()});
  if (edit.backup) {
    int err = prepare(kept, backup, edit.backup.value, like);
    if (err == 0) err = commit(kept, backup);
    if (err != 0) return fail(backup, err);
  }
  if (int err = edit.content ? commit(next, file) : remove_place(file); err != 0) return fail(file, err);
  if (!edit.forget) return 0;
  int err = remove_place(backup);
  return err == 0 ? 0 : fail(backup, err);
}

} // namespace

int configure(Invocation &invocation, const EngineFile &engine, Str own, bool &changed) {
  Place file, backup;
  Engine asked;
  Response response;
  if (int code = read_places(invocation, engine, file, backup); code != 0) return code;
  if (int code = ask(invocation, engine, own, file, backup, asked, response); code != 0) return code;
  bool is_change = response.edits.begin() != response.edits.end();
  if (invocation.arguments.on(cli::Flag::dry_run)) {
    int code = print(invocation, response.text);
    return code == 0 && is_change ? would_change : code;
  }
  for (const FileEdit &edit : response.edits) {
    if (int code = carry_out(invocation, engine, edit, file, backup); code != 0) return code;
  }
  changed = is_change;
  return print(invocation, response.text);
}

} // namespace veloci
