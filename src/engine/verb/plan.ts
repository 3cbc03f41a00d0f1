// plan: shows what create would do.
import { summaryOf } from '../../audit/summary.ts';
import { viewOf } from '../../audit/view.ts';
import { indent } from '../../diagnostic/marks.ts';
import type { Operation, Plan, Response } from '../../generated/plan.ts';
import { concernOf, explainPlan } from '../../plan/explain.ts';
import { locate } from '../../spec/parse/locate.ts';
import type { Call } from '../call.ts';
import { isOn } from '../options.ts';
import { answerText } from '../respond.ts';
import { configOf } from '../read.ts';
import { planOf } from './create.ts';

export function plan(call: Call): Response {
  const plan = planOf(call);
  const text = call.texts[call.configName] ?? '';
  const lines = new Map<string, number>([['', 0]]);
  const lineOf = (pointer: string): number => {
    let line = lines.get(pointer);
    if (line === undefined) lines.set(pointer, line = locate(text, pointer).line);
    return line;
  };
  if (isOn(call.request.options, 'json')) return answerText(`${JSON.stringify(annotated(plan, lineOf), asJson, 2)}\n`);
  const place = (pointer: string): string => (lineOf(pointer) === 0 ? '' : `${call.configName}:${lineOf(pointer)}`);
  return answerText(`${head(call)}\n${explainPlan(plan, place, isOn(call.request.options, 'all'))}`);
}

/** What the container is, and how many operations make it so. */
function head(call: Call): string {
  const { facts, bundle } = call.request;
  const rows = summaryOf(viewOf(configOf(call), { facts, ...(bundle === undefined ? {} : { bundle }) }));
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, words]) => `${label.padEnd(width)}  ${indent}${clean(words)}\n`).join('');
}

/** Without what a terminal would act on. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The plan with the concern of each operation and, where it comes from the configuration, the line there. */
function annotated({ planVersion, programs }: Plan, lineOf: (pointer: string) => number): object {
  const lists = (Object.entries(programs) as [string, readonly Operation[]][]).map((
    [name, list],
  ) => [name, list.map((operation) => {
    const line = lineOf(operation.from);
    return { concern: concernOf(operation.from), ...(line === 0 ? {} : { line }), ...operation };
  })]);
  return { planVersion, programs: Object.fromEntries(lists) };
}

/** Programs of the kernel are shown by their size; integers beyond 2^53 as texts. */
function asJson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: value.length };
  return typeof value === 'bigint' ? String(value) : value;
}
