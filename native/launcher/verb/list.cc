#include "executor/directory.h"
#include "executor/state/state.h"
#include "launcher/container/root.h"
#include "launcher/container/status.h"
#include "launcher/door/stored.h"
#include <initializer_list>
#include <stdlib.h>
#include <sys/mman.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr unsigned columns = 6;

// What the list shows of one container.
struct Row {
  Row *next;
  char *id;
  char *json; // only for --format json
  char *bundle;
  char *owner;
  char *created;
  int pid;
  Status status;
};

class Listing {
public:
  explicit Listing(Invocation &invocation) : invocation_(invocation) {
    Str format = invocation.arguments.text(cli::Flag::format);
    json_ = format == Str::of("json");
  }

  // 0 or an errno.
  int collect();
  void print_ids(Text &out);
  void print_json(Text &out);
  void print_table(Text &out);
  // Upper bound of what is printed.
  size_t size() const { return size_ + (count_ + 1) * columns * (longest_ + 3); }

private:
  void add(const char *name);
  void insert(Row *row);
  char *copy(Str text);
  // A container that is damaged or gone is left out; where the command itself lacks something the list has failed.
  void note(int err);

  Invocation &invocation_;
  Row *first_ = nullptr;
  bool json_ = false;
  int err_ = 0;
  size_t size_ = 4096;
  size_t count_ = 0;
  size_t longest_ = 64;
};

char *Listing::copy(Str text) {
  char *copied = strndup(text.data, text.size);
  if (copied == nullptr) note(ENOMEM);
  return copied;
}

void Listing::note(int err) {
  if (err == ENOMEM || err == EMFILE || err == ENFILE) err_ = err;
}

// Reads one container into a row; one that can't be read (a create that is under way, damage) is left out.
void Listing::add(const char *name) {
  Str id = Str::of(name);
  if (id_fault(id) != nullptr) return;
  Context &shared = invocation_.context;
  shared.id = id;
  int err = open_state(shared);
  if (err == 0) err = map_record(shared);
  if (err != 0) return note(err);
  Row *row = static_cast<Row *>(calloc(1, sizeof(Row)));
  if (row == nullptr) return note(ENOMEM);
  StoredPlan stored;
  StateSummary summary;
  row->status = container_status(*shared.record);
  err = try_stored_plan(invocation_, stored);
  note(err);
  if (err == 0 && find_summary(shared.plan, summary)) {
    row->id = copy(id);
    row->bundle = copy(summary.bundle);
    row->owner = copy(summary.owner);
    row->pid = row->status == Status::stopped ? 0 : shared.record->pid;
    TextOf<64> created;
    row->created = copy(created.add_time(shared.record->created).str());
    Pages memory;
    Str text;
    if (json_ && status_text(shared, row->status, StatusText::row, memory, text)) {
      row->json = copy(text);
      size_ += text.size + 2;
    }
    count_++;
    for (uint32_t size : {id.size, summary.bundle.size, summary.owner.size})
      longest_ = size > longest_ ? size : longest_;
    if (err_ == 0) insert(row);
  } else {
    free(row);
  }
  munmap(shared.record, sizeof(Record));
  shared.record = shared.report = nullptr;
}

// By id.
void Listing::insert(Row *row) {
  Row **at = &first_;
  while (*at != nullptr && strcmp((*at)->id, row->id) < 0) at = &(*at)->next;
  row->next = *at;
  *at = row;
}

int Listing::collect() {
  int err = for_each_entry(invocation_.context.root, [&](const char *name) {
    if (err_ == 0) add(name);
  });
  return err != 0 ? err : err_;
}

void Listing::print_ids(Text &out) {
  for (Row *row = first_; row != nullptr; row = row->next) out.add(row->id).add_char('\n');
}

void Listing::print_json(Text &out) {
  out.add_char('[');
  bool comma = false;
  for (Row *row = first_; row != nullptr; row = row->next) {
    if (row->json == nullptr) continue;
    if (comma) out.add_char(',');
    out.add(row->json);
    comma = true;
  }
  out.add("]\n");
}

void Listing::print_table(Text &out) {
  const char *heads[columns] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};
  size_t widths[columns];
  for (unsigned i = 0; i < columns; i++) widths[i] = strlen(heads[i]);
  char number[16];
  auto cells = [&](const Row &row, const char *(&texts)[columns]) {
    Text pid(number, sizeof number);
    pid.add_signed(row.pid);
    const char *values[columns] = {row.id, number, status_name(row.status).c_str(), row.bundle, row.created, row.owner};
    memcpy(texts, values, sizeof values);
  };
  const char *texts[columns];
  for (Row *row = first_; row != nullptr; row = row->next) {
    cells(*row, texts);
    for (unsigned i = 0; i < columns; i++) {
      if (strlen(texts[i]) > widths[i]) widths[i] = strlen(texts[i]);
    }
  }
  auto line = [&](const char *const(&values)[columns]) {
    for (unsigned i = 0; i < columns; i++) {
      out.add(values[i]);
      for (size_t width = strlen(values[i]); i + 1 < columns && width < widths[i] + 2; width++) out.add_char(' ');
    }
    out.add_char('\n');
  };
  line(heads);
  for (Row *row = first_; row != nullptr; row = row->next) {
    cells(*row, texts);
    line(texts);
  }
}

} // namespace

int list_command(Invocation &invocation) {
  invocation.root_path = root_path(invocation.arguments.text(cli::Flag::root));
  int err = open_root(invocation.root_path, false, invocation.root, invocation.log);
  if (err != 0 && err != ENOENT) return invocation.failure_code;
  // Nobody has made a container yet; but a folder that was asked for should be there.
  if (err == ENOENT && invocation.arguments.has(cli::Flag::root)) {
    return invocation.fail(diagnostic::RootOpen{.path = invocation.root_path, .errno_ = ErrnoText(err)});
  }
  invocation.context.root = invocation.root.get();
  Listing listing(invocation);
  if (err == 0) err = listing.collect();
  Buffer memory;
  if (err == ENOENT) err = 0;
  if (err == 0 && !memory.reserve(listing.size())) err = errno;
  if (err != 0) return invocation.fail(diagnostic::SystemCall{.what = what::list_containers, .errno_ = ErrnoText(err)});
  Text out(reinterpret_cast<char *>(memory.data()), memory.capacity());
  if (invocation.arguments.on(cli::Flag::quiet))
    listing.print_ids(out);
  else if (invocation.arguments.text(cli::Flag::format) == Str::of("json"))
    listing.print_json(out);
  else
    listing.print_table(out);
  return print(invocation, out.str());
}

} // namespace veloci
