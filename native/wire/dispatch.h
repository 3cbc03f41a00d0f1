// What the generated run_host, run_stager and run_init share.
#pragma once
#include "wire/reader.h"

namespace veloci {

// Alternatives inside of alternatives.
constexpr unsigned max_alt_depth = 4;

// The outcome of bytes that cannot be read: impossible after verify().
inline Outcome malformed() { return Outcome::failed(0, EBADMSG); }

template <class T, class Handler> Outcome run_operation(const OpRecord &record, Handler &handler) {
  Reader reader(record.body);
  T value;
  if (!read(reader, value)) return malformed();
  return handler.on(static_cast<const T &>(value));
}

// A failure inside of an `alt` says which operation failed: the bits of Outcome::step from bit 8 on are the way to it,
// lowest bit first, one for each `alt` on the way: 0 = `try`, 1 = `else`.
inline Outcome in_branch(Outcome outcome, int branch) {
  if (outcome.ok()) return outcome;
  int way = outcome.step >> 8;
  return {(outcome.step & 0xff) | (way << 1 | branch) << 8, outcome.err};
}

// Runs an `alt`; `run` runs an operation inside of it.
template <class Alt, class Run> Outcome run_alternative(const OpRecord &record, Run run) {
  Reader reader(record.body);
  Alt alt;
  if (!read(reader, alt)) return malformed();
  alt.try_.index = record.index;
  alt.else_.value.index = record.index;
  Outcome outcome = run(alt.try_);
  if (outcome.ok()) return outcome;
  if (!alt.on_errno.has(outcome.err)) return in_branch(outcome, 0);
  return alt.else_ ? in_branch(run(alt.else_.value), 1) : Outcome::success();
}

} // namespace veloci
