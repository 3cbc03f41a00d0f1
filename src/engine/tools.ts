// The engine of the commands that only inspect: it is read from bytecode when one of its verbs is asked for, so that what is in here costs
// the start of no container (docs/decisions/0005-two-engines.md).
import type { Response } from '../generated/plan.ts';
import type { ToolsVerb } from '../generated/protocol.ts';
import type { Call } from './call.ts';
import { encodedAnswer } from './engine.ts';
import type { Blobs, Host } from './protocol.ts';
import { apply, applyFailed } from './verb/apply.ts';
import { audit } from './verb/audit.ts';
import { capture } from './verb/capture.ts';
import { diff } from './verb/diff.ts';
import { doctor } from './verb/doctor.ts';
import { explain } from './verb/explain.ts';
import { features } from './verb/features.ts';
import { install } from './verb/install.ts';
import { learned } from './verb/learned.ts';
import { plan } from './verb/plan.ts';
import { saved } from './verb/saved.ts';
import { spec } from './verb/spec.ts';
import { timeline } from './verb/timeline.ts';
import { why } from './verb/why.ts';
import { validate } from './verb/validate.ts';

const answers: Readonly<Record<ToolsVerb, (call: Call) => Response>> = {
  validate,
  audit,
  plan,
  saved,
  explain,
  spec,
  features,
  doctor,
  timeline,
  learned,
  diff,
  why,
  apply,
  capture,
  install,
};

/** Answers a request, as it came, with an encoded Response. Never throws: what goes wrong in here is an answer, too. */
export function engine(message: unknown, blobs: Blobs, host: Host): Uint8Array {
  return encodedAnswer({ answers, instead: { apply: applyFailed } }, message, blobs, host);
}
