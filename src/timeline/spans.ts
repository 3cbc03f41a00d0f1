// From the stamps of a start to what was done when, by whom, and for which line of the configuration.
import type { Operation, Plan, ProgramName } from '../generated/plan.ts';
import type { Phase, Stamp, Timing } from '../generated/protocol.ts';
import { concernOf, describe } from '../plan/explain.ts';

/** The processes of a start, in the order in which they are shown. */
export const lanes = ['host', 'stager', 'init'] as const;
export type Lane = (typeof lanes)[number];

/** What took the time from `begin` to `end`; nanoseconds since the command began. */
export interface Span {
  readonly lane: Lane;
  /** The operation, or what the command does beside its operations. */
  readonly name: string;
  /** Its fields in words. */
  readonly what: string;
  /** JSON pointer of what caused it; undefined for what no configuration asks for. */
  readonly pointer?: string;
  readonly concern: string;
  readonly begin: number;
  readonly end: number;
  /** Whether it waits for another process of the start. */
  readonly waits: boolean;
}

/** A start: its spans in the order of their beginning. */
export interface Timeline {
  readonly spans: readonly Span[];
  /** When the command began and ended; `start` as a command of its own has a second pair. */
  readonly commands: readonly { readonly name: string; readonly begin: number; readonly end: number }[];
  /** Stamps that the ring had no room for: the first ones of a very long plan. */
  readonly lost: number;
}

const waiting: ReadonlySet<Operation['op']> = new Set<Operation['op']>(['process.await', 'process.start', 'sync.await',
  'fd.receive', 'start.wait', 'process.ids']);

const laneOf = (program: string): Lane => (program === 'stager' || program === 'init' ? program : 'host');

/**
 * Makes a timeline. An operation's time runs from the stamp before it in the same process to its own.
 *
 * @param plan the plan that the container was started with
 */
export function timelineOf(plan: Plan, { phases, stamps, lost }: Timing): Timeline {
  const time = new Map(phases.map(({ name, time: moment }) => [name, moment]));
  const commands = commandsOf(time);
  const spans: Span[] = [];
  const begun = time.get('begin') ?? stamps[0]?.time ?? 0;
  const planned = time.get('planned') ?? begun;
  if (planned > begun)
    spans.push({ ...beside, name: 'plan', what: 'read, validate and compile config.json', concern: 'engine',
      begin: begun, end: planned });
  // The stager gets its part of the plan from process.spawn.
  const last: Record<Lane, number> = { host: planned, stager: planned, init: planned };
  const startBegun = time.get('start');
  let started = false;
  for (const stamp of inOrder(stamps)) {
    const { program, time: end } = stamp;
    const lane = laneOf(program);
    if (program === 'start' && !started) {
      started = true;
      last.host = Math.max(last.host, startBegun ?? 0);
    }
    const operation = operationOf(plan, stamp);
    if (operation !== undefined) spans.push(spanOf(operation, lane, last[lane], end));
    else spans.push({ ...beside, lane, name: stamp.op ?? 'unknown', what: '', concern: 'others', begin: last[lane],
        end });
    last[lane] = end;
    // init is the clone that the stager's last operation makes.
    if (program === 'stager') last.init = end;
    if (operation?.op === 'process.spawn') last.stager = Math.max(last.stager, end);
  }
  addExecution(spans, plan, last.init, time.get('started'));
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { spans, commands, lost };
}

/** What operations are of, by the beginnings of their names: of an exec not all have a pointer. */
const families: readonly (readonly [prefix: string, concern: string])[] = [['cgroup.', 'cgroups'], ['ns.',
  'namespaces'], ['namespace.', 'namespaces'], ['seccomp.', 'seccomp'], ['filter.', 'seccomp'], ['console.',
  'terminal'], ['', 'process']];

/**
 * The timeline of an exec, whose stamps have the names of their operations: its own plan is not made again, so that they have no
 * fields.
 *
 * @param pointers what in the configuration causes operations, by their names
 */
export function execTimelineOf(
  { phases, stamps, lost }: Timing,
  pointers: ReadonlyMap<string, string>,
): Timeline {
  const time = new Map(phases.map(({ name, time: moment }) => [name, moment]));
  const begin = time.get('begin') ?? 0;
  const planned = time.get('planned') ?? begin;
  const ended = time.get('started') ?? stamps.at(-1)?.time ?? planned;
  const spans: Span[] = [{ ...beside, name: 'plan', what: 'find the plan that is kept, or compile one',
    concern: 'engine', begin, end: planned }];
  // The stager is started while the plan is made.
  const last: Record<Lane, number> = { host: planned, stager: planned, init: planned };
  for (const { program, op = 'unknown', time: end } of inOrder(stamps)) {
    const lane = laneOf(program);
    const concern = families.find(([prefix]) => op.startsWith(prefix))![1];
    const pointer = pointers.get(op);
    spans.push({ lane, name: op, what: '', concern, begin: Math.min(last[lane], end), end,
      waits: waiting.has(op as Operation['op']), ...(pointer === undefined ? {} : { pointer }) });
    last[lane] = end;
    if (program === 'stager') last.init = end;
  }
  const run = pointers.get('program.run');
  if (ended > last.init)
    spans.push({ lane: 'init', name: 'program.run', what: '', concern: 'process', begin: last.init, end: ended,
      waits: false, ...(run === undefined ? {} : { pointer: run }) });
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { spans, commands: [{ name: 'exec', begin, end: ended }], lost };
}

/** By their times, each once: those of an init that reports in memory of its own are brought over late, and maybe twice. */
function inOrder(stamps: readonly Stamp[]): readonly Stamp[] {
  const each = new Map(stamps.map((stamp) => [`${stamp.program} ${stamp.index} ${stamp.time}`, stamp]));
  return [...each.values()].sort((a, b) => a.time - b.time);
}

/** What a stamp is of; undefined when the plan has another operation there now. */
function operationOf(plan: Plan, { program, index, op }: Stamp): Operation | undefined {
  const operation = plan.programs[program as ProgramName]?.[index];
  return op === undefined || op === operation?.op ? operation : undefined;
}

const beside = { lane: 'host', waits: false } as const;

/** init's execve is done when the command knows that it worked: nothing is left in init to stamp it. */
function addExecution(spans: Span[], plan: Plan, begin: number, started: number | undefined): void {
  const run = plan.programs.init?.find(({ op }) => op === 'program.run');
  if (run !== undefined && started !== undefined && started > begin) spans.push(spanOf(run, 'init', begin, started));
}

function spanOf(operation: Operation, lane: Lane, begin: number, end: number): Span {
  // Which of its two ways an alternative went is not stamped.
  const { op, from } = operation.op === 'alt' ? operation.try : operation;
  return { lane, name: op, what: describe(operation.op === 'alt' ? operation.try : operation), pointer: from,
    concern: op.startsWith('hook.') ? 'hooks' : concernOf(from), begin: Math.min(begin, end), end,
    waits: waiting.has(op) };
}

/** create, or run; and start where it was a command of its own. */
function commandsOf(time: ReadonlyMap<Phase, number>): Timeline['commands'] {
  const begin = time.get('begin'), created = time.get('created'), start = time.get('start'),
    started = time.get('started');
  if (begin === undefined || created === undefined) return [];
  if (start === undefined || started === undefined) return [{ name: 'create', begin, end: created }];
  return [{ name: 'create', begin, end: created }, { name: 'start', begin: start, end: started }];
}
