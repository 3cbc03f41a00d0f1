// What a test must not leave behind: processes, mounts, cgroups, files in the state root, sockets.
// Exact, because the sandbox has its own pid, mount and network namespaces.
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { timeScale } from './paths.ts';

export interface Snapshot {
  processes: Map<number, string>;
  mounts: Set<string>;
  cgroups: Set<string>;
  files: Set<string>;
  sockets: Set<string>;
}

/** Every process of the sandbox but pid 1 and this one: pid → command line (comm for a zombie). */
export function processes(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!(pid > 1) || pid === process.pid) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
      found.set(pid, `${command || stat.slice(0, stat.lastIndexOf(')') + 1)} (${state})`);
    } catch {
      // it has just left
    }
  }
  return found;
}

/** Mount points of this mount namespace with their roots and types, without ids. */
export function mounts(): Set<string> {
  return new Set(readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    return `${point} (${after.split(' ')[0]}, root ${root})`;
  }));
}

/** Cgroups of any hierarchy whose name holds the token of this test process. */
export function cgroups(token: string, dir = '/sys/fs/cgroup', depth = 0): Set<string> {
  const found = new Set<string>();
  let entries: string[] = [];
  try {
    entries = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return found; // removed meanwhile
  }
  for (const name of entries) {
    const path = join(dir, name);
    if (name.includes(token) && existsSync(join(path, 'cgroup.procs'))) found.add(path);
    if (depth < 6) { for (const below of cgroups(token, path, depth + 1)) found.add(below); }
  }
  return found;
}

/**
 * Thaws, empties and removes the cgroups of this test process, whatever the runtime left of them: a frozen
 * process would keep the sandbox from ending, and folders would pile up on the host.
 */
export async function sweepCgroups(token: string): Promise<void> {
  const write = (file: string, text: string): void => {
    if (existsSync(file)) writeFileSync(file, text);
  };
  for (const dir of [...cgroups(token)].reverse()) {
    try {
      write(join(dir, 'freezer.state'), 'THAWED');
      write(join(dir, 'cgroup.freeze'), '0');
      for (const pid of readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').map(Number)) {
        if (pid > 1 && pid !== process.pid) process.kill(pid, 'SIGKILL');
      }
      for (let i = 0; i < 50 && existsSync(dir); i++) {
        try {
          rmdirSync(dir);
        } catch {
          await sleep(10);
        }
      }
    } catch {
      // it went away meanwhile
    }
  }
}

/** Every path below the given folders. */
export function files(...dirs: string[]): Set<string> {
  const found = new Set<string>();
  for (const dir of dirs) {
    try {
      for (const name of readdirSync(dir, { recursive: true })) found.add(join(dir, String(name)));
    } catch {
      // it does not exist (yet)
    }
  }
  return found;
}

/** Abstract unix sockets of the sandbox's network namespace. */
export function abstractSockets(): Set<string> {
  return new Set(readFileSync('/proc/net/unix', 'utf8').split('\n')
    .map((line) => line.split(/\s+/)[7] ?? '').filter((name) => name.startsWith('@')));
}

/** File descriptors of this process. */
function descriptors(pid: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return 'closed';
    }
  });
}

/** The fds of another process, as link texts. */
export function descriptorsOf(pid: number): string[] {
  return descriptors(String(pid));
}

/** `kept` are names below the state root that a runtime may keep for all containers (a cache). */
export function snapshot(token: string, root: string): Snapshot {
  const kept = /\/(\.cache|\.empty-directory)(\/|$)/;
  return {
    processes: processes(),
    mounts: mounts(),
    cgroups: cgroups(token),
    files: new Set([...files(root), ...files('/run')].filter((path) => !kept.test(path))),
    sockets: abstractSockets(),
  };
}

function difference(before: Snapshot, after: Snapshot): string[] {
  const differences: string[] = [];
  for (const [pid, command] of after.processes) {
    if (!before.processes.has(pid)) differences.push(`process ${pid} ${command}`);
  }
  for (const kind of ['mounts', 'cgroups', 'files', 'sockets'] as const) {
    for (const item of after[kind]) if (!before[kind].has(item)) differences.push(`${kind.slice(0, -1)} ${item}`);
  }
  // Who removes a folder of the host takes what is mounted there from everybody.
  const isTaken = (mount: string): boolean => !existsSync(mount.slice(0, mount.lastIndexOf(' (')));
  for (const mount of before.mounts)
    if (!after.mounts.has(mount) && !isTaken(mount)) differences.push(`mount gone: ${mount}`);
  return differences;
}

/**
 * What is there now and was not before; waits up to 2 s for things that are about to go. An empty array
 * is what a test wants. `expected` tells what is no leak yet: the mounts of the case's own bundles.
 */
export async function leaks(
  before: Snapshot,
  token: string,
  root: string,
  expected: (item: string) => boolean = () => false,
): Promise<string[]> {
  const end = Date.now() + 2000 * timeScale;
  for (;;) {
    const leaked = difference(before, snapshot(token, root)).filter((item) => !expected(item));
    if (leaked.length === 0 || Date.now() > end) return leaked;
    await sleep(20);
  }
}
