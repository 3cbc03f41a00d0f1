// mounts: add mounts to a running container, or remove them.
import type { Diagnostic } from '../../diagnostic/types.ts';
import type { Failure } from '../../generated/protocol.ts';
import { encodePlan } from '../../generated/encode.ts';
import type { Plan, Response } from '../../generated/plan.ts';
import { compileMounts } from '../../plan/compile-mounts.ts';
import { inDocument, mountsIn } from '../../spec/mount-list.ts';
import type { MountList } from '../../spec/mount-list.ts';
import type { Call } from '../call.ts';
import { explain } from '../failure.ts';
import { contextOf } from '../options.ts';
import { configOf, mountListOf } from '../read.ts';
import { answerPlans } from '../respond.ts';

function planOf(call: Call, list: MountList): Plan {
  const action = call.request.operands?.[0] === 'remove' ? 'remove' : 'add';
  return compileMounts(configOf(call), mountsIn(list), action, contextOf(call.request, call.host));
}

export function mounts(call: Call): Response {
  return answerPlans(encodePlan(planOf(call, mountListOf(call)), call.host.writer()), undefined, '');
}

/** Why the plan failed; undefined when it has no such operation. */
export function mountsFailure(call: Call, failure: Failure): Diagnostic | undefined {
  const list = mountListOf(call);
  const spec = { ...configOf(call), mounts: [...mountsIn(list)] };
  const diagnostic = explain(planOf(call, list), spec, failure,
    (pointer) => (pointer.startsWith('/linux') ? call.configName : call.processName));
  return diagnostic === undefined ? undefined : inDocument(list, diagnostic);
}
