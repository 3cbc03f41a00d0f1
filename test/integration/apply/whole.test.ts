// apply as a whole: what is not there, has stopped, takes a restart, or is refused in the middle.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import { which } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';
import { diff } from '../drift/large.ts';
import { fine, outside, pidsOf, run, scene, setPids, state } from './scene.ts';

test('a container that does not exist is created and started', async (c) => {
  const s = scene(c);
  const dry = await c.rt(['apply', '--dry-run', '--bundle', s.bundle.dir, s.id]);
  assert.equal(dry.code, 2);
  assert.match(dry.stdout, /does not exist: it is created and started/);
  assert.equal((await c.rt(['state', s.id])).code, 1);
  fine(await c.rt(['apply', '--bundle', s.bundle.dir, s.id]));
  assert.equal((await state(c, s.id)).status, 'running');
  assert.deepEqual((await diff(c, s.id)).differences, []);
  assert.equal(fine(await c.rt(['apply', s.id])).stdout, 'nothing to do\n');
}, { only: 'veloci' });

test('a container from standard input', async (c) => {
  const s = scene(c);
  const text = readFileSync(join(s.bundle.dir, 'config.json'), 'utf8');
  fine(await c.rt(['apply', '--bundle', s.bundle.dir, '--config', '-', s.id], { input: text }));
  assert.equal((await state(c, s.id)).status, 'running');
  const other = text.replace(/("pids": \{\s*"limit": )64/, '$155');
  assert.notEqual(other, text);
  fine(await c.rt(['apply', '-f', '-', s.id], { input: other }));
  assert.equal(pidsOf(await outside(c, s.id)), '55');
}, { only: 'veloci' });

test('a wrong configuration changes nothing', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  s.bundle.write('{ "ociVersion": "1.2.0", "process": 5 }');
  const result = await c.rt(['apply', s.id]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /config\.json:1:/);
  assert.equal(pidsOf(o), '64');
  assert.equal((await diff(c, s.id, '--applied')).same, true);
  const missing = c.id();
  assert.equal((await c.rt(['apply', '--bundle', s.bundle.dir, missing])).code, 1);
  assert.equal((await c.rt(['state', missing])).code, 1);
}, { only: 'veloci' });

const restarts: readonly (readonly [pointer: string, change: (config: Config) => void])[] = [
  ['/process/args', (c) => {
    c.process.args!.push('x');
  }],
  ['/process/env', (c) => {
    c.process.env!.push('A=b');
  }],
  ['/process/cwd', (c) => {
    c.process.cwd = '/tmp';
  }],
  ['/process/user/uid', (c) => {
    c.process.user!.uid = 5;
  }],
  ['/process/user/umask', (c) => {
    c.process.user!.umask = 0;
  }],
  ['/process/capabilities/bounding', (c) => {
    c.process.capabilities!['bounding']!.push('CAP_SYS_TIME');
  }],
  ['/process/noNewPrivileges', (c) => {
    c.process.noNewPrivileges = false;
  }],
  ['/linux/namespaces', (c) => {
    c.linux.namespaces = c.linux.namespaces!.filter(({ type }) => type !== 'cgroup');
  }],
  ['/linux/cgroupsPath', (c) => {
    c.linux.cgroupsPath += 'x';
  }],
  ['/linux/seccomp', (c) => {
    c.linux['seccomp'] = { defaultAction: 'SCMP_ACT_ALLOW' };
  }],
  ['/linux/maskedPaths', (c) => {
    c.linux.maskedPaths!.pop();
  }],
  ['/linux/rootfsPropagation', (c) => {
    c.linux['rootfsPropagation'] = 'private';
  }],
  ['/root/readonly', (c) => {
    c.root!.readonly = true;
  }],
  ['/hooks/prestart', (c) => {
    c['hooks'] = { prestart: [{ path: '/bin/true' }] };
  }],
  ['/mounts', (c) => {
    const m = c.mounts!;
    m.push(m.splice(m.length - 2, 1)[0]!);
  }],
  ['/mounts/\\d+', (c) => {
    c.mounts!.find(({ destination }) => destination === '/scratch')!.options!.push('mode=711');
  }],
];

test('what takes a restart is refused, with its line, and nothing is changed', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  for (const [pointer, change] of restarts) {
    const config = structuredClone(s.config);
    change(config);
    (config.linux.resources as { pids: { limit: number } }).pids.limit = 99;
    s.bundle.write(JSON.stringify(config, null, 2));
    const result = await c.rt(['apply', s.id]);
    assert.equal(result.code, 1, pointer);
    assert.match(result.stderr, /E0160/, pointer);
    assert.match(result.stderr, new RegExp(`takes on ${pointer}`), pointer);
    assert.match(result.stderr, /config\.json:\d+:\d+/, pointer);
    assert.match(result.stdout, /\(live\)/, pointer);
    assert.equal(pidsOf(o), '64', pointer);
    assert.equal((await diff(c, s.id, '--applied')).same, true, pointer);
  }
}, { only: 'veloci' });

test('--restart keeps id and bundle', async (c) => {
  const s = scene(c);
  const before = await run(c, s);
  s.config.process.env!.push('NEW=1');
  setPids(s, 70);
  fine(await c.rt(['apply', '--restart', s.id]));
  const after = await outside(c, s.id);
  assert.notEqual(after.pid, before.pid);
  assert.match(after.proc('environ'), /NEW=1/);
  assert.equal(pidsOf(after), '70');
  assert.deepEqual((await diff(c, s.id)).differences, []);
  assert.equal((JSON.parse((await c.rt(['state', s.id])).stdout) as { bundle: string }).bundle, s.bundle.dir);
}, { only: 'veloci' });

test('a container that has stopped is started anew only by --restart', async (c) => {
  const s = scene(c);
  await run(c, s);
  fine(await c.rt(['kill', s.id, 'KILL']));
  await c.rt(['wait', s.id]);
  const refused = await c.rt(['apply', s.id]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /E0161/);
  fine(await c.rt(['apply', '--restart', s.id]));
  assert.equal((await state(c, s.id)).status, 'running');
}, { only: 'veloci' });

test('created and paused containers are changed', async (c) => {
  const s = scene(c);
  fine(await c.rt(['create', '--bundle', s.bundle.dir, s.id]));
  s.config.hostname = 'early';
  s.config.process.rlimits![0]!.soft = 300;
  s.config.mounts!.push({ destination: '/late', type: 'tmpfs', source: 'tmpfs' });
  setPids(s, 71);
  fine(await c.rt(['apply', s.id]));
  fine(await c.rt(['start', s.id]));
  const o = await outside(c, s.id);
  assert.equal(o.sysctl('kernel/hostname'), 'early');
  assert.equal(o.limit('Max open files'), '300 1024');
  assert.equal(o.mounts('/late'), 1);
  assert.equal(pidsOf(o), '71');
  assert.deepEqual((await diff(c, s.id)).differences, []);
  fine(await c.rt(['pause', s.id]));
  s.config.hostname = 'frozen';
  s.config.mounts!.push({ destination: '/later', type: 'tmpfs', source: 'tmpfs' });
  setPids(s, 72);
  fine(await c.rt(['apply', s.id]));
  assert.equal(o.sysctl('kernel/hostname'), 'frozen');
  assert.equal(o.mounts('/later'), 1);
  assert.equal((await state(c, s.id)).status, 'paused');
  assert.deepEqual((await diff(c, s.id)).differences, []);
  fine(await c.rt(['resume', s.id]));
}, { only: 'veloci' });

test('a container with a user namespace is changed', async (c) => {
  const s = scene(c, (config) => {
    config.linux.namespaces!.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 200000, size: 65536 }];
    config.linux.devices = [];
  });
  execFileSync('chown', ['-R', '200000:200000', join(s.bundle.rootfs, 'bin')]);
  execFileSync('chown', ['200000:200000', s.bundle.rootfs]);
  const o = await run(c, s);
  s.config.hostname = 'mapped';
  s.config.linux.sysctl!['kernel.msgmax'] = '7000';
  s.config.mounts!.push({ destination: '/late', type: 'tmpfs', source: 'tmpfs', options: ['nosuid'] });
  s.config.linux.devices = [{ path: '/dev/kmsg0', type: 'c', major: 1, minor: 11, fileMode: 0o666 }];
  s.config.process.rlimits![0]!.soft = 200;
  setPids(s, 73);
  fine(await c.rt(['apply', s.id]));
  assert.equal(o.sysctl('kernel/hostname'), 'mapped');
  assert.equal(o.sysctl('kernel/msgmax'), '7000');
  assert.equal(o.mounts('/late'), 1);
  assert.match(o.node('/dev/kmsg0'), /^c 1:11 666/);
  assert.equal(o.limit('Max open files'), '200 1024');
  assert.deepEqual((await diff(c, s.id)).differences, []);
  assert.equal(fine(await c.rt(['apply', s.id])).stdout, 'nothing to do\n');
}, { only: 'veloci' });

test('what is not named is not cleared', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  const memory = o.cgroup('memory', unified ? 'memory.max' : 'memory.limit_in_bytes');
  delete (s.config.linux.resources as Record<string, unknown>)['memory'];
  delete s.config.process.oomScoreAdj;
  s.config.linux.sysctl = {};
  s.config.process.rlimits!.pop();
  s.bundle.write();
  const result = fine(await c.rt(['apply', s.id]));
  assert.match(result.stdout, /left: what is not named is not cleared/);
  assert.equal(o.cgroup('memory', unified ? 'memory.max' : 'memory.limit_in_bytes'), memory);
  assert.equal(o.proc('oom_score_adj'), '321');
  assert.equal(o.sysctl('net/ipv4/ip_forward'), '1');
  assert.deepEqual((await diff(c, s.id)).differences, []);
  assert.equal(fine(await c.rt(['apply', s.id])).stdout, 'nothing to do\n');
}, { only: 'veloci' });

test('a refused change undoes the others, and its line is named', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  const before = o.proc('mountinfo');
  s.config.hostname = 'refused';
  s.config.linux.sysctl!['kernel.msgmax'] = '6000';
  s.config.process.rlimits![0]!.soft = 100;
  s.config.process.oomScoreAdj = 600;
  s.config.linux.devices!.push({ path: '/dev/new', type: 'c', major: 1, minor: 11 });
  s.config.linux.devices![0]!.fileMode = 0o600;
  s.config.mounts!.push({ destination: '/late', type: 'tmpfs', source: 'tmpfs' });
  s.config.mounts!.find(({ destination }) => destination === '/work')!.options = ['bind', 'ro', 'private'];
  s.config['annotations'] = { 'org.example.a': 'b' };
  const bad = { destination: '/bad', type: 'tmpfs', source: 'tmpfs', options: ['size=many'] };
  s.config.mounts!.push(bad);
  setPids(s, 80);
  const same = async (what: string): Promise<void> => {
    assert.equal(o.sysctl('kernel/hostname'), 'declared', what);
    assert.equal(o.sysctl('kernel/msgmax'), '4096', what);
    assert.equal(o.limit('Max open files'), '512 1024', what);
    assert.equal(o.proc('oom_score_adj'), '321', what);
    assert.equal(o.node('/dev/new'), 'none', what);
    assert.equal(o.node('/dev/fuse'), 'c 10:229 640 5:6', what);
    assert.equal(o.proc('mountinfo'), before, what);
    assert.equal(pidsOf(o), '64', what);
    assert.equal((await state(c, s.id)).annotations?.['org.example.a'], undefined, what);
    assert.deepEqual((await diff(c, s.id, '--applied')).differences, [], what);
  };
  const refused = await c.rt(['apply', s.id]);
  assert.equal(refused.code, 1);
  const line =
    readFileSync(join(s.bundle.dir, 'config.json'), 'utf8').split('\n').findIndex((text) =>
      text.includes('size=many')
    ) + 1;
  assert.match(refused.stderr, new RegExp(`config\\.json:${line}:`));
  await same('a mount');
  s.config.mounts!.pop();
  s.config.mounts!.push({ destination: '/bad', type: 'bind', source: '/nowhere', options: ['bind'] });
  s.bundle.write();
  const missing = await c.rt(['apply', s.id]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /nowhere/);
  await same('a source');
  s.config.mounts!.pop();
  (s.config.linux.resources as { cpu: { cpus: string } }).cpu.cpus = '4000';
  s.bundle.write();
  const processors = await c.rt(['apply', s.id]);
  assert.equal(processors.code, 1);
  assert.match(processors.stderr, /\/linux\/resources\/cpu\/cpus/);
  await same('processors');
  (s.config.linux.resources as { cpu: { cpus: string } }).cpu.cpus = '0';
  s.bundle.write();
  fine(await c.rt(['apply', s.id]));
  assert.equal((await state(c, s.id)).annotations?.['org.example.a'], 'b');
  assert.deepEqual((await diff(c, s.id)).differences, []);
}, { only: 'veloci' });

test('a device that cannot be removed is named, and stays', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  execFileSync('nsenter', ['-t', String(o.pid), '-m', '-p', '--', '/bin/sh', '-ec', 'mount -o remount,bind,ro /dev']);
  s.config.linux.devices = [];
  s.config.hostname = 'refused';
  s.bundle.write();
  const result = await c.rt(['apply', s.id]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0985/);
  assert.equal(o.node('/dev/fuse'), 'c 10:229 640 5:6');
  assert.equal(o.sysctl('kernel/hostname'), 'declared');
  execFileSync('nsenter', ['-t', String(o.pid), '-m', '-p', '--', '/bin/sh', '-ec', 'mount -o remount,bind,rw /dev']);
}, { only: 'veloci' });

test('a kill in the middle leaves a container that the next apply mends', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  s.config.hostname = 'mended';
  s.config.process.oomScoreAdj = 700;
  s.config.mounts!.push({ destination: '/late', type: 'tmpfs', source: 'tmpfs' });
  s.config.linux.devices!.push({ path: '/dev/new', type: 'c', major: 1, minor: 11 });
  setPids(s, 81);
  for (const [call, when] of [['write', 12], ['mount', 1], ['rename', 2], ['renameat', 1], ['prlimit64', 1], ['umount2',
    1]] as const)
  {
    await c.rt(['apply', s.id], {
      prefix: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `inject=${call}:signal=KILL:when=${when}`],
    });
    assert.equal((await state(c, s.id)).status, 'running', call);
  }
  fine(await c.rt(['apply', s.id]));
  assert.equal(o.sysctl('kernel/hostname'), 'mended');
  assert.equal(o.mounts('/late'), 1);
  assert.equal(pidsOf(o), '81');
  assert.deepEqual((await diff(c, s.id)).differences, []);
}, { only: 'veloci', skip: which('strace') === undefined ? 'no strace' : false });
