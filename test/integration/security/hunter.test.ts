// A hunter in the container looks at every process that appears in its /proc, from the first instant of each: neither create into
// the same pid namespace, nor exec, mounts add or restore may show it a way to the host. VELOCI_TEST_HUNTS: rounds of each case.
import { copyFileSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context, Created } from '../../support/context.ts';
import { criuPath, noCriu } from '../../support/host/criu.ts';
import { program } from '../../support/helpers.ts';
import { timeScale } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const rounds = Number(process.env['VELOCI_TEST_HUNTS'] ?? 24);

const names =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP';
const capabilitySets: Readonly<Record<string, readonly string[]>> = {
  'no capability': [],
  CAP_SYS_PTRACE: ['CAP_SYS_PTRACE'],
  CAP_SYS_ADMIN: ['CAP_SYS_ADMIN'],
  'CAP_DAC_*': ['CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH'],
  'all capabilities': names.split(' ').map((name) => `CAP_${name}`),
};

const namespaceFiles = ['mnt', 'net', 'ipc', 'uts', 'cgroup', 'pid', 'user'];

const secret = '/run/secret-of-the-host';
const environment = 'SECRET_OF_THE_CALLER=7d1f0c55';
writeFileSync(secret, 'do not read', { mode: 0o644 });
const hostNamespaces = namespaceFiles.map((type) => `${type}:${/\d+/.exec(readlinkSync(`/proc/self/ns/${type}`))![0]}`);

/** As if the runtime's caller had a secret in its environment. */
const env = { PATH: criuPath['PATH']!, SECRET_OF_THE_CALLER: '7d1f0c55' };

function mapUsers(config: Config): void {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
}

/** Calls that make a process, and what a first process in a pid namespace of its own needs behind its filter. */
const making = ['clone', 'clone3', 'fork', 'vfork', 'setsid', 'recvmsg'];
const telling = ['sendmsg', 'futex', 'madvise'];
type Filter = { noNewPrivileges: boolean; notifies: boolean };

function filterBy({ noNewPrivileges, notifies }: Filter, config: Config, listenerPath: string): void {
  config.process.noNewPrivileges = noNewPrivileges;
  const late = noNewPrivileges && !notifies;
  const forbidden = { names: [...making, ...(late ? telling : [])], action: 'SCMP_ACT_KILL_PROCESS' };
  config.linux.seccomp = notifies
    ? { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [forbidden, { names: ['swapoff'], action: 'SCMP_ACT_NOTIFY' }],
      listenerPath }
    : { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [forbidden] };
}

/** Somebody who takes listeners, and never answers. */
async function listening(c: Context): Promise<string> {
  const path = join(c.dir(), 'listener');
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  c.later(() => server.close());
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  return path;
}

/** A bundle whose first process hunts, with these capabilities. */
function hunterBundle(
  c: Context,
  capabilities: readonly string[],
  users: boolean,
  change: (config: Config) => void = () => {},
): Bundle {
  const bundle = c.command(['/hunter', secret.slice(1), environment, ...hostNamespaces], (config) => {
    const sets = [...capabilities];
    config.process.capabilities = { bounding: sets, effective: sets, permitted: sets };
    if (users) mapUsers(config);
    change(config);
  });
  copyFileSync(program('hunter'), join(bundle.rootfs, 'hunter'));
  for (const name of ['volume', 'memory']) mkdirSync(join(bundle.rootfs, name));
  return bundle;
}

/** Starts it. */
async function hunted(c: Context, bundle: Bundle): Promise<Created> {
  const container = await c.started(bundle, { env });
  await until(container, /^hunting$/m);
  return container;
}

/** Creates a container and lets it wait for its start, in the sight of the hunter. */
async function waited(c: Context, bundle: Bundle): Promise<void> {
  const id = c.id();
  const pids = pidFile(c);
  for (const verb of [['create', '--bundle', bundle.dir, ...pids.flags], ['start'], ['delete', '--force']]) {
    const { code, stderr } = await c.rt([...verb, id], { env });
    assert.equal(code, 0, stderr);
    pids.check();
  }
}

/** What a hunter writes into the report of a process that it holds. */
const forged = '4321';

/** A pid file that tells the pid of a process of ours, whatever was reported. */
function pidFile(c: Context): { flags: string[]; check(): void } {
  const path = join(c.dir(), 'pid');
  return { flags: ['--pid-file', path], check: () => assert.notEqual(readFileSync(path, 'utf8'), forged) };
}

/** Waits until the hunter has said something (10 s at most). */
async function until(container: Created, what: RegExp): Promise<void> {
  for (const end = Date.now() + 10_000 * timeScale; !what.test(container.output()); await sleep(20)) {
    assert.ok(Date.now() < end, `the hunter does not say ${String(what)}: ${container.output()}`);
  }
}

/** What the hunter says in the end: nothing was found, and this many processes were looked at. */
async function judge(container: Created, least: number): Promise<void> {
  const seen = (): number =>
    Math.max(0, ...[...container.output().matchAll(/^looked (\d+)/gm)].map(([, count]) => Number(count)));
  for (const end = Date.now() + 10_000 * timeScale; seen() < least && Date.now() < end;) await sleep(20);
  const found = container.output().split('\n').filter((line) => line.startsWith('found'));
  assert.deepEqual(found, [], 'ways to the host');
  assert.ok(seen() >= least, `it has looked at ${seen()} processes, not at ${least}`);
}

for (const [what, capabilities] of Object.entries(capabilitySets)) {
  for (const users of [false, true]) {
    const who = `${what}${users ? ' in a user namespace' : ''}`;
    test(`exec shows a hunter with ${who} no way to the host`, async (c) => {
      const container = await hunted(c, hunterBundle(c, capabilities, users));
      const pids = pidFile(c);
      for (let i = 0; i < rounds; i++) {
        const { code, stderr } = await c.rt(['exec', ...pids.flags, ...(i % 3 === 2 ? ['--user', '1000:1000'] : []),
          container.id, 'sleep', '0.03'], { env });
        assert.equal(code, 0, stderr);
        pids.check();
      }
      await judge(container, rounds / 2);
    }, { only: 'veloci' });

    test(`create into the pid namespace of a hunter with ${who} shows no way to the host`, async (c) => {
      const container = await hunted(c, hunterBundle(c, capabilities, users));
      // The newcomer has rights of its own, and no user namespace: what it is while it starts must not be had.
      const bundle = newcomer(c, container, () => {});
      for (let i = 0; i < rounds / 2; i++) {
        if (i % 4 === 0) {
          await waited(c, bundle);
          continue;
        }
        const { code, stderr } = await c.run(bundle, { env });
        assert.equal(code, 0, stderr);
      }
      await judge(container, rounds / 4);
    }, { only: 'veloci' });

    test(`mounts add and remove show a hunter with ${who} no way to the host`, async (c) => {
      const container = await hunted(c, hunterBundle(c, capabilities, users));
      const volume = c.dir();
      const file = join(c.dir(), 'mounts.json');
      writeFileSync(file, JSON.stringify([
        { destination: '/volume', type: 'bind', source: volume, options: ['rbind'] },
        { destination: '/memory', type: 'tmpfs', source: 'tmpfs' },
      ]));
      for (let i = 0; i < rounds / 2; i++) {
        for (const action of ['add', 'remove']) {
          const { code, stderr } = await c.rt(['mounts', action, container.id, file], { env });
          assert.equal(code, 0, stderr);
        }
      }
      await judge(container, 0);
    }, { only: 'veloci' });
  }
}

/** A newcomer to the pid namespace of a container, that sleeps for a moment. */
function newcomer(c: Context, container: Created, change: (config: Config) => void): Bundle {
  return c.command(['sleep', '0.03'], (config) => {
    config.linux.namespaces = config.linux.namespaces.map(({ type }) =>
      type === 'pid' ? { type, path: `/proc/${container.pid}/ns/pid` } : { type }
    );
    config.process.capabilities = {};
    change(config);
  });
}

for (const noNewPrivileges of [true, false]) {
  for (const notifies of [false, true]) {
    const what = `${notifies ? 'has a listener' : 'forbids what makes a process'}, ${
      noNewPrivileges ? 'with' : 'without'
    } noNewPrivileges`;
    test(`what comes to a hunter has its filter from its first instant: one that ${what}`, async (c) => {
      const path = notifies ? await listening(c) : '';
      const filter = (config: Config): void => filterBy({ noNewPrivileges, notifies }, config, path);
      const container = await hunted(c, hunterBundle(c, ['CAP_SYS_PTRACE'], false, (config) => {
        filter(config);
        // Who shares memory cannot enter one of these.
        if (notifies) config.linux.namespaces.push({ type: 'time' });
      }));
      const bundle = newcomer(c, container, filter);
      for (let i = 0; i < rounds / 2; i++) {
        const { code, stderr } = i % 2 === 0
          ? await c.run(bundle, { env })
          : await c.rt(['exec', container.id, 'sleep', '0.03'], { env });
        assert.equal(code, 0, stderr);
        if (i % 4 === 0) await waited(c, bundle);
      }
      await judge(container, rounds / 4);
    }, { only: 'veloci' });
  }
}

test('hooks of a newcomer with a user namespace of its own are not seen by a hunter', async (c) => {
  const container = await hunted(c, hunterBundle(c, ['CAP_SYS_PTRACE'], false));
  const reportFile = join(c.dir(), 'told');
  const bundle = newcomer(c, container, (config) => {
    mapUsers(config);
    // That user namespace may not mount one.
    config.mounts = config.mounts.filter(({ type }) => type !== 'proc');
    const args = ['sh', '-c', `readlink /proc/self/ns/user /proc/self/ns/pid; id -u; sleep 0.01`];
    config.hooks = { createContainer: [{ path: '/bin/sh', args, env: [`PATH=${env.PATH}`] }] };
    config.annotations = { 'run.oci.hooks.stdout': reportFile };
  });
  for (let i = 0; i < rounds / 2; i++) {
    const { code, stderr } = await c.run(bundle, { env });
    assert.equal(code, 0, stderr);
  }
  // In the container's user namespace as its root, in the pid namespace of the host.
  const [users, pids, uid] = readFileSync(reportFile, 'utf8').split('\n');
  assert.notEqual(users, readlinkSync('/proc/self/ns/user'));
  assert.equal(pids, readlinkSync('/proc/self/ns/pid'));
  assert.equal(uid, '0');
  await judge(container, rounds / 4);
}, { only: 'veloci' });

test(
  'a procfs of the shared pid namespace, chosen by pidns or before Linux 6.17 by a helper, shows a hunter no way to the host',
  async (c) => {
    const container = await hunted(c, hunterBundle(c, capabilitySets['all capabilities']!, false));
    const bundle = c.command(['sh', '-c', 'cat /proc/1/comm; ls -d /proc/[0-9]* | wc -l; sleep 0.03'], (config) => {
      config.linux.namespaces = config.linux.namespaces.map(({ type }) =>
        type === 'pid' ? { type, path: `/proc/${container.pid}/ns/pid` } : { type }
      );
      config.process.capabilities = {};
    });
    const setDescriptor = 'fsconfig.1=5=22';
    const file = join(c.dir(), 'mounts.json');
    writeFileSync(file, JSON.stringify([{ destination: '/memory', type: 'proc', source: 'proc' }]));
    for (const prefix of [[], [program('fault'), setDescriptor, '--']]) {
      for (let i = 0; i < rounds / 4; i++) {
        const { code, stdout, stderr } = await c.run(bundle, { env, prefix });
        assert.equal(code, 0, stderr);
        // The hunter, the shell, ls and wc at most: no process of the host, and nothing that a helper has left.
        assert.match(stdout, /^hunter\n[2-4]\n$/);
      }
      for (const action of ['add', 'remove']) {
        const { code, stderr } = await c.rt(['mounts', action, container.id, file], { env, prefix });
        assert.equal(code, 0, stderr);
        if (action === 'remove') continue;
        const shown = await c.rt(['exec', container.id, 'cat', '/memory/1/comm'], { env });
        assert.equal(shown.stdout, 'hunter\n', shown.stderr);
      }
    }
    await judge(container, rounds / 4);
  },
  { only: 'veloci' },
);

test('restore, and exec after it, show a hunter no way to the host', async (c) => {
  const bundle = hunterBundle(c, capabilitySets['all capabilities']!, false);
  const container = await hunted(c, bundle);
  const images = join(c.dir(), 'images');
  for (let round = 1; round <= Math.max(2, rounds / 12); round++) {
    const saved = await c.rt(['checkpoint', '--image-path', images, container.id], { env });
    assert.equal(saved.code, 0, saved.stderr);
    const restored = await c.rt(['restore', '--detach', '--bundle', bundle.dir, '--image-path', images, container.id], {
      env,
    });
    assert.equal(restored.code, 0, restored.stderr);
    const { code, stderr } = await c.rt(['exec', container.id, 'sleep', '0.2'], { env });
    assert.equal(code, 0, stderr);
    // The hunter counts on where it was saved; each restore gives it another pipe to speak into.
    await judge({ ...container, output: restored.output }, round);
    rmSync(images, { recursive: true });
  }
}, { only: 'veloci', skip: noCriu });
