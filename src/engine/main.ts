// The engine: a one-shot function from a request to an answer. It writes no file, opens no socket, holds no
// container.
import { diagnose } from '../diagnostic/diagnose.ts';
import { errnoName, errnoWords } from '../diagnostic/errno.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Failure } from '../generated/protocol.ts';
import { encodeResponse } from '../generated/encode.ts';
import type { Plan, Response } from '../generated/plan.ts';
import { PlanError } from '../plan/context.ts';
import { locateAll } from '../spec/parse/locate.ts';
import type { Call } from './call.ts';
import { worded } from './wording.ts';
import { explain, interference } from './failure.ts';
import type { Blobs, Host } from './protocol.ts';
import { readRequest } from '../generated/read-protocol.ts';
import type { EngineVerb, Request } from '../generated/protocol.ts';
import { InvalidDocument, configOf } from './read.ts';
import { answerErrors } from './respond.ts';
import { create, planOf, recompile } from './verb/create.ts';
import { doctor } from './verb/doctor.ts';
import { checkpoint, checkpointPlanOf, restore, restorePlanOf } from './verb/criu.ts';
import { ended } from './verb/ended.ts';
import { exec, execAfter, execPlanOf } from './verb/exec.ts';
import { explain as explainTopic } from './verb/explain.ts';
import { features } from './verb/features.ts';
import { mounts, mountsFailure } from './verb/mounts.ts';
import { plan } from './verb/plan.ts';
import { spec as writeSpec } from './verb/spec.ts';
import { update, updateFailure } from './verb/update.ts';
import { validate } from './verb/validate.ts';

const verbs: Readonly<Record<EngineVerb, (call: Call) => Response>> = {
  create,
  ended,
  run: create,
  exec,
  recompile,
  validate,
  plan,
  explain: explainTopic,
  spec: writeSpec,
  features,
  update,
  doctor,
  checkpoint,
  restore,
  mounts,
};

/** Answers a request, as it came, with an encoded Response. Never throws: what goes wrong in here is an answer, too. */
export function engine(message: unknown, blobs: Blobs, host: Host): Uint8Array {
  return encodeResponse(answerMessage(message, blobs, host), host.writer());
}

function answerMessage(message: unknown, blobs: Blobs, host: Host): Response {
  let request;
  try {
    request = readRequest(message);
  } catch (error) {
    return answerErrors(diagnosticsOf(error), {});
  }
  return respond(request, blobs, host);
}

/** The same, not encoded. */
export function respond(request: Request, blobs: Blobs, host: Host): Response {
  const named = request.configName;
  const isExec = hasOwnDocument(request);
  // The document that exec is given is the process; the configuration is the kept copy.
  const configName = isExec ? 'config.json' : named ?? 'config.json';
  const processName = isExec ? named ?? 'process' : resourcesName(request) ?? 'process';
  return answer({ request, blobs, host, configName, processName, texts: {} });
}

/** exec and mounts read a document of their own beside the container's configuration. */
function hasOwnDocument({ verb }: Request): boolean {
  return verb === 'exec' || verb === 'mounts';
}

/** How messages name the file of update --resources. */
function resourcesName({ flags }: Request): string | undefined {
  const name = flags?.['resources'];
  return name === '-' ? 'resources' : typeof name === 'string' ? name : undefined;
}

function answer(call: Call): Response {
  try {
    return call.request.failure === undefined ? verbs[call.request.verb](call) : failed(call);
  } catch (error) {
    return answerErrors(worded(call.request, locate(call, diagnosticsOf(error))), call.texts);
  }
}

function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof PlanError) return [error.diagnostic];
  if (error instanceof InvalidDocument) return error.errors;
  return [diagnose('internal', { what: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })];
}

/** How the plan of a verb is compiled, where it is not that of create. */
const plans: Readonly<Partial<Record<EngineVerb, (call: Call) => Plan>>> = {
  exec: execPlanOf,
  checkpoint: checkpointPlanOf,
  restore: restorePlanOf,
};

/** Why a plan failed, where its pointers lead into another document than the container's configuration. */
const failures: Readonly<Partial<Record<EngineVerb, (call: Call, failure: Failure) => Diagnostic | undefined>>> = {
  update: updateFailure,
  mounts: mountsFailure,
};

/** Compiles the plan once more to say what its failed operation was for. */
function failed(call: Call): Response {
  const failure = call.request.failure!;
  const other = call.request.verb === 'exec' ? execAfter(call, failure) : undefined;
  if (other !== undefined) return other;
  const diagnostic = interference(failure) ?? (failures[call.request.verb] ?? explainFailure)(call, failure)
    ?? unknown(failure);
  return answerErrors(worded(call.request, locate(call, [diagnostic])), call.texts);
}

function explainFailure(call: Call, failure: Failure): Diagnostic | undefined {
  const compiled = (plans[call.request.verb] ?? planOf)(call);
  return explain(compiled, configOf(call), failure, (pointer) => fileOf(call, pointer), call.request.verb);
}

/** What is no operation's says in words what it is, or with this step what a system call that has failed was for. */
function unknown({ index, step, program, errno, detail }: Failure): Diagnostic {
  const systemCall = 1, noOperation = 0xffffffff;
  if (index === noOperation && step === systemCall && detail?.words !== undefined)
    return diagnose('systemCall', { what: detail.words, errno: `${errnoWords(errno)}, ${errnoName(errno)}` });
  return diagnose('internal', { what: detail?.words ?? `operation ${index} of ${program} failed with errno ${errno}` });
}

/**
 * exec has pointers into its process file, if there is one, and into the container's configuration below
 * /linux.
 */
function fileOf(call: Call, pointer: string): string | undefined {
  if (call.request.verb !== 'exec' || pointer.startsWith('/linux')) return call.configName;
  return call.blobs.process === undefined ? undefined : call.processName;
}

/** Adds line and column where the document is known. */
function locate(call: Call, found: readonly Diagnostic[]): readonly Diagnostic[] {
  return found.map((diagnostic) => {
    if (diagnostic.at === undefined || diagnostic.at.line > 0) return diagnostic;
    const file = diagnostic.at.file === call.processName ? call.processName : call.configName;
    const text = call.texts[file];
    return text === undefined ? diagnostic : locateAll([diagnostic], text, file)[0]!;
  });
}
