// Parameters of file systems, as they are given and as the kernel shows them afterwards.
import type { Wanted } from './mount-plan.ts';
import type { MountEntry } from './mount-table.ts';
import type { Report, Subject } from './subject.ts';

/** What the kernel shows when a parameter has this value is nothing. */
const hidden: Readonly<Record<string, string>> = { mode: '1777', hidepid: 'off', uid: '0', gid: '0', ptmxmode: '0' };

const hidepid: Readonly<Record<string, string>> = { 0: 'off', 1: 'noaccess', 2: 'invisible', 4: 'ptraceable' };

const pages = [4096, 16384, 65536];

/** A parameter in one form; undefined for those that cannot be compared. */
function normal(key: string, value: string, subject: Subject | undefined): string | undefined {
  switch (key) {
    case 'mode':
    case 'ptmxmode':
      return /^[0-7]+$/.test(value) ? parseInt(value, 8).toString(8) : undefined;
    case 'uid':
    case 'gid':
      return subject === undefined ? value : String(subject.outside(key, Number(value)));
    case 'hidepid':
      return hidepid[value] ?? value;
    case 'size':
      return sizeOf(value)?.toString();
    case 'nr_inodes':
      return sizeOf(value)?.toString();
    case 'max':
      return value;
    default:
      return undefined;
  }
}

function sizeOf(text: string): number | undefined {
  const match = /^([0-9]+)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) *
    { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[match[2]!.toLowerCase() as '' | 'k' | 'm' | 'g'];
}

/** Compares the parameters of a file system that the configuration names. */
export function compareOptions({ from, options }: Wanted, entry: MountEntry, subject: Subject, report: Report): void {
  const last = new Map(options.map(({ key, value }) => [key, value]));
  for (const [key, value] of last) {
    if (value === undefined) continue;
    const wanted = normal(key, value, subject);
    const shown = entry.options.get(key);
    // The kernel refuses a group that is not mapped, and devpts is mounted without it.
    if (key === 'gid' && shown === undefined && !subject.maps(key, Number(value))) continue;
    const running = shown === undefined ? hidden[key] : normal(key, shown, undefined);
    if (wanted === undefined || running === undefined || wanted === running) continue;
    if (key === 'size' && pages.some((page) => Math.ceil(Number(wanted) / page) * page === Number(running))) continue;
    report.differ(pointerOf(from, key, subject), `${key}=${value}`, `${key}=${shown ?? running}`);
  }
}

function pointerOf(from: string, key: string, { spec }: Subject): string {
  const given = spec.mounts?.[Number(from.slice('/mounts/'.length))]?.options;
  const index = given?.findLastIndex((option) => option.split(',').some((part) => part.startsWith(`${key}=`))) ?? -1;
  return index < 0 ? from : `${from}/options/${index}`;
}
