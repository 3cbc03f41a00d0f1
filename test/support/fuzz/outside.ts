// What lies outside of a container, so that a test can tell whether anything of it has changed.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Parameters of the host that an escape would change first. */
const parameters = ['core_pattern', 'hostname', 'domainname', 'randomize_va_space', 'overflowuid'];

function describe(path: string, found: Map<string, string>, skip: (path: string) => boolean): void {
  if (skip(path)) return;
  const { mode, uid, gid, size, mtimeMs, rdev } = lstatSync(path);
  const kind = mode & 0o170000;
  let content = '';
  if (kind === 0o100000) content = readFileSync(path, 'latin1');
  else if (kind === 0o120000) content = readlinkSync(path);
  // What else the test does changes the time of a directory.
  const when = kind === 0o040000 ? '' : `${size} ${mtimeMs}`;
  found.set(path, `${mode.toString(8)} ${uid}:${gid} ${rdev} ${when} ${content}`);
  if (kind === 0o040000) { for (const name of readdirSync(path)) describe(join(path, name), found, skip); }
}

/**
 * Everything below these folders, the mounts of this namespace and a few sysctls.
 *
 * @param skip says which paths belong to the container
 */
export function outside(folders: readonly string[], skip: (path: string) => boolean): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of folders) describe(folder, found, skip);
  for (const name of parameters) found.set(`sysctl ${name}`, readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));
  const points = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').map((line) =>
    line.split(' ').slice(3, 6).join(' ')
  );
  for (const line of points.sort()) {
    let key = `mount ${line}`;
    while (found.has(key)) key += ' again';
    found.set(key, '');
  }
  return found;
}

/** What is in one alone, or differs. */
export function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}: ${before.get(key) ?? 'not there'} → ${after.get(key) ?? 'not there'}`);
}
