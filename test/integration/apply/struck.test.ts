// apply with a change of every kind at once, of which each single step fails in turn: all is undone, and the applied configuration
// stays.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import { program } from '../../support/helpers.ts';
import { runtimePath } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';
import { diff } from '../drift/large.ts';
import { fine, outside, run, scene, state } from './scene.ts';

/** Calls of x86-64 that change something. */
const changing: Readonly<Record<number, string>> = { 1: 'write', 18: 'pwrite64', 82: 'rename', 91: 'fchmod',
  93: 'fchown', 141: 'setpriority', 144: 'sched_setscheduler', 165: 'mount', 166: 'umount2', 170: 'sethostname',
  171: 'setdomainname', 251: 'ioprio_set', 258: 'mkdirat', 259: 'mknodat', 260: 'fchownat', 263: 'unlinkat',
  264: 'renameat', 266: 'symlinkat', 268: 'fchmodat', 302: 'prlimit64', 308: 'setns', 314: 'sched_setattr',
  316: 'renameat2', 428: 'open_tree', 429: 'move_mount', 430: 'fsopen', 431: 'fsconfig', 432: 'fsmount', 433: 'fspick',
  442: 'mount_setattr', 452: 'fchmodat2' };

/** One change of every kind. */
function everything(config: Config): void {
  config.hostname = 'struck';
  config.domainname = 'struck.example';
  config.linux.sysctl!['kernel.msgmax'] = '6000';
  config.linux.sysctl!['net.ipv4.ip_forward'] = '0';
  config.process.rlimits![0]!.soft = 100;
  config.process.rlimits![1]!.soft = 7;
  config.process.oomScoreAdj = 600;
  config.process['scheduler'] = { policy: 'SCHED_IDLE', nice: 5 };
  config.process['ioPriority'] = { class: 'IOPRIO_CLASS_IDLE' };
  config.linux.devices!.push({ path: '/dev/new', type: 'c', major: 1, minor: 11 });
  Object.assign(config.linux.devices![0]!, { fileMode: 0o600, uid: 9 });
  config.mounts = config.mounts!.filter(({ destination }) => destination !== '/data');
  config.mounts.find(({ destination }) => destination === '/work')!.options = ['bind', 'ro', 'private'];
  config.mounts.find(({ destination }) => destination === '/scratch')!.options![3] = 'size=8m';
  config.mounts.push({ destination: '/late', type: 'tmpfs', source: 'tmpfs' });
  config.linux.maskedPaths!.push('/proc/version');
  config.linux.readonlyPaths!.push('/proc/irq');
  config['annotations'] = { 'org.example.a': 'b' };
  const { memory, cpu, pids, devices } = config.linux.resources as Record<string, Record<string, unknown>> & {
    devices: object[];
  };
  Object.assign(memory!, { limit: 80 << 20 });
  Object.assign(cpu!, { quota: 40000, cpus: '0-1' });
  Object.assign(pids!, { limit: 77 });
  devices.push({ allow: true, type: 'c', major: 1, minor: 11, access: 'r' });
}

test('whatever step of an apply fails, nothing is changed', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  const base = JSON.stringify(s.config, null, 2);
  everything(s.config);
  const changed = JSON.stringify(s.config, null, 2);
  const facts = (): string =>
    [
      o.sysctl('kernel/hostname'),
      o.sysctl('kernel/domainname'),
      o.sysctl('kernel/msgmax'),
      o.sysctl('net/ipv4/ip_forward'),
      o.limit('Max open files'),
      o.limit('Max core file size'),
      o.proc('oom_score_adj'),
      o.scheduler(),
      o.nice(),
      o.run('ionice', '-p', String(o.pid)),
      o.node('/dev/new'),
      o.node('/dev/fuse'),
      ...['/data', '/work', '/scratch', '/late', '/proc/version', '/proc/irq'].map((path) => o.mount(path)),
      o.cgroup('pids', 'pids.max'),
      o.cgroup('memory', unified ? 'memory.max' : 'memory.limit_in_bytes'),
      o.cgroup('cpu', unified ? 'cpu.max' : 'cpu.cfs_quota_us'),
      o.cgroup('cpuset', 'cpuset.cpus'),
      ...unified ? [] : [o.cgroup('devices', 'devices.list')],
    ].join('\n');
  const before = facts();
  const kept = readFileSync(join(c.root, s.id, 'config.json'), 'utf8');
  const strike = async (how: string[]): ReturnType<typeof call> =>
    call([program('strike'), ...how, '--', runtimePath(), '--root', c.root, 'apply', s.id], { timeLimit: 60_000 });
  s.bundle.write(changed);
  const trace = join(c.dir(), 'calls');
  fine(await strike(['record', trace]));
  assert.notEqual(facts(), before);
  // What is covered is uncovered only by a restart: the container is a fresh one each time that all has worked.
  const fresh = async (): Promise<void> => {
    await c.destroy(s.id);
    s.bundle.write(base);
    Object.assign(o, { pid: (await run(c, s)).pid });
    assert.equal(facts(), before);
    s.bundle.write(changed);
  };
  await fresh();
  const counts = new Map<string, number>();
  const steps = readFileSync(trace, 'utf8').trim().split('\n').map((line) => {
    const [process = '', number] = line.split(' ');
    const index = counts.get(process) ?? 0;
    counts.set(process, index + 1);
    return { process, index, name: changing[Number(number)] };
  }).filter(({ name }) => name !== undefined);
  const wrong: string[] = [];
  let refused = 0;
  for (const { process, index, name } of steps) {
    const what = `${name} (${process}:${index})`;
    const result = await strike([`${process}:${index}:1`]);
    if (result.code === 0) {
      await fresh();
      continue;
    }
    refused++;
    const now = facts();
    const { differences } = await diff(c, s.id, '--applied');
    const same = readFileSync(join(c.root, s.id, 'config.json'), 'utf8') === kept;
    const running = (await state(c, s.id)).status === 'running';
    const said = /E\d{4}|EPERM/.test(result.stderr);
    if (now === before && differences.length === 0 && same && running && said) continue;
    wrong.push(
      `${what}: ${result.stderr.trim()}\n${JSON.stringify(differences)} config ${same ? 'the same' : 'another'}, ${
        now === before ? 'as before' : now.split('\n').filter((line, at) => line !== before.split('\n')[at]).join(' | ')
      }`,
    );
    await fresh();
  }
  assert.ok(refused > 30, `${refused} of ${steps.length} steps were refused`);
  assert.deepEqual(wrong, [], wrong.join('\n\n'));
  s.bundle.write(changed);
  fine(await c.rt(['apply', s.id]));
  assert.deepEqual((await diff(c, s.id)).differences, []);
  assert.notEqual((await outside(c, s.id)).mounts('/late'), 0);
}, { only: 'veloci', skip: process.arch === 'x64' ? false : 'numbers of x86-64' });
