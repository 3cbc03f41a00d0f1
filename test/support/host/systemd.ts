// The frame of the tests of --systemd-cgroup, on a host with systemd and cgroup v2, v1 or both, as root and as a user. Not in
// the sandbox of the other tests: systemd is not in there. All that they make has names of its own, and is looked for after each.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync,
  writeFileSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { busyboxRootfs } from '../helpers.ts';
import { runtimePath, timeScale } from '../paths.ts';
import { runtimeName } from '../runtime.ts';
import { defaultConfig, type Config } from '../spec.ts';

const cgroups = '/sys/fs/cgroup';
/** Why these tests cannot run here. */
export const reason = process.getuid?.() !== 0
  ? 'needs root'
  : !existsSync('/run/systemd/private') || readFileSync('/proc/1/comm', 'utf8').trim() !== 'systemd'
  ? 'systemd does not run here'
  : undefined;
/** Whether cgroup v2 is alone. */
export const unified = existsSync(join(cgroups, 'cgroup.controllers'));
export const token = `vs${randomBytes(4).toString('hex')}`;
export const folder = `/tmp/${token}`;
const user = 1000;
export const runtimeDir = `/run/user/${user}`;
const managerPath = `user.slice/user-${user}.slice/user@${user}.service`;

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}
/** Who calls: root, or a user in a delegated scope of the user's own manager. */
export type As = 'root' | 'user';

/** Output goes to files: a detached container keeps its standard output. */
export function call(command: string, args: readonly string[], env: Record<string, string> = {}): Result {
  const files = ['stdout', 'stderr'].map((name) => join('/tmp', `${token}-${name}`));
  const [out, err] = files.map((file) => openSync(file, 'w'));
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', out, err],
    timeout: 20_000 * timeScale,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  closeSync(out!);
  closeSync(err!);
  const [stdout, stderr] = files.map((file) => readFileSync(file, 'utf8'));
  return { code: status, stdout: stdout!, stderr: stderr! };
}

/** Calls a program as the user, in our own cgroup, where the user may do nothing. */
export function callAsUser(command: readonly string[]): Result {
  return call('setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...command], {
    XDG_RUNTIME_DIR: runtimeDir,
  });
}

/** The runtime as users reach it. */
export const userRuntime = join(folder, 'runtime');

/** Calls the runtime. */
export function runtime(as: As, args: readonly string[]): Result {
  if (as === 'root') return call(runtimePath(), ['--root', join(folder, 'state'), ...args]);
  return callAsUser(['systemd-run', '--user', '--scope', '--quiet', '--property=Delegate=yes', userRuntime, ...args]);
}

/** Makes a bundle; users get maps of their one id. */
export function bundle(as: As, change: (config: Config) => void): string {
  const dir = join(folder, `bundle-${randomBytes(3).toString('hex')}`);
  mkdirSync(dir);
  const config = defaultConfig();
  config.process.args = ['/probe', 'pause'];
  config.process.terminal = false;
  config.root = { path: join(folder, 'rootfs') };
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup' && type !== 'network');
  config.linux.namespaces.push({ type: 'cgroup' });
  if (as === 'user') {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: user, size: 1 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: user, size: 1 }];
    config.mounts = config.mounts.filter(({ destination }) => !/^\/sys$|devpts|\/dev\/pts/.test(destination));
  }
  change(config);
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  return dir;
}

/** The unit that a runtime makes without being told a name. */
export const unitOf = (id: string): string => `${runtimeName().split(' ')[0]}-${id}.scope`;
/** Its cgroup below the top of every hierarchy, with a slash in front. */
export const pathOf = (as: As, id: string): string =>
  `/${as === 'root' ? 'system.slice' : `${managerPath}/user.slice`}/${unitOf(id)}`;
/** The folder of the hierarchy that has a controller. */
export const hierarchy = (controller: string): string => (unified ? cgroups : join(cgroups, controller));
/** A property of a unit, as systemctl shows it. */
export const show = (as: As, unit: string, property: string): string =>
  (as === 'root'
    ? call('systemctl', ['show', unit, '-P', property])
    : callAsUser(['systemctl', '--user', 'show', unit, '-P', property])).stdout.trim();

/** Everything of ours that is still there: cgroups, and units that systemd knows. */
function leftovers(): string[] {
  const found: string[] = [];
  // systemd takes cgroups away meanwhile.
  const entries = (dir: string): Dirent[] => {
    try {
      return readdirSync(dir, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return [];
    }
  };
  const walk = (dir: string): void => {
    for (const entry of entries(dir)) {
      if (!entry.isDirectory()) continue;
      if (entry.name.includes(token)) found.push(join(dir, entry.name));
      else walk(join(dir, entry.name));
    }
  };
  walk(cgroups);
  const units = call('systemctl', ['list-units', '--all', '--no-legend', '--plain', `*${token}*`]).stdout.trim();
  return units === '' ? found : [...found, units];
}

/** systemd notices that a cgroup is empty a little later. */
export async function nothingLeft(): Promise<void> {
  for (let tries = 0; tries < 50 && leftovers().length > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(leftovers(), []);
}

/** Files of a container's cgroup, each in the hierarchy of its controller. */
export const readBack = (as: As, id: string, files: object): Record<string, string> =>
  Object.fromEntries(
    Object.keys(files).map((
      file,
    ) => [file, readFileSync(join(hierarchy(file.split('.', 1)[0]!), pathOf(as, id), file), 'utf8').trim()]),
  );
/** Cgroups of a process, from /proc/PID/cgroup, in the hierarchies that are mounted: all different ones. */
export function cgroupsOf(text: string): string[] {
  const found = new Set<string>();
  for (const line of text.trim().split('\n')) {
    const [, controllers, path] = /^[^:]*:([^:]*):(.*)$/.exec(line)!;
    const folder = controllers === '' ? (unified ? '' : 'unified') : controllers!.replace('name=', '');
    if (existsSync(join(cgroups, folder, 'cgroup.procs'))) found.add(path!);
  }
  return [...found];
}
/** Pid of a container's first process. */
export const pidOf = (as: As, id: string): number =>
  (JSON.parse(runtime(as, ['state', id]).stdout) as { pid: number }).pid;

let counter = 0;
/** A test with an id of its own, after which nothing of that name may be left. */
export function test(name: string, body: (id: string) => Promise<void> | void): void {
  t.test(name, async (sub) => {
    counter += 1;
    const id = `${token}-${counter}`;
    try {
      await body(id);
    } catch (error) {
      for (const as of ['root', 'user'] as const) runtime(as, ['delete', '--force', id]);
      throw error;
    }
    await nothingLeft();
    sub.pass(name);
  });
}

/** `run --detach` of a bundle. */
export function start(as: As, id: string, change: (config: Config) => void = () => {}): Result {
  return runtime(as, ['--systemd-cgroup', 'run', '--detach', '--bundle', bundle(as, change), id]);
}

/** Makes the folder with the rootfs, the runtime as users reach it, and the manager of the user. */
export function setUp(): void {
  mkdirSync(folder, { mode: 0o755 });
  cpSync(busyboxRootfs(), join(folder, 'rootfs'), { recursive: true, verbatimSymlinks: true });
  cpSync(runtimePath(), userRuntime);
  chmodSync(userRuntime, 0o755);
  call('loginctl', ['enable-linger', String(user)]);
  for (let tries = 0; tries < 100 && !existsSync(`${runtimeDir}/systemd/private`); tries++) spawnSync('sleep', ['0.2']);
  call('chown', ['-R', `${user}:${user}`, join(folder, 'rootfs')]);
  chownSync(folder, user, user);
  chmodSync(folder, 0o755);
  t.teardown(() => {
    call('systemctl', ['stop', `*${token}*`]);
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['stdout', 'stderr']) rmSync(join('/tmp', `${token}-${name}`), { force: true });
  });
}
