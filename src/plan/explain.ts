// A plan as text for people: one line for each operation, in the order in which they run.
import { MountAttrFlag, NamespaceFlag, SignalReachFlag } from '../generated/plan.ts';
import type { CgroupDir, DeviceNumber, Freezer, FsOption, Operation, Plan, ProgramName,
  Template } from '../generated/plan.ts';
import { operations } from '../generated/plan-meta.ts';
import { errnoName } from '../diagnostic/errno.ts';
import { accessTime } from '../spec/mount-options.ts';
import { stepsOf } from './hierarchies.ts';
import { everyAttribute } from './concern/mount/locked.ts';

/** Programs in the order in which they come to run, and who runs them. */
export const programTitles: readonly (readonly [name: ProgramName, title: string])[] = [
  ['create', 'create, on the host'],
  ['exec', 'exec, on the host'],
  ['stager', 'stager, on the way into the container'],
  ['init', 'init, in the container'],
  ['start', 'start, on the host'],
  ['kill', 'kill, on the host'],
  ['delete', 'delete, on the host'],
  ['pause', 'pause, on the host'],
  ['resume', 'resume, on the host'],
  ['update', 'update, on the host'],
];

/** Headings by the beginning of the pointer of what caused an operation; the first that fits counts. */
const headings: readonly (readonly [prefix: string, heading: string])[] = [
  ['/linux/resources/devices', 'device rules'],
  ['/linux/resources', 'limits'],
  ['/linux/cgroupsPath', 'cgroups'],
  ['/linux/namespaces', 'namespaces'],
  ['/linux/uidMappings', 'namespaces'],
  ['/linux/devices', 'devices'],
  ['/linux/seccomp', 'seccomp'],
  ['/linux/sysctl', 'sysctls'],
  ['/linux/maskedPaths', 'paths'],
  ['/linux/readonlyPaths', 'paths'],
  ['/linux/rootfsPropagation', 'root'],
  ['/linux', 'cgroups'],
  ['/mounts', 'mounts'],
  ['/root', 'root'],
  ['/hooks', 'hooks'],
  ['/hostname', 'names'],
  ['/domainname', 'names'],
  ['/process/terminal', 'terminal'],
  ['/process', 'process'],
  ['', 'container'],
];

/**
 * Writes a plan as text.
 *
 * @param place where a pointer leads to, such as `config.json:41`; empty when it is not known
 * @param all whether what is done in each hierarchy of cgroup v1 has a line for each
 */
export function explainPlan(plan: Plan, place: (pointer: string) => string, all = true): string {
  const rows: Row[] = [];
  for (const [name, title] of programTitles) {
    const list = plan.programs[name];
    if (list === undefined || list.length === 0) continue;
    rows.push({ title });
    let heading = '';
    const steps = all ? list.map((first) => ({ first, hierarchies: [], path: '' })) : stepsOf(list);
    for (const { first, hierarchies, path } of steps) {
      const own = concernOf(first.from);
      if (own !== heading) rows.push({ heading: own });
      heading = own;
      if (hierarchies.length > 0)
        rows.push({ op: first.op, what: `${path} in ${hierarchies.join(', ')}`, place: place(first.from) });
      else if (!all && first.op === 'state.record')
        rows.push({ op: first.op, what: `${first.cgroups.length} cgroups`, place: place(first.from) });
      else addRows(rows, first, '', place);
    }
  }
  return layOut(rows);
}

type Row = { readonly title: string } | { readonly heading: string } | { readonly op: string; readonly what: string;
  readonly place: string };

/** What the value at a pointer is about, in a word or two. */
export function concernOf(pointer: string): string {
  return headings.find(([prefix]) => pointer.startsWith(prefix))![1];
}

function addRows(rows: Row[], operation: Operation, when: string, place: (pointer: string) => string): void {
  if (operation.op !== 'alt') {
    rows.push({ op: when + operation.op, what: describe(operation), place: place(operation.from) });
    return;
  }
  addRows(rows, operation.try, when, place);
  const names = operation.onErrno.map(errnoName).join(', ');
  if (operation.else === undefined) rows.push({ op: `  on ${names}:`, what: 'go on', place: '' });
  else addRows(rows, operation.else, `  on ${names}: `, place);
}

/** Columns wider than this do not widen the others. */
const widest = 72;

function layOut(rows: readonly Row[]): string {
  let opWidth = 0;
  let whatWidth = 0;
  for (const row of rows) {
    if (!('op' in row)) continue;
    opWidth = Math.max(opWidth, Math.min(row.op.length, 30));
    whatWidth = Math.max(whatWidth, Math.min(row.what.length, widest));
  }
  let text = '';
  for (const row of rows) {
    if ('title' in row) text += `${text === '' ? '' : '\n'}${row.title}\n`;
    else if ('heading' in row) text += `  ${row.heading}\n`;
    else text += `    ${row.op.padEnd(opWidth)}  ${row.what.padEnd(whatWidth)}  ${row.place}`.trimEnd() + '\n';
  }
  return text;
}

/** The fields of an operation that say something, the most telling one first and without its name. */
export function describe(operation: Operation): string {
  const { fields } = operations()[operation.op];
  const values = operation as unknown as Readonly<Record<string, unknown>>;
  let first = '';
  let rest = '';
  for (const key in fields) {
    const text = textOf(key, fields[key]!, values[key]);
    if (text === '') continue;
    if (leading.has(key) && first === '') first = text;
    else rest += fields[key] === 'bool' ? ` ${key}` : ` ${key}=${text}`;
  }
  return (first + rest).trimStart();
}

const leading: ReadonlySet<string> = new Set([
  'target',
  'path',
  'dir',
  'point',
  'args',
  'types',
  'name',
  'hostname',
  'resource',
  'env',
  'kind',
  'slot',
]);

function textOf(key: string, type: string, value: unknown): string {
  if (value === undefined || value === false || value === '' || value === 'keep') return '';
  if (value === true) return 'yes';
  if (type === 'flags Namespace') return flagNames(value as number, NamespaceFlag);
  if (key === 'locked' && value === everyAttribute) return 'any';
  if (key === 'stayOn') return (value as readonly number[]).map(errnoName).join(',');
  if (type === 'flags SignalReach') return flagNames(value as number, SignalReachFlag);
  if (type === 'flags MountAttr' && key !== 'clear' && key !== 'clearAll')
    return flagNames(value as number, MountAttrFlag);
  if (type === 'flags MountAttr') return value === 0 ? '' : clearedNames(value as number);
  if (type === 'u32' && (key === 'mode' || key === 'umask')) return (value as number).toString(8).padStart(4, '0');
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  if (type === 'template' || type === 'optional template') return templateText(value as Template);
  if (Array.isArray(value)) return value.map(itemText).join(',');
  if (typeof value === 'object') return itemText(value);
  return String(value).trimEnd().replaceAll('\n', '; ');
}

function itemText(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  if ('key' in item) {
    const { key, value } = item as FsOption;
    return value === undefined ? key : `${key}=${value}`;
  }
  // A program of the kernel in a plan that was listed (src/saved/listing.ts).
  if ('bytes' in item) return `(${(item as { bytes: number }).bytes} bytes)`;
  if ('major' in item) {
    const { block, major, minor } = item as DeviceNumber;
    return `${block ? 'b' : 'c'} ${major}:${minor}`;
  }
  const dir = 'dir' in item ? (item as Freezer).dir : item as CgroupDir;
  return dir.path === undefined || dir.path === '' ? dir.mount : `${dir.mount}/${dir.path}`;
}

/** Longest part of a template that is shown. */
const longestTemplate = 40;

function templateText(template: Template): string {
  let text = '';
  for (const part of template) text += typeof part === 'string' ? part : `<${part.hole}>`;
  const line = text.replaceAll('\n', ' ');
  return line.length > longestTemplate ? `${line.slice(0, longestTemplate)}...` : line;
}

function flagNames(value: number, flags: Readonly<Record<string, number>>): string {
  const names = [];
  for (const name in flags) if ((value & flags[name]!) !== 0) names.push(name);
  return names.join(',');
}

/** The whole access time field is cleared to set another mode: without one that is relatime. */
function clearedNames(value: number): string {
  const rest = flagNames(value & ~accessTime, MountAttrFlag);
  if ((value & accessTime) === 0) return rest;
  return rest === '' ? 'atime' : `${rest},atime`;
}
