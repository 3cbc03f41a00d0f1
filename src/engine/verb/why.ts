// why: how a container has ended or why it did not start, in words. The caller is asked for the end of its log first.
import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import { indent, mark, printable } from '../../diagnostic/marks.ts';
import { jsonKeys, renderLine, renderLong } from '../../diagnostic/render.ts';
import { signalWords } from '../../diagnostic/signals.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import type { Exit } from '../../generated/protocol.ts';
import { refusalOf } from '../../learn/refused.ts';
import { locateAll } from '../../spec/parse/locate.ts';
import type { Call } from '../call.ts';
import { explain } from '../failure.ts';
import { isOn, text } from '../options.ts';
import { configOf } from '../read.ts';
import { answerText } from '../respond.ts';
import { planOf } from './create.ts';
import { deadly, memoryEnd, seccompEnd } from './ended.ts';

/** What is said of an end. */
interface Account {
  /** One sentence. */
  readonly head: string;
  /** The cause, with its place. */
  readonly cause?: Diagnostic;
  readonly hints: readonly string[];
}

export function why(call: Call): Response {
  const { options, flags = {} } = call.request;
  const log = text(options, 'log');
  if (log?.startsWith('/') === true && call.blobs.live === undefined)
    return { ...answerText(''), files: [{ path: log, where: 'document' }] };
  const account = accountOf(call);
  const lines = lastLines(call);
  const { exit = {} } = call.request;
  if (isOn(flags, 'json')) return answerText(`${JSON.stringify(asData(call, account, exit, lines), null, 2)}\n`);
  const parts = [account.head];
  if (account.cause !== undefined) parts.push(renderLong(account.cause, call.texts[call.configName]));
  const facts = factsOf(exit);
  const width = Math.max(0, ...facts.map(([label]) => label.length));
  if (facts.length > 0)
    parts.push(facts.map(([label, words]) => `  ${label.padEnd(width)}  ${indent}${words}`).join('\n'));
  if (account.hints.length > 0)
    parts.push(account.hints.map((hint) => `${mark.label}hint${mark.off}: ${indent}${hint}`).join('\n'));
  if (lines.length > 0)
    parts.push(`last lines of ${printable(log!)}:\n${lines.map((line) => `  ${printable(line)}`).join('\n')}`);
  return answerText(`${parts.join('\n\n')}\n`);
}

function asData(call: Call, { head, cause, hints }: Account, exit: Exit, log: readonly string[]): object {
  const { id, status } = call.request;
  return { id, status, summary: head, exit,
    ...(cause === undefined ? {} : { cause: { message: cause.message, line: renderLine(cause), ...jsonKeys(cause) } }),
    hints, log };
}

function accountOf(call: Call): Account {
  const { id = '', status = '', exit = {}, first } = call.request;
  const spec = configOf(call);
  if (status !== 'stopped') return { head: `${id} is ${status}: it has not ended`, hints: [] };
  if (first !== undefined) {
    const cause = explain(planOf(call), spec, first, () => call.configName, 'start');
    return { head: `${id} did not start`, ...located(call, cause), hints: [] };
  }
  if (exit.started === undefined && exit.status === undefined)
    return { head: `${id} ended before its program was started, or nobody saw its start`, hints: unseen(exit) };
  if (exit.reason === 'oom')
    return { head: `${id} ended because memory ran out${statusWords(exit)}`, ...located(call, memoryEnd(spec)),
      hints: [] };
  if (exit.reason === 'seccomp' || exit.signal === 'SIGSYS')
    return {
      head: `${id} was ended by its seccomp profile${
        exit.systemCall === undefined ? '' : `, for the system call ${exit.systemCall}`
      }`,
      ...located(call, seccompEnd(spec, exit.systemCall)),
      hints: [],
    };
  const answered = exit.systemCall === undefined || exit.status === 0
    ? undefined
    : seccompAnswer(spec, exit.systemCall);
  return { head: endWords(id, exit), ...located(call, answered),
    hints: exit.status === undefined ? unseen(exit) : hintsOf(exit, spec) };
}

/** The rule of the profile that answers a call with an errno; undefined where none does. */
function seccompAnswer(spec: Spec, systemCall: string): Diagnostic | undefined {
  const refusal = refusalOf(spec.linux?.seccomp, systemCall, []);
  return refusal === undefined || deadly.test(refusal.action)
    ? undefined
    : diagnose('callAnswered', { call: systemCall }, placeAt(refusal.pointer));
}

function located(call: Call, cause: Diagnostic | undefined): { cause?: Diagnostic } {
  if (cause === undefined) return {};
  return { cause: locateAll([cause], call.texts[call.configName]!, call.configName)[0]! };
}

function statusWords({ status }: Exit): string {
  return status === undefined ? '' : ` (status ${status})`;
}

const signalBase = 128;

function endWords(id: string, exit: Exit): string {
  const { status, signal, sentBy, sentSignal } = exit;
  if (status === undefined) return `${id} has ended; with what status nobody has seen`;
  if (signal !== undefined) {
    const words = `${id} was ended by ${signal} (${signalWords(status - signalBase)})`;
    return sentBy !== undefined && sentSignal === signal ? `${words}, which "veloci ${sentBy}" sent` : words;
  }
  const after = sentBy === undefined ? '' : `, after "veloci ${sentBy}" had sent ${sentSignal ?? 'a signal'}`;
  return status === 0
    ? `${id} ended by itself, without an error${after}`
    : `${id} ended by itself with status ${status}${after}`;
}

/** What the words of a shell for its own failures are. */
const shellWords: Readonly<Record<number, string>> = {
  126: 'shells use status 126 for a command that they may not execute: see its mode, and noexec of its mount',
  127: 'shells use status 127 for a command that is not in the root file system, or not in PATH',
};

function hintsOf({ status = 0, signal, sentBy }: Exit, spec: Spec): string[] {
  const hints: string[] = [];
  if (signal === 'SIGKILL' && sentBy === undefined)
    hints.push("veloci has not sent it: an engine, the host's OOM killer (see the kernel log) or somebody else has");
  if (signal !== undefined || status === 0) return hints;
  const own = status > signalBase ? signalWords(status - signalBase) : undefined;
  if (own !== undefined)
    hints.push(`shells use status ${status} for a command that a signal ended: ${own}`);
  if (shellWords[status] !== undefined) hints.push(shellWords[status]);
  return [...hints, ...refusals(spec)];
}

/** What may be behind "operation not permitted" in the program's own words. */
function refusals({ linux, process }: Spec): string[] {
  const hints: string[] = [];
  const profile = linux?.seccomp;
  if (profile !== undefined &&
    /ERRNO|ENOSYS/.test(`${profile.defaultAction}${(profile.syscalls ?? []).map(({ action }) => action).join()}`))
    hints.push('if it says "Operation not permitted": the seccomp profile answers some system calls with an error; '
      + '"veloci run --learn FILE" shows which ones it refuses'
      + (profile.flags?.includes('SECCOMP_FILTER_FLAG_LOG') === true
        ? ''
        : ', and with SECCOMP_FILTER_FLAG_LOG in linux.seccomp.flags the kernel logs them'));
  const bounding = process?.capabilities?.bounding?.length ?? 0;
  if (bounding === 0) hints.push('if it says "Operation not permitted": it has no capabilities (process.capabilities)');
  if (process?.noNewPrivileges === true) hints.push('set-user-id programs gain nothing here (process.noNewPrivileges)');
  return hints;
}

function unseen({ reason }: Exit): string[] {
  return reason === undefined
    ? [
      'Linux 6.15 and later keep the status for "veloci wait" and "veloci events" that watch the end; "veloci run" always sees it',
    ]
    : [];
}

/** The rest of the record, a line each. */
function factsOf(exit: Exit): (readonly [label: string, words: string])[] {
  const { started, finished, memoryPeak, cpuUser, cpuSystem, sentBy, sentSignal, sentAt } = exit;
  const facts: (readonly [string, string])[] = [];
  if (started !== undefined) facts.push(['started', started]);
  if (finished !== undefined) facts.push(['ended', finished]);
  if (sentBy !== undefined)
    facts.push(['last signal', `${sentSignal ?? ''} from "veloci ${sentBy}" (${sentAt ?? ''})`]);
  if (memoryPeak !== undefined) facts.push(['memory', `at most ${(memoryPeak / (1 << 20)).toFixed(1)} MiB`]);
  if (cpuUser !== undefined && cpuSystem !== undefined)
    facts.push(['processor', `${seconds(cpuUser)} s of its own, ${seconds(cpuSystem)} s in the kernel`]);
  return facts;
}

function seconds(nanoseconds: number): string {
  return (nanoseconds / 1e9).toFixed(3);
}

/** Lines of the log that are shown. */
const most = 10;

function lastLines({ blobs, host }: Call): readonly string[] {
  if (blobs.live === undefined || blobs.live.length === 0) return [];
  const lines = (host.scan(blobs.live).text ?? '').split('\n').filter((line) => line !== '');
  return lines.slice(-most);
}
