// --systemd-cgroup on a host with systemd and cgroup v2 alone, as root and as a user. Not in the sandbox of the
// other files: systemd is not in there. Everything it makes has names of its own, and is looked for at the end.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync, chownSync, closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { busyboxRootfs } from '../support/helpers.ts';
import { runtimePath } from '../support/paths.ts';
import { defaultConfig } from '../support/spec.ts';
import type { Config } from '../support/spec.ts';

const cgroups = '/sys/fs/cgroup';
const reason = process.getuid?.() !== 0 ? 'needs root'
  : !existsSync('/run/systemd/private') || readFileSync('/proc/1/comm', 'utf8').trim() !== 'systemd' ? 'systemd does not run here'
    : !existsSync(join(cgroups, 'cgroup.controllers')) ? 'cgroup v2 alone' : undefined;
const token = `vs${randomBytes(4).toString('hex')}`;
const folder = `/tmp/${token}`;
const user = 1000;
const runtimeDir = `/run/user/${user}`;
const managerPath = `user.slice/user-${user}.slice/user@${user}.service`;

interface Result { code: number | null; stdout: string; stderr: string }
/** Who calls: root, or a user in a delegated scope of the user's own manager. */
type As = 'root' | 'user';

/** Output goes to files: a detached container keeps its standard output. */
function call(command: string, args: readonly string[], env: Record<string, string> = {}): Result {
  const files = ['stdout', 'stderr'].map((name) => join('/tmp', `${token}-${name}`));
  const [out, err] = files.map((file) => openSync(file, 'w'));
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', out, err], timeout: 60_000, env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  closeSync(out!);
  closeSync(err!);
  const [stdout, stderr] = files.map((file) => readFileSync(file, 'utf8'));
  return { code: status, stdout: stdout!, stderr: stderr! };
}

function runtime(as: As, args: readonly string[]): Result {
  if (as === 'root') return call(runtimePath(), ['--root', join(folder, 'state'), ...args]);
  return call('setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'systemd-run', '--user', '--scope', '--quiet',
    '--property=Delegate=yes', join(folder, 'runtime'), ...args], { XDG_RUNTIME_DIR: runtimeDir });
}

/** Makes a bundle; users get maps of their one id. */
function bundle(as: As, change: (config: Config) => void): string {
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

const unitOf = (id: string): string => `veloci-${id}.scope`;
const scopeOf = (as: As, id: string): string => join(cgroups, as === 'root' ? 'system.slice' : `${managerPath}/user.slice`, unitOf(id));
const show = (as: As, unit: string, property: string): string =>
  (as === 'root' ? call('systemctl', ['show', unit, '-P', property])
    : call('setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'systemctl', '--user', 'show', unit, '-P', property],
      { XDG_RUNTIME_DIR: runtimeDir })).stdout.trim();

/** Everything of ours that is still there: cgroups, and units that systemd knows. */
function leftovers(): string[] {
  const found: string[] = [];
  const walk = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
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
async function nothingLeft(): Promise<void> {
  for (let tries = 0; tries < 50 && leftovers().length > 0; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(leftovers(), []);
}

const limits = {
  devices: [{ allow: false, access: 'rwm' }], memory: { limit: 67108864, swap: 100663296, reservation: 33554432 },
  cpu: { shares: 512, quota: 33333, period: 100000, cpus: '0', mems: '0' }, pids: { limit: 77 },
};
const expected = {
  'memory.max': '67108864', 'memory.swap.max': '33554432', 'memory.low': '33554432', 'cpu.weight': '59', 'cpu.max': '33333 100000',
  'cpuset.cpus': '0', 'cpuset.mems': '0', 'pids.max': '77',
};
const readBack = (dir: string, files: object): Record<string, string> =>
  Object.fromEntries(Object.keys(files).map((file) => [file, readFileSync(join(dir, file), 'utf8').trim()]));
const pidOf = (as: As, id: string): number => (JSON.parse(runtime(as, ['state', id]).stdout) as { pid: number }).pid;

let counter = 0;
function test(name: string, body: (id: string) => Promise<void> | void): void {
  t.test(name, async (sub) => {
    counter += 1;
    await body(`${token}-${counter}`);
    await nothingLeft();
    sub.pass(name);
  });
}

function start(as: As, id: string, change: (config: Config) => void = () => {}): Result {
  return runtime(as, ['--systemd-cgroup', 'run', '--detach', '--bundle', bundle(as, change), id]);
}

function suite(as: As): void {
  test(`${as}: limits are the kernel's and the unit's, also after a reload`, (id) => {
    const made = start(as, id, (config) => { config.linux.resources = limits; });
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(readBack(scopeOf(as, id), expected), expected);
    assert.equal(show(as, unitOf(id), 'MemoryMax'), '67108864');
    assert.equal(show(as, unitOf(id), 'Delegate'), 'yes');
    if (as === 'root') call('systemctl', ['daemon-reload']);
    else call('setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'systemctl', '--user', 'daemon-reload'], { XDG_RUNTIME_DIR: runtimeDir });
    // What systemd rounds it may write again: 34 % of a processor.
    const { 'cpu.max': quota, ...exact } = readBack(scopeOf(as, id), expected);
    const { 'cpu.max': _quota, ...wanted } = expected;
    assert.deepEqual(exact, wanted);
    assert.match(quota!, /^3(3333|4000) 100000$/);
    assert.equal(readFileSync(`/proc/${pidOf(as, id)}/cgroup`, 'utf8').trim(), `0::${scopeOf(as, id).slice(cgroups.length)}`);
    assert.equal(runtime(as, ['exec', id, 'cat', '/proc/self/cgroup']).stdout, '0::/\n');
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
    assert.ok(!existsSync(scopeOf(as, id)));
  });

  test(`${as}: update changes the unit too`, (id) => {
    assert.equal(start(as, id, (config) => { config.linux.resources = limits; }).code, 0);
    const updated = runtime(as, ['update', '--memory', '50331648', '--memory-swap', '50331648', '--pids-limit', '55', id]);
    assert.equal(updated.code, 0, updated.stderr);
    assert.deepEqual(readBack(scopeOf(as, id), { 'memory.max': '', 'memory.swap.max': '', 'pids.max': '' }),
      { 'memory.max': '50331648', 'memory.swap.max': '0', 'pids.max': '55' });
    assert.equal(show(as, unitOf(id), 'TasksMax'), '55');
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });

  test(`${as}: kill, then delete`, async (id) => {
    assert.equal(start(as, id).code, 0);
    assert.equal(runtime(as, ['kill', id, 'KILL']).code, 0);
    for (let tries = 0; tries < 100 && !/stopped/.test(runtime(as, ['state', id]).stdout); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(runtime(as, ['delete', id]).code, 0);
  });

  test(`${as}: a failure behind the unit leaves none`, (id) => {
    const made = start(as, id, (config) => { config.process.args = ['/nothing/here']; });
    assert.equal(made.code, 1);
  });

  test(`${as}: a limit that the kernel refuses leaves nothing`, (id) => {
    const made = start(as, id, (config) => { config.linux.resources = { unified: { 'cpu.weight': '99999' } }; });
    assert.equal(made.code, 1, made.stderr);
  });

  test(`${as}: the unit of somebody else is left alone`, (id) => {
    assert.equal(start(as, id).code, 0);
    const path = `${as === 'root' ? 'system' : 'user'}.slice:veloci:${id}`;
    const second = start(as, `${id}x`, (config) => { config.linux.cgroupsPath = path; });
    assert.equal(second.code, 1);
    assert.match(second.stderr, /UnitExists/);
    assert.match(runtime(as, ['state', id]).stdout, /"running"/);
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });
}

if (reason !== undefined) {
  t.pass('systemd as the manager of cgroups', { skip: reason });
} else {
  t.setTimeout(1000_000);
  mkdirSync(folder, { mode: 0o755 });
  cpSync(busyboxRootfs(), join(folder, 'rootfs'), { recursive: true, verbatimSymlinks: true });
  cpSync(runtimePath(), join(folder, 'runtime'));
  chmodSync(join(folder, 'runtime'), 0o755);
  call('loginctl', ['enable-linger', String(user)]);
  for (let tries = 0; tries < 100 && !existsSync(`${runtimeDir}/systemd/private`); tries++) spawnSync('sleep', ['0.2']);
  call('chown', ['-R', `${user}:${user}`, join(folder, 'rootfs')]);
  chownSync(folder, user, user);
  chmodSync(folder, 0o755);

  suite('root');
  if (existsSync(`${runtimeDir}/systemd/private`)) suite('user');
  else t.pass('user', { skip: 'no manager of a user' });

  test('slices and names', (id) => {
    const made = start('root', id, (config) => { config.linux.cgroupsPath = `${token}-a.slice:pod:x+y`; });
    assert.equal(made.code, 0, made.stderr);
    assert.ok(existsSync(join(cgroups, `${token}.slice/${token}-a.slice/pod-x\\x2by.scope`)));
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
    call('systemctl', ['stop', `${token}-a.slice`, `${token}.slice`]);
  });

  test('properties of annotations, and a sub-cgroup', (id) => {
    const made = start('root', id, (config) => {
      config.annotations = {
        'org.systemd.property.TimeoutStopUSec': 'uint64 5000000', 'org.systemd.property.Description': '\'a "b"\'',
        'run.oci.systemd.subgroup': 'container',
      };
    });
    assert.equal(made.code, 0, made.stderr);
    assert.equal(show('root', unitOf(id), 'TimeoutStopUSec'), '5s');
    assert.equal(readFileSync(`/proc/${pidOf('root', id)}/cgroup`, 'utf8').trim(), `0::/system.slice/${unitOf(id)}/container`);
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('a property that does not exist is refused by systemd, in its words', (id) => {
    const made = start('root', id, (config) => { config.annotations = { 'org.systemd.property.NoSuchThing': '1' }; });
    assert.equal(made.code, 1);
    assert.match(made.stderr, /E0863: .*NoSuchThing/);
  });

  test('device rules survive a reload', (id) => {
    assert.equal(start('root', id, (config) => {
      config.linux.resources = { devices: [{ allow: false, access: 'rwm' }] };
      for (const set of Object.values(config.process.capabilities ?? {}) as string[][]) set.push('CAP_MKNOD');
    }).code, 0);
    const open = (): string => runtime('root', ['exec', id, 'sh', '-c', 'mknod /tmp/d c 1 1; head -c 1 /tmp/d; rm -f /tmp/d']).stderr;
    assert.match(open(), /not permitted/);
    call('systemctl', ['daemon-reload']);
    assert.match(open(), /not permitted/);
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('a frozen container is deleted by force', (id) => {
    assert.equal(start('root', id).code, 0);
    assert.equal(runtime('root', ['pause', id]).code, 0);
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('a cgroupsPath of another form is refused', (id) => {
    const made = start('root', id, (config) => { config.linux.cgroupsPath = '/a/b'; });
    assert.match(made.stderr, /expected cgroupsPath to be of format "slice:prefix:name"/);
  });

  t.test('thirty containers leave nothing', async (sub) => {
    const dir = bundle('root', (config) => { config.process.args = ['true']; });
    for (let index = 0; index < 30; index++) {
      assert.equal(runtime('root', ['--systemd-cgroup', 'run', '--bundle', dir, `${token}-m${index}`]).code, 0);
    }
    await nothingLeft();
    assert.deepEqual(readdirSync(join(folder, 'state')).filter((name) => !name.startsWith('.')), []);
    sub.pass('nothing left');
  });

  t.teardown(() => {
    call('systemctl', ['stop', `*${token}*`]);
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['stdout', 'stderr']) rmSync(join('/tmp', `${token}-${name}`), { force: true });
  });
}
