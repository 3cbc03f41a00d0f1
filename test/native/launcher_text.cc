// Foreign text in JSON, in the log and on a terminal; identity of processes; files of the state directory.
#include "file/files.h"
#include "executor/log/log.h"
#include "executor/log/style.h"
#include "process/process.h"
#include "executor/state/state.h"

#include <fcntl.h>
#include <initializer_list>
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"

using namespace veloci;

namespace {

void test_utf8() {
  CHECK(utf8_valid(Str::of("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
  for (const char *bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80", "\x80"}) {
    CHECK(!utf8_valid(Str::of(bad)));
  }
}

void test_escapes() {
  TextOf<256> text;
  add_json(text, Str::of("a\"\\\n\x01\xff\x7f"));
  CHECK(text.str() == Str::of("\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\\u007f\""));
  text.clear();
  add_quoted(text, Str::of("a\"\x1b"));
  CHECK(text.str() == Str::of("\"a\\\"\\x1b\""));
  text.clear();
  add_printable(text, Str::of("a\x1b[31m\tb\n\xc2\x9b"));
  CHECK(text.str() == Str::of("a\xef\xbf\xbd[31m\tb\n\xef\xbf\xbd"));
}

bool styled(const char *text, Style style, const char *expected) {
  TextOf<512> out;
  add_styled(out, Str::of(text), style);
  bool fits = out.size() <= styled_size(Str::of(text));
  if (!(out.str() == Str::of(expected))) fprintf(stderr, "<%s>\n", out.c_str());
  return fits && out.str() == Str::of(expected);
}

void test_style() {
  const char *text = "\1error E1\6: \016a bb ccc\n";
  CHECK(styled(text, {}, "error E1: a bb ccc\n"));
  CHECK(styled(text, {.colours = true, .width = 0}, "\x1b[1;31merror E1\x1b[0m: a bb ccc\n"));
  // Lines go on in the column of the mark; words are whole, however long, and multibyte characters are one column.
  CHECK(styled("  -a  \016one two three four\nnot broken, however long it is\n", {.colours = false, .width = 20},
               "  -a  one two three\n      four\nnot broken, however long it is\n"));
  CHECK(styled("  \016\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 eight777 b\n",
               {.colours = false, .width = 22},
               "  \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 eight777\n  b\n"));
  CHECK(styled("\016x yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy z", {.colours = false, .width = 20},
               "x\nyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\nz"));
  TextOf<64> printable;
  add_printable(printable, Str::of("\1a\6\x1b\7"), false, true);
  CHECK(printable.str() == Str::of("\1a\6\xef\xbf\xbd\xef\xbf\xbd"));
}

// However long and foreign the words are, the log gets one bounded line.
void test_log(const char *folder) {
  TextOf<128> path;
  path.add(folder).add("/log");
  static char words[20000];
  for (size_t i = 0; i < sizeof words; i++) words[i] = static_cast<char>(i * 7);
  Log log;
  CHECK(log.open(path.str()) == 0);
  log.set_format(Log::Format::json);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC), saved = dup(STDERR_FILENO);
  dup2(null, STDERR_FILENO);
  log.error({Str::of("E0000"), Str{words, sizeof words}, {}});
  dup2(saved, STDERR_FILENO);
  close(null);
  close(saved);
  Buffer line;
  CHECK(read_file(AT_FDCWD, path.c_str(), 65536, 0, line) == 0);
  CHECK(line.size() > 100 && line.size() <= 4096);
  CHECK(utf8_valid(line.str()));
  CHECK(memchr(line.data(), '\n', line.size()) == line.data() + line.size() - 1);
  CHECK(strstr(line.str().c_str(), ",\"code\":\"E0000\"}\n") != nullptr);
}

void test_identity() {
  ProcessStat stat;
  CHECK(read_process_stat(getpid(), stat) == 0 && stat.alive() && stat.start_time > 0);
  Fd pidfd;
  CHECK(open_identified(getpid(), stat.start_time, pidfd) == 0 && pidfd.valid());
  CHECK(open_identified(getpid(), stat.start_time + 1, pidfd) == ESRCH);
  CHECK(open_identified(1, 0, pidfd) == ESRCH);
}

void test_files(const char *folder) {
  Fd dir(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Bytes bytes{reinterpret_cast<const uint8_t *>("text"), 4};
  int step = 0;
  Buffer read;
  CHECK(replace_file(dir.get(), "file", bytes, 0600, step) == 0);
  CHECK(create_file(dir.get(), "file", bytes, 0600) == EEXIST);
  CHECK(read_file(dir.get(), "file", 100, O_NOFOLLOW, read) == 0 && read.str() == Str::of("text"));
  CHECK(read_file(dir.get(), "file", 3, O_NOFOLLOW, read) == EFBIG);
  CHECK(mkfifoat(dir.get(), "fifo", 0600) == 0 && read_file(dir.get(), "fifo", 100, 0, read) == EINVAL);
  CHECK(symlinkat("file", dir.get(), "link") == 0 && read_file(dir.get(), "link", 100, O_NOFOLLOW, read) == ELOOP);
  CHECK(is_exec_memo("exec-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
  CHECK(!is_exec_memo("exec-0123"));
  CHECK(!is_exec_memo("exec.fifo"));
}

} // namespace

int main() {
  char folder[] = "/tmp/veloci-test-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 2;
  test_utf8();
  test_escapes();
  test_style();
  test_log(folder);
  test_identity();
  test_files(folder);
  Fd dir(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const char *name : {"log", "file", "fifo", "link"}) unlinkat(dir.get(), name, 0);
  rmdir(folder);
  return test::failures == 0 ? 0 : 1;
}
