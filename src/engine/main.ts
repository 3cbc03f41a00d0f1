// The engine of a container's life: it is prepared when the command is built (docs/decisions/0005-two-engines.md), so that what is
// in here costs the start of every container.
import type { Response } from '../generated/plan.ts';
import type { MainVerb, Request } from '../generated/protocol.ts';
import type { Call } from './call.ts';
import { answerOf, encodedAnswer, type Verbs } from './engine.ts';
import type { Blobs, Host } from './protocol.ts';
import { create, planOf, recompile } from './verb/create.ts';
import { checkpoint, checkpointPlanOf, restore, restorePlanOf } from './verb/criu.ts';
import { ended } from './verb/ended.ts';
import { exec, execAfter, execPlanOf } from './verb/exec.ts';
import { mounts, mountsFailure } from './verb/mounts.ts';
import { update, updateFailure } from './verb/update.ts';

const answers: Readonly<Record<MainVerb, (call: Call) => Response>> = {
  create,
  run: create,
  exec,
  mounts,
  recompile,
  update,
  checkpoint,
  restore,
  ended,
};

const verbs: Verbs = {
  answers,
  plans: { create: planOf, run: planOf, recompile: planOf, exec: execPlanOf, checkpoint: checkpointPlanOf,
    restore: restorePlanOf },
  failures: { update: updateFailure, mounts: mountsFailure },
  instead: { exec: execAfter },
};

/** Answers a request, as it came, with an encoded Response. Never throws: what goes wrong in here is an answer, too. */
export function engine(message: unknown, blobs: Blobs, host: Host): Uint8Array {
  return encodedAnswer(verbs, message, blobs, host);
}

/** The same, not encoded. */
export function respond(request: Request, blobs: Blobs, host: Host): Response {
  return answerOf(verbs, request, blobs, host);
}
