#include "launcher/door/saved.h"
#include "base/clock.h"
#include "base/directory.h"
#include "launcher/call/bundle.h"
#include "identity.h"
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb verb = EngineVerb::saved;

int read_boot(TextOf<40> &boot) {
  Fd file(open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char text[36];
  if (!file.valid()) return errno;
  if (::read(file.get(), text, sizeof text) != static_cast<ssize_t>(sizeof text)) return EBADMSG;
  boot.add(text, sizeof text);
  return 0;
}

int make_nonce(TextOf<40> &nonce) {
  uint8_t bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) return errno;
  constexpr char digits[] = "0123456789abcdef";
  for (uint8_t byte : bytes) nonce.add_char(digits[byte >> 4]).add_char(digits[byte & 15]);
  return 0;
}

// Asks an engine, which must live as long as the answer is read; 0 or the exit code.
int ask(Invocation &invocation, Launch &launch, Engine &engine) {
  if (int code = engine.ask(invocation, launch.request, verb, launch.response); code != 0) return code;
  return launch.response.error.empty() ? 0 : show_response(invocation, launch.response);
}

// A file that others may have written restricts what is run, and chooses nothing.
int check_owner(Invocation &invocation, Str path, const struct stat &status) {
  constexpr mode_t writable_by_others = 022;
  bool own = status.st_uid == geteuid() || status.st_uid == 0;
  if (own && (status.st_mode & writable_by_others) == 0) return 0;
  return invocation.fail(SavedForeign{.path = path, .owner = NumberText(status.st_uid)});
}

// The bundle: of the command line, else the one that the plan names.
int read_planned(Invocation &invocation, Launch &launch, Engine &engine, Bundle &bundle, Str path,
                 const struct stat &status) {
  const Arguments &arguments = invocation.arguments;
  if (arguments.has(cli::Flag::bundle)) return read_bundle(invocation, bundle, launch.request.config);
  if (int code = ask(invocation, launch, engine); code != 0) return code;
  // The library's plans name none.
  if (launch.response.files.size() < 2) return read_bundle(invocation, bundle, launch.request.config);
  if (int code = check_owner(invocation, path, status); code != 0) return code;
  auto named = launch.response.files.begin();
  Str directory = (*named).path, name = arguments.text(cli::Flag::config);
  ++named;
  if (name.empty()) name = (*named).path;
  return read_bundle_in(invocation, directory, bundle, launch.request.config, name);
}

constexpr uint32_t marks_max = 1024;
constexpr char marks_name[] = ".used-plans";
// BOOT-TIME-NONCE: 36, 16 and 32 characters.
constexpr size_t boot_size = 36, time_size = 16, nonce_size = 32;
constexpr size_t mark_size = boot_size + 1 + time_size + 1 + nonce_size;
constexpr size_t moment_size = boot_size + 1 + time_size;

bool is_mark(Str name) {
  constexpr char characters[] = "0123456789abcdef-";
  return name.size == mark_size && strspn(name.data, characters) >= mark_size && name.data[boot_size] == '-' &&
         name.data[moment_size] == '-';
}

// The end of marks that were removed: BOOT-TIME-all. Whatever is not younger may have been used.
constexpr char floor_end[] = "-all";
constexpr size_t floor_size = moment_size + sizeof floor_end - 1;

bool is_floor(Str name) {
  return name.size == floor_size && memcmp(name.data + moment_size, floor_end, sizeof floor_end - 1) == 0;
}

int open_marks(int root, Fd &marks) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (mkdirat(root, marks_name, 0700) != 0 && errno != EEXIST) return errno;
  marks.reset(openat(root, marks_name, flags));
  return marks.valid() ? 0 : errno;
}

struct Marks {
  uint32_t count = 0;
  bool forgotten = false;
  char oldest[mark_size + 1] = "";
};

// Counts the marks of this boot, and removes those of others: their plans are refused as it is.
int look_through(int dir, Str mark, Marks &marks) {
  return for_each_entry(dir, [&](const char *text) {
    Str name = Str::of(text);
    if (name.size < boot_size || memcmp(name.data, mark.data, boot_size) != 0) {
      unlinkat(dir, text, 0);
      return;
    }
    if (is_floor(name) && memcmp(name.data, mark.data, moment_size) >= 0) marks.forgotten = true;
    if (!is_mark(name)) return;
    marks.count++;
    if (marks.oldest[0] == 0 || strcmp(text, marks.oldest) < 0) strcpy(marks.oldest, text);
  });
}

// Forgets the oldest plan: the floor rises first.
void forget(int dir, const char *oldest) {
  TextOf<floor_size + 1> floor;
  floor.add(oldest, moment_size).add(floor_end);
  Fd file(openat(dir, floor.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return;
  unlinkat(dir, oldest, 0);
  lseek(dir, 0, SEEK_SET);
  for_each_entry(dir, [&](const char *text) {
    if (is_floor(Str::of(text)) && strcmp(text, floor.c_str()) < 0) unlinkat(dir, text, 0);
  });
}

} // namespace

int note_occasion(Invocation &invocation, Request &request, Str file, bool detached) {
  TextOf<40> boot, nonce;
  if (int err = read_boot(boot); err != 0) return invocation.fail(ProcMissing{.errno_ = ErrnoText(err)});
  if (int err = make_nonce(nonce); err != 0) return invocation.fail_call(what::make_nonce, err);
  size_t size = 1024 + 6 * static_cast<size_t>(file.size);
  int err = request.note_members(size, [&](JsonWriter &json) {
    RequestWriter members(json);
    OccasionWriter occasion = members.occasion();
    occasion.version(Str::of(VELOCI_VERSION)).boot(boot.str()).time(nanoseconds_of(CLOCK_BOOTTIME) / 1000);
    occasion.nonce(nonce.str()).file(file).detached(detached);
    return 0;
  });
  return err == 0 ? 0 : invocation.fail_call(what::ask_planner, err);
}

int take_saved_plan(Invocation &invocation, Launch &launch) {
  const Arguments &arguments = invocation.arguments;
  Str path = arguments.text(cli::Flag::plan);
  Request &request = launch.request;
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0) return answer_read(invocation, path, errno);
  if (!S_ISREG(status.st_mode)) return answer_read(invocation, path, EINVAL);
  if (int code = answer_read(invocation, path, read_all(file.get(), config_size_max, request.live)); code != 0)
    return code;
  bool stays = arguments.command()->command == cli::Command::run && !arguments.on(cli::Flag::detach);
  if (int code = note_occasion(invocation, request, path, !stays); code != 0) return code;
  if (int err = request.build(invocation, Str{}, Str{}, false); err != 0)
    return invocation.fail_call(what::describe_host, err);
  Bundle bundle;
  Engine first, second;
  if (int code = read_planned(invocation, launch, first, bundle, path, status); code != 0) return code;
  if (int err = request.build(invocation, bundle.path.str(), bundle.config_name, false); err != 0)
    return invocation.fail_call(what::describe_host, err);
  if (int code = ask(invocation, launch, second); code != 0) return code;
  if (int err = request.note_files(launch.response.files); err != 0)
    return invocation.fail_call(what::look_at_files, err);
  return ask(invocation, launch, launch.engine);
}

int mark_saved_plan(Invocation &invocation, const Launch &launch) {
  Str mark = launch.response.text, path = invocation.arguments.text(cli::Flag::plan);
  // The library's plans have none.
  if (mark.empty()) return 0;
  auto failed = [&](int err) { return invocation.fail(SavedMark{.path = path, .errno_ = ErrnoText(err)}); };
  Fd dir;
  Marks marks;
  if (!is_mark(mark)) return failed(EBADMSG);
  if (int err = open_marks(invocation.context.root, dir); err != 0) return failed(err);
  if (int err = look_through(dir.get(), mark, marks); err != 0) return failed(err);
  if (marks.forgotten) return invocation.fail(SavedForgotten{.path = path});
  int fd = openat(dir.get(), mark.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return invocation.fail(SavedUsed{.path = path});
  if (fd < 0) return failed(errno);
  close(fd);
  if (marks.count >= marks_max) forget(dir.get(), marks.oldest);
  return 0;
}

} // namespace veloci
