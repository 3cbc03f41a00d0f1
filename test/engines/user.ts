// An ordinary user that exists in this mount namespace alone: files of /etc with one more line lie over the host's.
import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Takes the files away again. */
  remove(): void;
}

const lines = (user: Omit<User, 'remove'>): Readonly<Record<string, string>> => ({
  passwd: `${user.name}:x:${user.uid}:${user.gid}::/:/bin/sh`,
  group: `${user.name}:x:${user.gid}:`,
  subuid: `${user.name}:700000:65536`,
  subgid: `${user.name}:700000:65536`,
});

function bind(source: string, target: string): void {
  const { status, stderr } = spawnSync('mount', ['--bind', source, target], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount --bind ${source} ${target}: ${stderr}`);
}

/** Makes a user with a range of sub ids, who may open the tunnel device as on any desktop; `dir` takes the files. */
export function makeUser(dir: string): User {
  const user = { name: 'veloci-rootless', uid: 64321, gid: 64321 };
  mkdirSync(dir, { recursive: true });
  const bound: string[] = [];
  const lay = (name: string, target: string): void => {
    bind(join(dir, name), target);
    bound.push(target);
  };
  for (const [name, line] of Object.entries(lines(user))) {
    copyFileSync(join('/etc', name), join(dir, name));
    appendFileSync(join(dir, name), `${line}\n`);
    lay(name, join('/etc', name));
  }
  spawnSync('mknod', ['-m', '666', join(dir, 'tun'), 'c', '10', '200']);
  lay('tun', '/dev/net/tun');
  return { ...user, remove: () => {
    spawnSync('umount', bound);
  } };
}
