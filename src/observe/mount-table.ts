// Mount tables as /proc/PID/mountinfo has them (proc_pid_mountinfo(5)).
import { MountAttrFlag } from '../generated/plan.ts';

export interface MountEntry {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of its file system. */
  readonly device: string;
  /** What of the file system is mounted. */
  readonly root: string;
  /** Where. */
  readonly point: string;
  /** Bits of MountAttrFlag. */
  readonly flags: number;
  readonly shared: boolean;
  readonly slave: boolean;
  readonly unbindable: boolean;
  /** Whether its ids are mapped (mount_setattr(2)). */
  readonly idmapped: boolean;
  readonly type: string;
  readonly source: string;
  /** Parameters of the file system. */
  readonly options: ReadonlyMap<string, string | undefined>;
}

/** Spaces and the like are written in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

const flagNames = ['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'nosymfollow'] as const;

function flagsOf(text: string): number {
  const words = text.split(',');
  let flags = words.includes('ro') ? MountAttrFlag.rdonly : 0;
  for (const name of flagNames) if (words.includes(name)) flags |= MountAttrFlag[name];
  if (!words.includes('noatime') && !words.includes('relatime')) flags |= MountAttrFlag.strictatime;
  return flags;
}

/** The mounts of a table, without lines that have another form. */
export function parseMounts(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ', 2);
    if (before === undefined || after === undefined) continue;
    const [id, parent, device, root, point, flags, ...fields] = before.split(' ');
    const [type, source, options] = after.split(' ');
    if (flags === undefined || type === undefined) continue;
    entries.push({
      id: Number(id),
      parent: Number(parent),
      device: device!,
      root: unescaped(root!),
      point: unescaped(point!),
      flags: flagsOf(flags),
      shared: fields.some((field) => field.startsWith('shared:')),
      slave: fields.some((field) => field.startsWith('master:')),
      unbindable: fields.includes('unbindable'),
      idmapped: flags.split(',').includes('idmapped'),
      type: unescaped(type),
      source: unescaped(source ?? ''),
      options: new Map((options ?? '').split(',').map((part) => {
        const equals = part.indexOf('=');
        return equals < 0 ? [part, undefined] : [part.slice(0, equals), unescaped(part.slice(equals + 1))];
      })),
    });
  }
  return entries;
}

/** Mounts of one mount point, the lowest first. */
export function stacked(entries: readonly MountEntry[]): MountEntry[] {
  const ids = new Set(entries.map(({ id }) => id));
  const result = entries.filter(({ parent }) => !ids.has(parent));
  for (let index = 0; index < result.length; index++)
    result.push(...entries.filter(({ parent }) => parent === result[index]!.id));
  return result;
}

/** What is left of a path below a folder, with its slash; undefined when it is not below it. */
export function below(path: string, folder: string): string | undefined {
  if (folder === '/') return path === '/' ? '' : path;
  if (path === folder) return '';
  return path.startsWith(`${folder}/`) ? path.slice(folder.length) : undefined;
}

/** `folder` and what is below it. */
export function joined(folder: string, rest: string): string {
  return folder === '/' ? rest || '/' : folder + rest;
}
