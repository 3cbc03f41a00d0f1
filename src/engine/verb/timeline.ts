// timeline: when each operation of the last start was done.
import type { Process } from '../../generated/config.ts';
import type { Operation, Response } from '../../generated/plan.ts';
import { compileExec } from '../../plan/compile-exec.ts';
import { processOfFile } from '../../plan/exec-process.ts';
import { PlanError } from '../../plan/context.ts';
import { locate } from '../../spec/parse/locate.ts';
import { timelineChrome } from '../../timeline/chrome.ts';
import { timelineOtlp } from '../../timeline/otlp.ts';
import { execTimelineOf, timelineOf } from '../../timeline/spans.ts';
import { timelineSvg } from '../../timeline/svg.ts';
import { timelineText } from '../../timeline/text.ts';
import type { Call } from '../call.ts';
import { contextOf, isOn, text as textOption } from '../options.ts';
import { configOf, InvalidDocument, processOf } from '../read.ts';
import { answerText } from '../respond.ts';
import { planOf } from './create.ts';

/** Of a kept request `options` are those of the command that made the container; `flags` are this command's. */
export function timeline(call: Call): Response {
  const { request } = call;
  const timing = request.timing!;
  const plan = timing.exec === true ? undefined : planOf(call);
  const ofExec = plan === undefined ? execPointers(call) : new Map<string, string>();
  const place = (pointer: string): string => {
    const name = timing.process === undefined || ofConfig.test(pointer) ? call.configName : timing.process;
    const { line } = locate(call.texts[name === timing.process ? call.processName : name] ?? '', pointer);
    return line === 0 ? '' : `${name}:${line}`;
  };
  const timeline = plan === undefined ? execTimelineOf(timing, ofExec) : timelineOf(plan, timing);
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

/** Pointers that a process file never has. */
const ofConfig = /^\/(linux|annotations|hostname|domainname|root|mounts|hooks|process)(\/|$)/;

/** What only the command line of an exec says, where there is no process file. */
const given: ReadonlySet<string> = new Set(['program.find', 'program.run', 'cwd.enter', 'cwd.again', 'process.env']);

/**
 * What in the process file or the configuration causes the operations of an exec, where all of one name have the same cause. What
 * was given on the command line is not kept, and so has none.
 */
function execPointers(call: Call): ReadonlyMap<string, string> {
  const file = processFileOf(call);
  const causes = new Map<string, string>();
  for (const operation of execOperations(call, file)) {
    const { op, from } = operation.op === 'alt' ? operation.try : operation;
    if (from === '' || file === undefined && given.has(op)) continue;
    // Those of the process are relative to it; what its file leaves open is that of the configuration.
    const own = ofConfig.test(from) || file !== undefined && from.split('/')[1]! in file;
    const pointer = own ? from : `/process${from}`;
    causes.set(op, causes.has(op) && causes.get(op) !== pointer ? '' : pointer);
  }
  return new Map([...causes].filter(([, pointer]) => pointer !== ''));
}

/** undefined without one, and for one that was given to a newer version. */
function processFileOf(call: Call): Process | undefined {
  if (call.request.timing!.process === undefined) return undefined;
  try {
    return processOf(call);
  } catch (error) {
    if (error instanceof InvalidDocument) return undefined;
    throw error;
  }
}

/** None where the configuration that is kept can no longer be planned: a timeline does without lines then. */
function execOperations(call: Call, file: Process | undefined): readonly Operation[] {
  try {
    const spec = configOf(call);
    const process = file === undefined ? spec.process : processOfFile(spec, file);
    if (process === undefined) return [];
    const { programs } = compileExec(spec, process, [], 'lenient', contextOf(call.request, call.host));
    return Object.values(programs).flat();
  } catch (error) {
    if (error instanceof PlanError || error instanceof InvalidDocument) return [];
    throw error;
  }
}
