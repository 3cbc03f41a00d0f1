// A tool for tests and measurements, not installed: runs the planner on files, without the launcher.
//   planner-driver answer ENGINE REQUEST [CONFIG [PROCESS]]       writes the encoded Response to standard output
//   planner-driver bytecode ENGINE REQUEST [CONFIG [PROCESS]]     the same without confinement and without the snapshot
//   planner-driver time ROUNDS ENGINE REQUEST [CONFIG [PROCESS]]  prints minimum and median times in microseconds
//   planner-driver hold         starts a planner and keeps it until standard input ends
//   planner-driver attempts     tries what the confinement must refuse, and prints what came of it
//   planner-driver facts        prints the host's facts
// ENGINE is main or tools.
#include <fcntl.h>
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "driver/attempts.h"
#include "host/facts.h"
#include "planner/engine.h"
#include "planner/planner.h"

namespace veloci {
namespace {

constexpr int max_rounds = 10000;

Bytes map_file(const char *path) {
  Fd file(open(path, O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0) {
    perror(path);
    exit(2);
  }
  // A NUL behind the text: one byte more than the file, in a copy.
  size_t size = static_cast<size_t>(status.st_size);
  uint8_t *data = static_cast<uint8_t *>(malloc(size + 1));
  if (data == nullptr || read(file.get(), data, size) != status.st_size) exit(2);
  data[size] = 0;
  return {data, size};
}

// What to ask, and whom.
struct Question : PlannerRequest {
  EngineName engine = EngineName::main;
};

// From the words behind an action.
Question question_of(int count, char **words) {
  Question question;
  if (strcmp(words[0], "tools") == 0) question.engine = EngineName::tools;
  Bytes json = map_file(words[1]);
  question.json = {reinterpret_cast<const char *>(json.data), static_cast<uint32_t>(json.size)};
  if (count > 2) question.config = map_file(words[2]);
  if (count > 3) question.process = map_file(words[3]);
  return question;
}

const char *name_of(PlannerFault fault) {
  constexpr const char *names[] = {"none",          "protocol",  "crashed", "timed_out",
                                   "out_of_memory", "too_large", "engine",  "request"};
  static_assert(sizeof names / sizeof *names == static_cast<size_t>(PlannerFault::request) + 1);
  return names[static_cast<int>(fault)];
}

int report(const PlannerAnswer &answer) {
  fprintf(stderr, "fault=%s err=%d signal=%d", name_of(answer.fault), answer.err, answer.signal);
  if (answer.fault == PlannerFault::engine || answer.fault == PlannerFault::request) {
    fprintf(stderr, " exception=%.*s", static_cast<int>(answer.response.size), answer.response.data);
  }
  fputc('\n', stderr);
  return 1;
}

int answer(int count, char **words) {
  Question request = question_of(count, words);
  Planner planner;
  if (planner.start(request.engine) != 0) return 2;
  PlannerAnswer result = planner_ask(planner, request);
  if (result.fault != PlannerFault::none) return report(result);
  fwrite(result.response.data, 1, result.response.size, stdout);
  return 0;
}

int answer_from_bytecode(int count, char **words) {
  Question request = question_of(count, words);
  Engine *engine = Engine::make(request.engine);
  Bytes bytes;
  if (engine == nullptr) return 2;
  EngineStatus status = engine->run(request.json, request.config, request.process, request.live, bytes);
  fwrite(bytes.data, 1, bytes.size, stdout);
  return static_cast<int>(status);
}

double now_us() { return static_cast<double>(nanoseconds_of(CLOCK_MONOTONIC)) / 1e3; }

// What the children of the in-process rounds report.
struct Times {
  double open, run;
  size_t opened_bytes, used_bytes;
  EngineStatus status;
};

Times in_process(const Question &request, bool bytecode, Times *shared) {
  pid_t child = fork();
  if (child == 0) {
    double start = now_us();
    Engine *engine = bytecode ? Engine::make(request.engine) : Engine::open(request.engine);
    if (engine == nullptr) _exit(1);
    double opened = now_us();
    size_t opened_bytes = engine->memory().size;
    Bytes bytes;
    EngineStatus status = engine->run(request.json, request.config, request.process, request.live, bytes);
    *shared = {opened - start, now_us() - opened, opened_bytes, engine->memory().size, status};
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  return *shared;
}

int compare(const void *first, const void *second) {
  double a = *static_cast<const double *>(first), b = *static_cast<const double *>(second);
  return a < b ? -1 : a > b;
}

void print(const char *what, double *values, int rounds) {
  qsort(values, static_cast<size_t>(rounds), sizeof *values, compare);
  printf("%-34s min %7.1f  median %7.1f us\n", what, values[0], values[rounds / 2]);
}

int measure(int rounds, int count, char **words) {
  Question request = question_of(count, words);
  void *page = mmap(nullptr, sizeof(Times), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  static double bytecode_time[max_rounds], open[max_rounds], run[max_rounds], fork_time[max_rounds], whole[max_rounds],
      warm[max_rounds];
  Times times{};
  for (int i = 0; i < rounds; i++) {
    bytecode_time[i] = in_process(request, true, static_cast<Times *>(page)).open;
    times = in_process(request, false, static_cast<Times *>(page));
    open[i] = times.open;
    run[i] = times.run;
    Planner cold;
    double start = now_us();
    if (cold.start(request.engine) != 0) return 2;
    fork_time[i] = now_us() - start;
    PlannerAnswer result = planner_ask(cold, request);
    whole[i] = now_us() - start;
    if (result.fault == PlannerFault::crashed || result.fault == PlannerFault::protocol) return report(result);
    cold.stop();
    Planner ready;
    if (ready.start(request.engine) != 0) return 2;
    usleep(2000);
    start = now_us();
    planner_ask(ready, request);
    warm[i] = now_us() - start;
  }
  print("engine from bytecode", bytecode_time, rounds);
  print("engine from snapshot", open, rounds);
  print("engine call", run, rounds);
  print("fork, seen by the launcher", fork_time, rounds);
  print("start to response", whole, rounds);
  print("request to response, prepared", warm, rounds);
  printf("memory: %zu KB after opening, %zu KB at the end; status %u\n", times.opened_bytes >> 10,
         times.used_bytes >> 10, static_cast<unsigned>(times.status));
  return 0;
}

int hold() {
  Planner planner;
  if (planner.start(EngineName::main) != 0) return 2;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

int facts() {
  static char buffer[64 << 10];
  JsonWriter json(buffer, sizeof buffer);
  double start = now_us();
  int err;
  {
    HostFactsWriter writer(json);
    err = host_facts({}, writer);
  }
  fprintf(stderr, "%.1f us, %u bytes\n", now_us() - start, json.text().size);
  if (err == 0) puts(buffer);
  return err;
}

} // namespace
} // namespace veloci

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "answer") == 0) return veloci::answer(argc - 2, argv + 2);
  if (argc >= 4 && strcmp(argv[1], "bytecode") == 0) return veloci::answer_from_bytecode(argc - 2, argv + 2);
  if (argc >= 2 && strcmp(argv[1], "hold") == 0) return veloci::hold();
  if (argc >= 2 && strcmp(argv[1], "attempts") == 0) return veloci::try_attempts();
  if (argc >= 2 && strcmp(argv[1], "facts") == 0) return veloci::facts();
  int rounds = argc >= 5 && strcmp(argv[1], "time") == 0 ? atoi(argv[2]) : 0;
  if (rounds > 0 && rounds <= veloci::max_rounds) return veloci::measure(rounds, argc - 3, argv + 3);
  fputs("usage: planner-driver answer|bytecode|time|hold|attempts|facts …\n", stderr);
  return 2;
}
