// exec: the plan of a further process in a container.
import type { Process } from '../../generated/config.ts';
import { encodePlan } from '../../generated/encode.ts';
import type { Plan, Response } from '../../generated/plan.ts';
import { compileExec } from '../../plan/compile-exec.ts';
import { processOfFile, processOfFlags } from '../../plan/exec-process.ts';
import { checkProcess } from '../../spec/read.ts';
import type { Call } from '../call.ts';
import { cgroupsOf, contextOf, execFlagsOf } from '../options.ts';
import { InvalidDocument, configOf, processOf } from '../read.ts';
import { answerPlans } from '../respond.ts';

export function execPlanOf(call: Call): Plan {
  const spec = configOf(call);
  const process = call.blobs.process === undefined
    ? checked(processOfFlags(spec, execFlagsOf(call.request)))
    : processOfFile(spec, processOf(call));
  return compileExec(spec, process, cgroupsOf(call.request), contextOf(call.request, call.host));
}

/** What comes from flags has no place in a document. */
function checked(process: Process): Process {
  const found = checkProcess(process);
  if (found.length === 0) return process;
  throw new InvalidDocument(found.map(({ at: _at, ...rest }) => rest));
}

export function exec(call: Call): Response {
  return answerPlans(encodePlan(execPlanOf(call), call.host.writer()), undefined, '');
}
