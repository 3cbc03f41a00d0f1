// saved: the plans of create and run, when the engine still makes what a saved plan says. The caller is asked first for the
// bundle that the plan is for, unless it has named one, then for its root file system.
import { diagnose } from '../../diagnostic/diagnose.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import { encodePlan } from '../../generated/encode.ts';
import { schemaHash } from '../../generated/plan-meta.ts';
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import { compile } from '../../plan/compile.ts';
import { PlanError } from '../../plan/context.ts';
import { requireRights } from '../../plan/rights.ts';
import { NotSaved, readSaved, type SavedPlan } from '../../saved/document.ts';
import { settledFacts } from '../../saved/facts.ts';
import { staleReason } from '../../saved/verify.ts';
import type { Call } from '../call.ts';
import { contextOf, warningsOf } from '../options.ts';
import { configOf } from '../read.ts';
import { answerPlans, answerText } from '../respond.ts';
import { plannedContext, rootLook, savedDocument, savedHead } from '../saving.ts';
import { linesOf as warningLines, storedOf } from './create.ts';

const none = new Uint8Array();

export function saved(call: Call): Response {
  const { request, blobs } = call;
  const bytes = blobs.live ?? none;
  if (isEncoded(bytes)) return encoded(call, bytes);
  const file = read(call, bytes);
  if (request.bundle === undefined) {
    const { bundle, config } = file.saved;
    return { ...answerText(''), files: [{ path: bundle, where: 'host' }, { path: config.name, where: 'document' }] };
  }
  const spec = configOf(call);
  if (request.seen === undefined) return { ...answerText(''), files: [rootLook(call, spec)] };
  const { nonce, time, env, id } = file.saved;
  const head = savedHead(call, spec, { nonce, time, env, id: id === null ? null : request.id ?? null });
  const what = staleReason(file, { host: call.host, head, facts: settledFacts(request.facts),
    document: (facts) => savedDocument(call, spec, head, facts), file: request.occasion!.file });
  if (what !== undefined) throw stale(call, what);
  return { ...plans(call, spec), text: `${head.boot}-${String(time).padStart(16, '0')}-${nonce}` };
}

function read(call: Call, bytes: Uint8Array): { saved: SavedPlan; text: string } {
  try {
    return readSaved(bytes, call.host);
  } catch (error) {
    if (!(error instanceof NotSaved)) throw error;
    throw new PlanError(diagnose('savedInvalid', { path: call.request.occasion!.file, what: error.message }));
  }
}

function stale({ request, configName }: Call, what: string): PlanError {
  const config = configName.startsWith('/') ? configName : `${request.bundle ?? ''}/${configName}`;
  return new PlanError(diagnose('savedStale', { path: request.occasion!.file, what, config }));
}

/** What is run now, by the engine's own hand: the plan of this very container. */
function plans(call: Call, spec: Spec): Response {
  const { request } = call;
  const wanted = warningsOf(request);
  const warnings: Diagnostic[] = [];
  if (wanted === 'all') configOf(call, (warning) => warnings.push(warning));
  requireRights(spec, request.facts);
  const { traceparent } = request.facts;
  // The trace is that of this start.
  const facts = { ...settledFacts(request.facts), ...(traceparent === undefined ? {} : { traceparent }) };
  const { flags } = contextOf(request, call.host);
  // Nobody would hold the terminal: the error of create.
  if (request.occasion!.detached && spec.process?.terminal === true)
    compile(spec, { ...contextOf(request, call.host), flags: { ...flags, detach: true } });
  const context = plannedContext(call, spec, facts, request.id);
  const plan = compile(spec, wanted === 'none' ? context : { ...context, warn: (warning) => warnings.push(warning) });
  const { create, stager, init } = plan.programs;
  const now = encodePlan({ planVersion: 1, programs: { create, stager, init } }, call.host.writer());
  return answerPlans(now, storedOf(call, plan), warningLines(call, warnings));
}

/** The beginning of an encoded plan: eight letters, its version, the hash of the schema. */
const magic = 'VLCIPLAN';

function isEncoded(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && [...magic].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}

/** What the library's `encode(compile(bundle))` gives: bound to nothing but its bytes, which the engine must make again. */
function encoded(call: Call, bytes: Uint8Array): Response {
  const { request } = call;
  if (request.bundle === undefined) return { ...answerText(''), files: [] };
  const spec = configOf(call);
  // One who asks looks once more in any case.
  if (request.seen === undefined) return { ...answerText(''), files: [rootLook(call, spec)] };
  const plan = compile(spec, plannedContext(call, spec, settledFacts(request.facts), 'ID'));
  const expected = encodePlan(plan, call.host.writer());
  const own = compile(spec, plannedContext(call, spec, settledFacts(request.facts), request.id));
  if (isSame(expected, bytes) || isSame(encodePlan(own, call.host.writer()), bytes)) return plans(call, spec);
  throw stale(call, hasSchema(bytes, expected)
    ? 'it is not what veloci makes of this configuration on this host'
    : `it is of another schema than this veloci's, ${schemaHash}`);
}

/** Whether the heads are the same: the hash of the schema is in them. */
function hasSchema(bytes: Uint8Array, expected: Uint8Array): boolean {
  const size = 24;
  return isSame(bytes.subarray(0, size), expected.subarray(0, size));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
