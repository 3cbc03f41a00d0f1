// hook.run on the host side.
#include "hook/hook.h"
#include "executor/handler.h"

namespace veloci {

Outcome HostHandler::on(const HookRun &op) {
  TextOf<4096> output;
  HookStop stop;
  if (context_.signals != nullptr) {
    stop = {context_.signals->descriptor(),
            [](void *signals) { return static_cast<Signals *>(signals)->should_stop(); }, context_.signals};
  }
  Outcome outcome = run_hook(op, hole_values(context_), output, stop, nullptr, context_.init.pidfd.get());
  if (outcome.ok()) return {};
  if (op.warn) {
    TextOf<4096> warning;
    warning.add("poststop hook failed ");
    if (outcome.step == step::hook_run::exit)
      warning.add("with exit code ").add_signed(outcome.err);
    else
      warning.add("at step ").add(step_name(code::hook_run, outcome.step)).add(" (").add_signed(outcome.err).add(")");
    warning.add(": hook ").add_number(op.number).add(", \"").add(op.path).add_char('"');
    if (output.size() > 0) warning.add(": ").add(output.str());
    if (context_.log != nullptr) context_.log->warn(warning.str());
    return {};
  }
  context_.failure.detail.words().add(output.str());
  return outcome;
}

} // namespace veloci
