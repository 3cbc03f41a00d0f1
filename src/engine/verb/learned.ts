// learned: the seccomp profile of what a program was seen to call, with what earlier runs have learned.
import { utf8Of } from '../../base/utf8.ts';
import { diagnose } from '../../diagnostic/diagnose.ts';
import { errno } from '../../diagnostic/errno.ts';
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import type { LearnedCall, Request } from '../../generated/protocol.ts';
import { capabilitiesOf, capabilitiesReport, capabilitySets } from '../../learn/capabilities.ts';
import { addPaths, earlierPaths, pathRules, pathsFile, pathsReport } from '../../learn/paths.ts';
import { addCalls, addProfile, profileOf, type Learned } from '../../learn/profile.ts';
import { refusedReport } from '../../learn/refused.ts';
import { learnedReport } from '../../learn/report.ts';
import { PlanError } from '../../plan/context.ts';
import { locate } from '../../spec/parse/locate.ts';
import type { Call } from '../call.ts';
import { text } from '../options.ts';
import { answerText } from '../respond.ts';

/** The profile as the text of the file, and a report as a warning. @throws PlanError when the file is another one */
export function learned(call: Call): Response {
  const { request, blobs, host } = call;
  const all: Learned = { architectures: new Set(), allowed: new Map() };
  const before = blobs.process ?? new Uint8Array();
  if (before.length > 0 && !addProfile(all, parsed(host.scan(before).text)))
    throw new PlanError(diagnose('learnForm', { path: text(request.options, 'learn') ?? '' }));
  const known = all.allowed.size;
  const { calls } = request.learned!;
  addCalls(all, calls);
  const profile = profileOf(all);
  const count = calls.reduce((sum, call) => sum + call.count, 0);
  const parts = [capabilitiesPart, pathsPart].map((part) => part(request, () => configOf(blobs.config, host)));
  return {
    ...answerText(`${JSON.stringify(profile, null, 2)}\n`),
    ...Object.assign({}, ...parts.map(({ file }) => file)),
    warnings: learnedReport(profile, count, known) + refusedPart(call, calls) +
      parts.map(({ words }) => words).join(''),
  };
}

/** What the configuration's own profile, which is not used meanwhile, would have refused. */
function refusedPart({ blobs, host, configName }: Call, calls: readonly LearnedCall[]): string {
  const text = host.scan(blobs.config ?? new Uint8Array()).text ?? '';
  const spec = parsed(text) as Spec | undefined;
  return refusedReport(spec?.linux?.seccomp, calls, (pointer) => `${configName}:${locate(text, pointer).line}`);
}

/** What is asked for besides the profile: its file, where there is one, and lines of the report. */
interface Part {
  readonly file?: Pick<Response, 'config' | 'stored'>;
  readonly words: string;
}

/** The profile is written all the same when they are not: it has been learned. */
function capabilitiesPart({ learned, options }: Request, config: () => Spec | undefined): Part {
  const { capabilities } = learned!;
  if (capabilities === undefined) return { words: '' };
  const path = text(options, 'learn-capabilities') ?? '';
  if (capabilities.errno !== 0) {
    const why = reasons[capabilities.errno] ??
      'it takes CAP_PERFMON and CAP_SYS_ADMIN on the host, tracefs, and addresses in /proc/kallsyms';
    return { words: `no capabilities are written to ${path}: ${why}\n` };
  }
  const names = capabilitiesOf(capabilities);
  if (names === undefined) throw new PlanError(diagnose('learnCapabilitiesForm', { path }));
  // An ordinary user has them by the ambient set.
  const sets = capabilitySets(names, (config()?.process?.user?.uid ?? 0) !== 0);
  return { file: { config: `${JSON.stringify(sets, null, 2)}\n` }, words: capabilitiesReport(names) };
}

function pathsPart({ learned, options }: Request, config: () => Spec | undefined): Part {
  const { paths, calls } = learned!;
  if (paths === undefined) return { words: '' };
  const path = text(options, 'learn-paths') ?? '';
  if (paths.errno !== 0) {
    const why = pathReasons[paths.errno]
      ?? "the processes may not be looked into: it takes the user of the container's user namespace, or CAP_SYS_PTRACE";
    return { words: `no paths are written to ${path}: ${why}\n` };
  }
  const rights = earlierPaths(paths.before);
  if (rights === undefined) throw new PlanError(diagnose('learnPathsForm', { path }));
  addPaths(rights, paths.used);
  const rules = pathRules(rights);
  const process = config()?.process;
  const restricts = process === undefined || process.noNewPrivileges === true
    || process.capabilities?.effective?.includes('CAP_SYS_ADMIN') === true;
  const used = paths.used.filter((one) => one.rights !== 0).length;
  const words = pathsReport(rules, used, calls.map(({ name }) => name), paths)
    + (restricts ? '' : 'Landlock takes process.noNewPrivileges, which this configuration does not set\n');
  return { file: { stored: new Uint8Array(utf8Of(pathsFile(rules))) }, words };
}

/** Why capabilities cannot be seen, by errno. */
const reasons: Readonly<Record<number, string>> = {
  [errno.ENOENT]: 'this kernel has no tracepoint capability:cap_capable (Linux 6.14)',
  [errno.ENODATA]: 'no program was executed',
  [errno.EOVERFLOW]: 'the kernel asked for more than could be noted',
};

/** Why paths cannot be seen, by errno. */
const pathReasons: Readonly<Record<number, string>> = {
  [errno.ENODATA]: 'no program was executed',
  [errno.EOVERFLOW]: 'more different paths were used than are kept',
};

function configOf(config: Uint8Array | undefined, host: Call['host']): Spec | undefined {
  return parsed(config === undefined ? undefined : host.scan(config).text) as Spec | undefined;
}

/** undefined for what is no JSON. */
function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
