// update: the plan that changes the limits of a container that runs, and what is kept for the later verbs.
import { renderWrites } from '../../plan/update/writes.ts';
import { diagnose } from '../../diagnostic/diagnose.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import type { Failure } from '../../generated/protocol.ts';
import type { Resources } from '../../generated/config.ts';
import { encodePlan } from '../../generated/encode.ts';
import type { Response } from '../../generated/plan.ts';
import { compile } from '../../plan/compile.ts';
import { compileUpdate } from '../../plan/compile-update.ts';
import type { Update } from '../../plan/compile-update.ts';
import { PlanError } from '../../plan/context.ts';
import { mergeResources, resourcesPointer } from '../../plan/update/merge.ts';
import type { Merged } from '../../plan/update/merge.ts';
import { Findings } from '../../spec/checks/findings.ts';
import { checkLimits } from '../../spec/checks/resources.ts';
import { locateAll } from '../../spec/parse/locate.ts';
import { exactText, replaceValue } from '../../spec/parse/replace.ts';
import type { Call } from '../call.ts';
import { explain } from '../failure.ts';
import { contextOf, isOn } from '../options.ts';
import { InvalidDocument, configOf, resourcesOf } from '../read.ts';
import { answerPlans, answerText } from '../respond.ts';
import { hasLimitFlag, rdtOfFlags, resourcesOfFlags } from '../limit-values.ts';
import { linesOf, storedOf } from './create.ts';

export function update(call: Call): Response {
  const collected: Diagnostic[] = [];
  const result = updateOf(call, (warning) => collected.push(warning));
  const warnings = linesOf(call, collected, call.processName);
  // Engines send zeros for what they do not change: perhaps for everything.
  if (result.operations.length === 0) return { ...answerText(''), warnings };
  if (isOn(flagsOf(call), 'dry-run')) return { ...answerText(renderWrites(result.operations)), warnings };
  const plan = encodePlan({ planVersion: 1, programs: { update: result.operations } }, call.host.writer());
  const stored = storedOf(call, compile(result.spec, contextOf(call.request, call.host)));
  const text = keptText(call, result);
  return { ...answerPlans(plan, stored, warnings), config: text };
}

/** The configuration that is kept for the later verbs, with what the update has changed. */
function keptText(call: Call, { merged, spec }: Update): string {
  const text = replaceValue(call.texts[call.configName]!, resourcesPointer, exactText(merged.resources));
  return rdtOfFlags(flagsOf(call)) === undefined
    ? text
    : replaceValue(text, '/linux/intelRdt', exactText(spec.linux?.intelRdt));
}

/** Why the plan of an update failed; undefined when it has no such operation. */
export function updateFailure(call: Call, failure: Failure): Diagnostic | undefined {
  const { operations, spec, merged } = updateOf(call);
  const diagnostic = explain({ planVersion: 1, programs: { update: operations } }, spec, failure,
    () => call.configName);
  return diagnostic === undefined ? undefined : inUpdate(call, merged, diagnostic);
}

function flagsOf(call: Call): NonNullable<Call['request']['flags']> {
  return call.request.flags ?? {};
}

function updateOf(call: Call, warn?: (warning: Diagnostic) => void): Update {
  const spec = configOf(call);
  const resources: Resources = call.blobs.process === undefined
    ? resourcesOfFlags(flagsOf(call))
    : resourcesOf(call, warn);
  const merged = mergeResources(spec.linux?.resources, resources);
  const rdt = rdtOfFlags(flagsOf(call));
  if (rdt === undefined && call.blobs.process === undefined && !hasLimitFlag(flagsOf(call)))
    throw new PlanError(diagnose('updateNothing'));
  const findings = new Findings(false);
  checkLimits(merged.resources, resourcesPointer, findings);
  if (findings.diagnostics.length > 0)
    throw new InvalidDocument(findings.diagnostics.map((diagnostic) => inUpdate(call, merged, diagnostic)));
  try {
    return compileUpdate(spec, merged, rdt, contextOf(call.request, call.host));
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    throw new PlanError(inUpdate(call, merged, error.diagnostic));
  }
}

/** A diagnostic about the new configuration as one about the update: its place in the file, none for flags. */
function inUpdate(call: Call, { given }: Merged, diagnostic: Diagnostic): Diagnostic {
  const { at, ...rest } = diagnostic;
  if (at === undefined) return diagnostic;
  const pointer = given.get(at.pointer);
  const text = call.texts[call.processName];
  if (pointer === undefined || text === undefined) return rest;
  return locateAll([{ ...rest, at: { ...at, pointer, line: 0 } }], text, call.processName)[0]!;
}
