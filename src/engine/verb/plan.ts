// plan: shows what create would do.
import type { Response } from '../../generated/plan.ts';
import { explainPlan } from '../../plan/explain.ts';
import { locate } from '../../spec/parse/locate.ts';
import type { Call } from '../call.ts';
import { isOn } from '../options.ts';
import { answerText } from '../respond.ts';
import { planOf } from './create.ts';

export function plan(call: Call): Response {
  const made = planOf(call);
  if (isOn(call.request.options, 'json')) return answerText(`${JSON.stringify(made, asJson, 2)}\n`);
  const text = call.texts[call.configName] ?? '';
  const places = new Map<string, string>([['', '']]);
  return answerText(explainPlan(made, (pointer) => {
    let place = places.get(pointer);
    if (place === undefined) places.set(pointer, place = `${call.configName}:${locate(text, pointer).line}`);
    return place;
  }));
}

/** Programs of the kernel are shown by their size; integers beyond 2^53 as texts. */
function asJson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: value.length };
  return typeof value === 'bigint' ? String(value) : value;
}
