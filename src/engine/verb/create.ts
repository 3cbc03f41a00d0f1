// create and run: the plan to execute, and the plan to keep for the later verbs.
import { encodePlan } from '../../generated/encode.ts';
import type { Plan, Response } from '../../generated/plan.ts';
import { renderLine } from '../../diagnostic/render.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import { locateAll } from '../../spec/parse/locate.ts';
import { compile } from '../../plan/compile.ts';
import { requireRights } from '../../plan/rights.ts';
import { worded } from '../wording.ts';
import { contextOf, warningsOf } from '../options.ts';
import { configOf } from '../read.ts';
import type { Call } from '../call.ts';
import { answerPlans } from '../respond.ts';

/** Compiles the container of a request, without a word of warning. */
export function planOf(call: Call): Plan {
  return compile(configOf(call), contextOf(call.request, call.host));
}

export function create(call: Call): Response {
  const wanted = warningsOf(call.request);
  const warnings: Diagnostic[] = [];
  const warn = wanted === 'none' ? undefined : (warning: Diagnostic): void => {
    warnings.push(warning);
  };
  const spec = configOf(call, wanted === 'all' ? warn : undefined);
  requireRights(spec, call.request.facts);
  const plan = compile(spec, contextOf(call.request, call.host, warn));
  const { create: host, stager, init } = plan.programs;
  const now = encodePlan({ planVersion: 1, programs: { create: host, stager, init } }, call.host.writer());
  return answerPlans(now, storedOf(call, plan), linesOf(call, warnings));
}

/** recompile: the stored plan alone, for a container that another version has made. */
export function recompile(call: Call): Response {
  return answerPlans(undefined, storedOf(call, planOf(call)), '');
}

/** The programs of a plan that are kept for the later verbs. */
export function storedOf(call: Call, plan: Plan): Uint8Array {
  const { start, kill, delete: remove, pause, resume } = plan.programs;
  return encodePlan({ planVersion: 1, programs: { start, kill, delete: remove, pause, resume } }, call.host.writer());
}

/** Warnings about a document, one a line. */
export function linesOf(call: Call, warnings: readonly Diagnostic[], name = call.configName): string {
  const text = call.texts[name];
  const located = text === undefined ? warnings : locateAll(warnings, text, name);
  return [...new Set(worded(call.request, located).map(renderLine))].join('\n');
}
