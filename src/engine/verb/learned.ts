// learned: the seccomp profile of what a program was seen to call, with what earlier runs have learned.
import { diagnose } from '../../diagnostic/diagnose.ts';
import type { Response } from '../../generated/plan.ts';
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
  return { ...answerText(`${JSON.stringify(profile, null, 2)}\n`), warnings: learnedReport(profile, count, known) };
}

/** undefined for what is no JSON. */
function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
