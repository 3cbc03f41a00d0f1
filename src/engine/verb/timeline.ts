// timeline: when each operation of the last start was done.
import type { Response } from '../../generated/plan.ts';
import { locate } from '../../spec/parse/locate.ts';
import { timelineChrome } from '../../timeline/chrome.ts';
import { timelineOtlp } from '../../timeline/otlp.ts';
import { execTimelineOf, timelineOf } from '../../timeline/spans.ts';
import { timelineSvg } from '../../timeline/svg.ts';
import { timelineText } from '../../timeline/text.ts';
import type { Call } from '../call.ts';
import { isOn, text as textOption } from '../options.ts';
import { answerText } from '../respond.ts';
import { planOf } from './create.ts';

/** Of a kept request `options` are those of the command that made the container; `flags` are this command's. */
export function timeline(call: Call): Response {
  const { request } = call;
  const timing = request.timing!;
  const plan = timing.exec === true ? undefined : planOf(call);
  const text = call.texts[call.configName] ?? '';
  const place = (pointer: string): string => {
    const { line } = locate(text, pointer);
    return line === 0 ? '' : `${call.configName}:${line}`;
  };
  const timeline = plan === undefined ? execTimelineOf(timing) : timelineOf(plan, timing);
  const { flags = {}, options, id: container = '' } = request;
  // run --timeline has no flags of another command.
  const file = request.flags === undefined ? textOption(options, 'timeline') ?? '' : '';
  if (isOn(flags, 'svg') || file.endsWith('.svg'))
    return answerText(timelineSvg(timeline, `${plan === undefined ? 'exec in' : 'start of'} ${container}`, place));
  if (isOn(flags, 'chrome') || file.endsWith('.json')) return answerText(timelineChrome(timeline, place));
  if (isOn(flags, 'otlp')) {
    const traceparent = timing.traceparent ?? (plan === undefined ? undefined : request.facts.traceparent);
    const epoch = BigInt(timing.epoch) * 1000n;
    const context = { container, epoch, ...(traceparent === undefined ? {} : { traceparent }) };
    return answerText(timelineOtlp(timeline, context, place));
  }
  return answerText(timelineText(timeline, place));
}
