// exec: the plan of a further process in a container.
import type { Failure } from '../../generated/protocol.ts';
import type { Process } from '../../generated/config.ts';
import { encodePlan } from '../../generated/encode.ts';
import type { Plan, ProgramName, Response } from '../../generated/plan.ts';
import { operations } from '../../generated/plan-meta.ts';
import { compileExec } from '../../plan/compile-exec.ts';
import { unitOfCgroup } from '../../plan/concern/cgroup/attach.ts';
import type { Move } from '../../plan/concern/cgroup/attach.ts';
import { errno } from '../../plan/draft.ts';
import { processOfFile, processOfFlags } from '../../plan/exec-process.ts';
import { checkProcess } from '../../spec/read.ts';
import type { Call } from '../call.ts';
import { cgroupsOf, contextOf, execFlagsOf } from '../options.ts';
import { InvalidDocument, configOf, processOf } from '../read.ts';
import { answerPlans } from '../respond.ts';

/** The plan; when a first one has failed, the one that was made for that failure. */
export function execPlanOf(call: Call): Plan {
  const { cgroup = '', facts, first } = call.request;
  if (first !== undefined) return execPlanAfter(call, first) ?? compiled(call, 'lenient');
  // Where a manager can help, to stay outside is the last resort.
  return compiled(call, facts.rootless && unitOfCgroup(cgroup) !== undefined ? 'strict' : 'lenient');
}

/**
 * Another plan: for a user who may not move the process to the container's cgroup, or for a container that is full.
 *
 * @param failure of the first plan
 * @returns undefined when there is none
 */
function execPlanAfter(call: Call, failure: Failure): Plan | undefined {
  const { facts, first: _first, ...request } = call.request;
  if (!facts.rootless && failure.errno === errno.EAGAIN) return fullPlanAfter(call, failure);
  if (!facts.rootless || (failure.errno !== errno.EACCES && failure.errno !== errno.EPERM)) return undefined;
  const plan = execPlanOf({ ...call, request: { ...request, facts } });
  const operation = plan.programs[failure.program as ProgramName]?.[failure.index];
  if (operation?.op !== 'process.clone' || operations()[operation.op].steps[failure.step] !== 'cgroup')
    return undefined;
  const unit = unitOfCgroup(failure.detail?.cgroup ?? '');
  // Without a unit there is something else to try only where the first plan was stricter than it has to be.
  if (unit === undefined && unitOfCgroup(call.request.cgroup ?? '') === undefined) return undefined;
  return compiled(call, unit ?? 'lenient');
}

/**
 * The plan for a container that has as many processes as it may have: the kernel makes no further one there, but lets one
 * be moved.
 */
function fullPlanAfter(call: Call, failure: Failure): Plan | undefined {
  const { first: _first, ...request } = call.request;
  const plan = execPlanOf({ ...call, request });
  const operation = plan.programs[failure.program as ProgramName]?.[failure.index];
  const makes = operation?.op === 'process.clone' || operation?.op === 'process.enter';
  if (!makes || operations()[operation.op].steps[failure.step] !== 'clone' || cgroupsOf(call.request).length > 0)
    return undefined;
  return compiled(call, 'lenient', true);
}

function compiled(call: Call, move: Move, full = false): Plan {
  const spec = configOf(call);
  const process = call.blobs.process === undefined
    ? checked(processOfFlags(spec, execFlagsOf(call.request)))
    : processOfFile(spec, processOf(call));
  return compileExec(spec, process, cgroupsOf(call.request), move, contextOf(call.request, call.host),
    call.request.ownClocks, full);
}

/** What comes from flags has no place in a document. */
function checked(process: Process): Process {
  const faults = checkProcess(process);
  if (faults.length === 0) return process;
  throw new InvalidDocument(faults.map(({ at: _at, ...rest }) => rest));
}

export function exec(call: Call): Response {
  return answerPlans(encodePlan(execPlanOf(call), call.host.writer()), undefined, '');
}

/** The answer to a failure that another plan may avoid. */
export function execAfter(call: Call, failure: Failure): Response | undefined {
  const plan = call.request.first === undefined ? execPlanAfter(call, failure) : undefined;
  return plan === undefined ? undefined : answerPlans(encodePlan(plan, call.host.writer()), undefined, '');
}
