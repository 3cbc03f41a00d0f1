// An engine: a one-shot function from a request to an answer. It writes no file, opens no socket, holds no container.
// There are two of them in the command, each with its verbs: main.ts and tools.ts.
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

type ByVerb<T> = Readonly<Partial<Record<EngineVerb, T>>>;

/** What an engine knows. */
export interface Verbs {
  readonly answers: ByVerb<(call: Call) => Response>;
  /** How the plans are compiled that verbs run. */
  readonly plans?: ByVerb<(call: Call) => Plan>;
  /** Why a plan failed, where its pointers lead into another document than the container's configuration. */
  readonly failures?: ByVerb<(call: Call, failure: Failure) => Diagnostic | undefined>;
  /** Another answer to the failure of a plan than a diagnostic. */
  readonly instead?: ByVerb<(call: Call, failure: Failure) => Response | undefined>;
}

/** Answers a request, as it came, with an encoded Response. Never throws: what goes wrong in here is an answer, too. */
export function encodedAnswer(verbs: Verbs, message: unknown, blobs: Blobs, host: Host): Uint8Array {
  return encodeResponse(answerMessage(verbs, message, blobs, host), host.writer());
}

function answerMessage(verbs: Verbs, message: unknown, blobs: Blobs, host: Host): Response {
  let request;
  try {
    request = readRequest(message);
  } catch (error) {
    return answerErrors(diagnosticsOf(error), {});
  }
  return answerOf(verbs, request, blobs, host);
}

/** The same, not encoded. */
export function answerOf(verbs: Verbs, request: Request, blobs: Blobs, host: Host): Response {
  const named = request.configName;
  const isExec = hasOwnDocument(request);
  // The document that exec is given is the process; the configuration is the kept copy.
  const configName = isExec ? 'config.json' : named ?? 'config.json';
  const processName = isExec ? named ?? 'process' : resourcesName(request) ?? 'process';
  return answer(verbs, { request, blobs, host, configName, processName, texts: {} });
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

function answer(verbs: Verbs, call: Call): Response {
  const { verb, failure } = call.request;
  try {
    if (failure !== undefined) return failed(verbs, call, failure);
    const own = verbs.answers[verb];
    if (own === undefined) throw new TypeError(`this engine does not know ${verb}`);
    return own(call);
  } catch (error) {
    return answerErrors(worded(call.request, locate(call, diagnosticsOf(error))), call.texts);
  }
}

/** What an error says that was thrown on the way. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof PlanError) return [error.diagnostic];
  if (error instanceof InvalidDocument) return error.errors;
  return [diagnose('internal', { what: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })];
}

/** Compiles the plan once more to say what its failed operation was for. */
function failed(verbs: Verbs, call: Call, failure: Failure): Response {
  const { verb } = call.request;
  const other = verbs.instead?.[verb]?.(call, failure);
  if (other !== undefined) return other;
  const reason = verbs.failures?.[verb];
  const diagnostic = interference(failure)
    ?? (reason === undefined ? explainFailure(verbs.plans?.[verb], call, failure) : reason(call, failure))
    ?? unknown(failure);
  return answerErrors(worded(call.request, locate(call, [diagnostic])), call.texts);
}

function explainFailure(
  planOf: ((call: Call) => Plan) | undefined,
  call: Call,
  failure: Failure,
): Diagnostic | undefined {
  if (planOf === undefined) return undefined;
  return explain(planOf(call), configOf(call), failure, (pointer) => fileOf(call, pointer), call.request.verb);
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
