// learned: the seccomp profile of what a program was seen to call, with what earlier runs have learned.
import { diagnose } from '../../diagnostic/diagnose.ts';
import { errno } from '../../diagnostic/errno.ts';
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import { capabilitiesOf, capabilitiesReport, capabilitySets } from '../../learn/capabilities.ts';
import { addCalls, addProfile, profileOf, type Learned } from '../../learn/profile.ts';
import { learnedReport } from '../../learn/report.ts';
import { PlanError } from '../../plan/context.ts';
import type { Call } from '../call.ts';
import { text } from '../options.ts';
import { answerText } from '../respond.ts';

/** The profile as the text of the file, and a report as a warning. @throws PlanError when the file is another one */
export function learned({ request, blobs, host }: Call): Response {
  const all: Learned = { architectures: new Set(), allowed: new Map() };
  const before = blobs.process ?? new Uint8Array();
  if (before.length > 0 && !addProfile(all, parsed(host.scan(before).text)))
    throw new PlanError(diagnose('learnForm', { path: text(request.options, 'learn') ?? '' }));
  const known = all.allowed.size;
  const { calls } = request.learned!;
  addCalls(all, calls);
  const profile = profileOf(all);
  const count = calls.reduce((sum, call) => sum + call.count, 0);
  const warnings = learnedReport(profile, count, known);
  const answer = answerText(`${JSON.stringify(profile, null, 2)}\n`);
  const { capabilities } = request.learned!;
  if (capabilities === undefined) return { ...answer, warnings };
  const path = text(request.options, 'learn-capabilities') ?? '';
  // The profile is written all the same: it has been learned.
  if (capabilities.errno !== 0) {
    const why = reasons[capabilities.errno] ??
      'it takes CAP_PERFMON and CAP_SYS_ADMIN on the host, tracefs, and addresses in /proc/kallsyms';
    return { ...answer, warnings: `${warnings}no capabilities are written to ${path}: ${why}\n` };
  }
  const names = capabilitiesOf(capabilities);
  if (names === undefined) throw new PlanError(diagnose('learnCapabilitiesForm', { path }));
  const sets = capabilitySets(names, isKept(blobs.config, host));
  return { ...answer, config: `${JSON.stringify(sets, null, 2)}\n`,
    warnings: `${warnings}${capabilitiesReport(names)}` };
}

/** Why capabilities cannot be seen, by errno. */
const reasons: Readonly<Record<number, string>> = {
  [errno.ENOENT]: 'this kernel has no tracepoint capability:cap_capable (Linux 6.14)',
  [errno.ENODATA]: 'no program was executed',
  [errno.EOVERFLOW]: 'the kernel asked for more than could be noted',
};

/** Whether the configuration gives capabilities by the ambient set, as an ordinary user needs it. */
function isKept(config: Uint8Array | undefined, host: Call['host']): boolean {
  const spec = parsed(config === undefined ? undefined : host.scan(config).text) as Spec | undefined;
  return (spec?.process?.user?.uid ?? 0) !== 0;
}

/** undefined for what is no JSON. */
function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
