#include "launcher/door/plan_cache.h"
#include "embedded/embedded.h"
#include "executor/seccomp/filter_cache.h"
#include "identity.h"
#include "planner/planner.h"
#include "shape/holes.h"
#include <initializer_list>
#include <stdlib.h>

namespace veloci {

using namespace diagnostic;

namespace {

// A larger start is planned each time.
constexpr size_t texts_max = 96 * 1024;
// How long a start waits for the answer under other names, which is mostly there already.
constexpr int next_limit = 10; // milliseconds
// The same where plans are verified: no start shall go without that.
constexpr int verify_patience = 10000;

// The value of a member of the request, from behind its key to before the closing mark; empty when there is none. No
// text of a caller can look like the key: its quotes are escaped.
Str find_value(Str text, const char *key, char end) {
  size_t size = strlen(key);
  void *hit = memmem(text.data, text.size, key, size);
  if (hit == nullptr) return {};
  const char *start = static_cast<const char *>(hit) + size;
  const char *limit = text.data + text.size;
  for (const char *cursor = start; cursor < limit; cursor++) {
    if (*cursor == '\\')
      cursor++;
    else if (*cursor == end)
      return {start, static_cast<uint32_t>(cursor - start)};
  }
  return {};
}

// Whether the plan's filters can be opened; `carries`: whether it has the program of one.
bool has_filters(int root, Bytes bytes, bool &carries) {
  PlanFile plan;
  Program program;
  const char *what = nullptr;
  if (!PlanFile::open(bytes, plan, &what) || !plan.find(ProgramName::create, program)) return false;
  for (const OpRecord &record : program) {
    if (record.code != code::filter_open) continue;
    Reader reader(record.body);
    FilterOpen op;
    if (!read(reader, op)) return false;
    if (op.program)
      carries = true;
    else if (!filter_cached(root, op.hash))
      return false;
  }
  return true;
}

bool is_clean(const Response &response) {
  return response.error.empty() && response.warnings.empty() && response.plan && response.stored;
}

bool same(Bytes one, Bytes other) { return one.size == other.size && memcmp(one.data, other.data, one.size) == 0; }

Str text_of(const Buffer &buffer) { return buffer.str(); }

} // namespace

bool PlanCache::begin(const Invocation &invocation, EngineVerb verb) {
  const Arguments &arguments = invocation.arguments;
  const char *wish = getenv("VELOCI_PLAN_CACHE");
  verb_ = verb;
  bool off = wish != nullptr && strcmp(wish, "0") == 0;
  verifies_ = wish != nullptr && strcmp(wish, "verify") == 0;
  // A trace is another one each time.
  bool traced = getenv("TRACEPARENT") != nullptr;
  bool given = arguments.plan_fd() >= 0 || arguments.has(cli::Flag::plan);
  bool known = verb == EngineVerb::create || verb == EngineVerb::run;
  enabled_ = !off && !traced && !given && known && !arguments.on(cli::Flag::learn);
  return enabled_;
}

bool PlanCache::take_config(const Invocation &invocation, Str bundle, const Buffer &config) {
  Str socket = invocation.arguments.text(cli::Flag::console_socket);
  enabled_ = enabled_ && config.size() <= texts_max && shape_.begin(invocation.context.id, bundle, socket);
  TextOf<256> head;
  head.add(VELOCI_VERSION " " VELOCI_COMMIT " ").add(Str::of(plan_schema_hash_text)).add_char(' ');
  head.add(veloci_main_engine_digest).add_char(verb_ == EngineVerb::run ? 'r' : 'c');
  enabled_ = enabled_ && head.complete() && shape_.add_literal(head.str());
  config_offset_ = shape_.offset();
  if (!enabled_ || !shape_.add(text_of(config))) return enabled_ = false;
  config_digest_ = digest_of(shape_.bytes());
  return store_.open(invocation.context.root, false) && store_.knows(config_digest_);
}

bool PlanCache::add_request(Str rest) {
  size_t before = shape_.bytes().size;
  // Where the command was called from, and which filters there are: a plan depends on neither, but for its own filter.
  Str cwd = find_value(rest, "\"cwd\":\"", '"');
  Str filters = find_value(rest, "\"seccompCache\":[", ']');
  if (cwd.size == 0) cwd.data = rest.data;
  if (filters.size == 0) filters.data = rest.data + rest.size;
  if (filters.data < cwd.data) return false;
  cuts_[0] = cwd, cuts_[1] = filters;
  const char *from = rest.data;
  for (Str cut : cuts_) {
    if (!rest_.add(from, static_cast<size_t>(cut.data - from))) return false;
    from = cut.data + cut.size;
  }
  if (!rest_.add(from, static_cast<size_t>(rest.data + rest.size - from))) return false;
  rest_offset_ = shape_.offset();
  if (!shape_.add_request(text_of(rest_))) return false;
  Bytes all = shape_.bytes();
  request_digest_ = digest_of({all.data + before, all.size - before});
  return true;
}

bool PlanCache::recall(const Invocation &invocation, const Request &request, Response &response) {
  if (!enabled_) return false;
  if (!add_request(request.rest())) return enabled_ = false;
  if (!store_.valid() || !store_.read(config_digest_, request_digest_, shape_.bytes(), entry_)) return false;
  if (!fits(shape_, entry_.plan_holes, entry_.plan_hole_count, entry_.plan_size) ||
      !fits(shape_, entry_.stored_holes, entry_.stored_hole_count, entry_.stored_size))
    return false;
  fill_holes(shape_, entry_.plan_holes, entry_.plan_hole_count, entry_.plan);
  fill_holes(shape_, entry_.stored_holes, entry_.stored_hole_count, entry_.stored);
  carries_ = false;
  if (!has_filters(invocation.context.root, {entry_.plan, entry_.plan_size}, carries_)) return false;
  response.plan = {true, {entry_.plan, entry_.plan_size}};
  response.stored = {true, {entry_.stored, entry_.stored_size}};
  return true;
}

bool PlanCache::ask(Engine &engine, const Request &request) {
  if (!other_names(shape_, names_memory_, names_)) return false;
  Request other;
  Buffer config, renamed, rest;
  size_t size = request.rest().size;
  if (!config.reserve(request.config.size() + 1) || !renamed.reserve(rest_.size() + 1) || !rest.reserve(size + 1))
    return false;
  shape_.rename(text_of(request.config), config_offset_, names_, config.data());
  config.set_size(request.config.size());
  shape_.rename(text_of(rest_), rest_offset_, names_, renamed.data());
  const uint8_t *from = renamed.data();
  const char *cursor = request.rest().data;
  for (Str cut : cuts_) {
    size_t piece = static_cast<size_t>(cut.data - cursor);
    rest.add(from, piece), rest.add(cut.data, cut.size);
    from += piece;
    cursor = cut.data + cut.size;
  }
  rest.add(from, static_cast<size_t>(request.rest().data + size - cursor));
  other.config = static_cast<Buffer &&>(config);
  return asked_ = other.restore(rest) == 0 && engine.send(other, verb_, nullptr);
}

int PlanCache::verify(Invocation &invocation, const Request &request, const Response &recalled) {
  Request plain;
  Buffer rest, config;
  Str text = request.rest(), filters = cuts_[1];
  // A plan with a program is that of a host without filters.
  size_t head = carries_ ? static_cast<size_t>(filters.data - text.data) : text.size;
  if (!rest.add(text.data, head)) return invocation.fail_call(what::ask_planner, errno);
  if (carries_ && !rest.add(filters.data + filters.size, text.size - head - filters.size))
    return invocation.fail_call(what::ask_planner, errno);
  config.add(request.config.bytes().data, request.config.size());
  plain.config = static_cast<Buffer &&>(config);
  Engine engine;
  Response fresh;
  int err = engine.start(verb_);
  if (err != 0) return invocation.fail_call(what::start_planner, err);
  if (plain.restore(rest) != 0 || !engine.send(plain, verb_, nullptr))
    return invocation.fail_call(what::ask_planner, errno);
  if (int code = engine.await(invocation, fresh); code != 0) return code;
  bool equal =
      is_clean(fresh) && same(fresh.plan.value, recalled.plan.value) && same(fresh.stored.value, recalled.stored.value);
  return equal ? 0 : invocation.fail(Internal{.what = Str::of("the remembered plan is not that of the engine")});
}

void PlanCache::keep(Invocation &invocation, Engine &engine, const Response &response) {
  if (!asked_ || !is_clean(response)) return;
  Response other;
  Buffer plan_holes, stored_holes;
  if (!engine.await_next(verifies_ ? verify_patience : next_limit, other) || !is_clean(other)) return;
  if (!find_holes(shape_, names_, response.plan.value, other.plan.value, plan_holes) ||
      !find_holes(shape_, names_, response.stored.value, other.stored.value, stored_holes))
    return;
  if (!store_.valid() && !store_.open(invocation.context.root, true)) return;
  store_.write(config_digest_, request_digest_,
               {.shape = shape_.bytes(),
                .plan_holes = plan_holes.bytes(),
                .stored_holes = stored_holes.bytes(),
                .plan = response.plan.value,
                .stored = response.stored.value});
}

} // namespace veloci
