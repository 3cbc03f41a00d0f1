// hook.run on the host side.
#include "hook/hook.h"
#include "executor/handler.h"
#include "executor/log/problem.h"
#include "wait/progress.h"

namespace veloci {

Outcome HostHandler::on(const HookRun &op) {
  TextOf<4096> output;
  HookStop stop;
  if (context_.signals != nullptr) {
    stop = {context_.signals->descriptor(),
            [](void *signals) { return static_cast<Signals *>(signals)->should_stop(); }, context_.signals};
  }
  TextOf<128> what;
  what.add("the hook ").add(op.path.size < 100 ? op.path : Str::of("of the configuration"));
  Progress progress(what.str());
  stop.passing = &progress;
  stop.pass = [](void *of) { return static_cast<Progress *>(of)->tick(); };
  Outcome outcome = run_hook(op, hole_values(context_), output, stop, nullptr, context_.init.pidfd.get());
  if (outcome.ok()) return {};
  if (stop.remains) context_.process_remains = true;
  if (op.warn) {
    if (context_.log == nullptr) return {};
    TextOf<4096> why;
    if (outcome.step == step::hook_run::exit)
      why.add("exit code ").add_signed(outcome.err);
    else if (outcome.step == step::hook_run::signal)
      why.add("signal ").add_signed(outcome.err);
    else
      why.add("step ").add(step_name(code::hook_run, outcome.step)).add(", ").add(ErrnoText(outcome.err));
    if (output.size() > 0) why.add(": ").add(output.str());
    show(*context_.log, diagnostic::PoststopFailed{.number = NumberText(op.number), .path = op.path, .why = why.str()});
    return {};
  }
  context_.failure.detail.words().add(output.str());
  return outcome;
}

} // namespace veloci
