// Further malformed inputs, as tables: files of other commands, flags of every verb, and what lies around a command. Each gets one
// clear error with a code at once, and leaves nothing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { CallOptions } from '../../support/runtime.ts';
import { refused } from './refusal.ts';

const only = { only: 'veloci' } as const;

interface Input {
  args: string[];
  options?: CallOptions;
  exit?: readonly number[];
}

const own = [1, 255];

/** Files and flags for a container that runs. */
function forRunning(c: Context, id: string): Input[] {
  const dir = c.dir();
  let count = 0;
  const file = (value: unknown): string => {
    const path = join(dir, `file-${++count}`);
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };
  const program = { args: ['/probe', 'exit', '0'], cwd: '/', user: { uid: 0, gid: 0 } };
  const processes: unknown[] = [{}, { ...program, args: [] }, { ...program, args: 'x' }, { ...program, args: [''] }, {
    ...program,
    cwd: 'x',
  }, { ...program, user: { uid: -1, gid: 0 } }, { ...program, user: { uid: 4294967295, gid: 0 } }, { ...program,
    env: 'x' }, { ...program, rlimits: [{ type: 'x', soft: 1, hard: 1 }] }, { ...program,
    capabilities: { bounding: 1 } }, { ...program, oomScoreAdj: 5000 }, { ...program, args: ['/nosuch'] }, { ...program,
    args: ['/etc'] }, { ...program, scheduler: { policy: 'x' } }, { ...program, ioPriority: { class: 'x' } }, {
    ociVersion: '1.0.2',
    process: program,
  }, null, 'x', [program], { ...program, args: ['a\u0000b'] }];
  const resources: unknown[] = [null, 'x', { memory: 1 }, { memory: { limit: 'x' } }, { memory: { limit: -5 } }, {
    cpu: [],
  }, { cpu: { shares: 'x' } }, { cpu: { cpus: '77777' } }, { pids: { limit: {} } }, { unified: { '../x': '1' } }, {
    blockIO: {
      weight: 5,
    },
  }, { hugepageLimits: {} }, { devices: [{ access: 'r' }] }];
  const mounts: unknown[] = [null, {}, [{}], [1], [{ destination: 'x' }], [{ destination: '/', type: 'tmpfs' }], [{
    destination: '/proc/sys',
    type: 'tmpfs',
  }], [{ destination: '/a', type: 'nosuchfs' }], [{ destination: '/a', type: 'bind', source: '/nosuch',
    options: ['bind'] }], [{ destination: '/a', type: 'tmpfs', options: ['nosuch'] }], [{ destination: '/a',
    type: 'proc', source: '/proc/1', options: ['bind', 'x'] }]];
  return [
    ...processes.map((value): Input => ({ args: ['exec', '--process', file(value), id], exit: [1, 126, 127, 255] })),
    ...resources.map((value): Input => ({ args: ['update', '--resources', file(value), id] })),
    ...mounts.flatMap((value): Input[] => [{ args: ['mounts', 'add', id, file(value)] }]),
    { args: ['mounts', 'remove', id, file([{ destination: '/nosuch' }])] },
    { args: ['mounts', 'remove', id, file([{ destination: '/' }])] },
    { args: ['mounts', 'remove', id, file([{ destination: '/proc' }])] },
    { args: ['mounts', 'nosuch', id] },
    { args: ['mounts', id] },
    { args: ['mounts'] },
    { args: ['exec', id], exit: own },
    { args: ['exec', id, ''], exit: [1, 126, 127, 255] },
    { args: ['exec', '--cwd', '/nosuch', id, '/probe'], exit: [1, 126, 127, 255] },
    { args: ['exec', '--user', '0:0:0', id, '/probe'], exit: own },
    { args: ['exec', '--user', 'nosuch', id, '/probe'], exit: own },
    { args: ['exec', '--user', '4294967296', id, '/probe'], exit: own },
    { args: ['exec', '--additional-gids', '-1', id, '/probe'], exit: own },
    { args: ['exec', '--additional-gids', 'x', id, '/probe'], exit: own },
    { args: ['exec', '--cgroup', 'a:b', id, '/probe'], exit: own },
    { args: ['exec', '--cgroup', 'nosuch', id, '/probe'], exit: own },
    { args: ['exec', '--console-socket', '/etc/passwd', '--tty', '--detach', id, '/probe'], exit: own },
    { args: ['exec', '--tty', '--detach', id, '/probe'], exit: own },
    { args: ['exec', '--preserve-fds', 'x', id, '/probe'], exit: own },
    { args: ['exec', '--process', '', id], exit: own },
    { args: ['exec', '--process'], exit: own },
    { args: ['exec', '--pid-file', '/', id, '/probe', 'exit', '0'], exit: own },
    { args: ['exec', '--pid-file', '/proc/pid', id, '/probe', 'exit', '0'], exit: own },
    { args: ['exec', '--apparmor', 'a b\n', id, '/probe', 'exit', '0'], exit: own },
    { args: ['exec', '--detach=maybe', id, '/probe'], exit: own },
    { args: ['update', '--memory', '1', '--memory-swap', 'x', id] },
    { args: ['update', '--cpu-quota', 'x', id] },
    { args: ['update', '--cpuset-cpus', 'x', id] },
    { args: ['update', '--pids-limit', '1.5', id] },
    { args: ['update', '--blkio-weight', '1', id] },
    { args: ['update', '--cpu-period', '-1', id] },
    { args: ['update', '--resources', '', id] },
    { args: ['update', '--nosuch', '1', id] },
    { args: ['kill', id, 'KILL', 'TERM'] },
    { args: ['kill', '--all=x', id] },
    { args: ['kill', id, '0x9'] },
    { args: ['start', id] },
    { args: ['start', id, id] },
    { args: ['resume', id] },
    { args: ['delete', id] },
    { args: ['events', '--interval', '', id] },
    { args: ['events', '--stats', '--interval', 'x', id] },
    { args: ['ps', '--format', 'x', id] },
    { args: ['state', id, id] },
    { args: ['wait', id, 'x'] },
    { args: ['checkpoint', '--image-path', '', id] },
    { args: ['checkpoint', '--image-path', '/dev/null/x', id] },
    { args: ['checkpoint', '--manage-cgroups-mode', 'x', id] },
    { args: ['checkpoint', '--status-fd', '77', id] },
    { args: ['checkpoint', '--parent-path', '/abs', '--image-path', dir, id] },
    { args: ['checkpoint', '--page-server', 'x', '--image-path', dir, id] },
    { args: ['diff', '--nosuch', id], exit: [1, 2] },
    { args: ['diff', '--applied', '--declared', id] },
    { args: ['timeline', '--svg', '--chrome', id] },
    { args: ['timeline', '--otlp', '--svg', id] },
    { args: ['top', '--interval', 'x'] },
    { args: ['top', '--once', 'x'] },
    { args: ['list', '--format', ''] },
    { args: ['list', '--quiet=2'] },
  ];
}

async function tryAll(c: Context, inputs: readonly Input[], look: () => Promise<void>): Promise<void> {
  const faults: string[] = [];
  for (const { args, options, exit } of inputs) {
    try {
      refused(args.map((word) => JSON.stringify(word)).join(' '), await c.rt(args, { timeLimit: 10_000, ...options }),
        exit);
      await look();
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  console.log(`# ${inputs.length} command lines`);
  assert.deepEqual(faults, []);
}

test('files and flags for a running container that are none are refused, and it goes on', async (c) => {
  const { id, pid } = await c.started(c.command(['/probe', 'pause']));
  await tryAll(c, forRunning(c, id), async () => {
    const { status, pid: now } = await c.state(id);
    assert.deepEqual({ status, now }, { status: 'running', now: pid });
  });
}, only);

/** What lies around a command: roots, sockets, logs, pid files and descriptors that are not what they should be. */
async function around(c: Context): Promise<Input[]> {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-around`;
  }, { rootfs: 'bind' });
  const terminal = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-terminal`;
    config.process.terminal = true;
  }, { rootfs: 'bind' });
  const dir = c.dir(), at = (name: string): string => join(dir, name);
  writeFileSync(at('file'), 'x');
  symlinkSync('/run', at('link'));
  symlinkSync('loop', at('loop'));
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('open'), { mode: 0o777 });
  execFileSync('chmod', ['0777', at('open')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  c.later(() => server.close());
  const create = (...flags: string[]): string[] => ['create', '--bundle', bundle.dir, ...flags, c.id()];
  const roots = [at('file'), at('loop'), at('fifo'), at('socket'), at('open'), '/dev/full', '', '/proc/self/fd/0',
    `/${'x'.repeat(300)}`, `/tmp/${'x/'.repeat(2100)}`];
  return [
    ...roots.map((root): Input => ({ args: ['--root', root, ...create()] })),
    { args: create('--console-socket', at('socket')) },
    ...['', at('file'), at('fifo'), dir, at('loop'), `/${'x'.repeat(5000)}`].map((socket): Input => ({
      args: ['create', '--bundle', terminal.dir, '--console-socket', socket, c.id()],
    })),
    { args: ['create', '--bundle', terminal.dir, c.id()] },
    ...[dir, '/proc/pid', '/dev/null/x', '', `/${'x'.repeat(300)}`].map((path): Input => ({
      args: create('--pid-file', path),
    })),
    ...[at('file'), dir, '', at('loop')].map((path): Input => ({ args: create('--pidfd-socket', path) })),
    ...[dir, at('loop'), '/dev/null/x', '/nosuch/log', 'journald:', 'syslog:'].map((path): Input => ({
      args: ['--log', path, ...create()],
    })),
    { args: ['--log-format', 'xml', 'list'] },
    { args: ['--log-level', '', 'list'] },
    { args: ['--nosuch'] },
    { args: ['nosuch'], exit: [3] },
    { args: [''], exit: [3] },
    { args: ['--root'] },
    { args: ['--systemd-cgroup=x', 'list'] },
    { args: ['--rootless', 'maybe', 'list'] },
    { args: create('--preserve-fds', '-1') },
    { args: create('--preserve-fds', '1022') },
    { args: create('--preserve-fds', '0x1') },
    { args: ['create', '--bundle', '', c.id()] },
    { args: ['create', '--bundle', at('loop'), c.id()] },
    { args: ['create', '--bundle', at('fifo'), c.id()] },
    { args: ['create', '--bundle', at('socket'), c.id()] },
    { args: ['create', '--bundle', `/${'x/'.repeat(3000)}`, c.id()] },
    { args: ['run', '--bundle', bundle.dir, '--learn', '/nosuch/profile', c.id()] },
    { args: ['run', '--bundle', bundle.dir, '--timeline', '/nosuch/file', c.id()] },
    { args: ['run', '--bundle', bundle.dir, '--detach', '--console-socket', at('nosuch'), c.id()] },
    { args: ['restore', '--bundle', bundle.dir, '--image-path', '/nosuch', c.id()] },
    { args: ['restore', '--bundle', bundle.dir, '--image-path', at('file'), c.id()] },
    { args: ['restore', '--bundle', bundle.dir, '--image-path', dir, c.id()] },
    { args: ['plan', '--bundle', '/nosuch'] },
    { args: ['plan', '--bundle', bundle.dir, '-o', '/nosuch/plan'] },
    { args: ['validate', '/nosuch'] },
    { args: ['validate', '--bundle', at('file')] },
    { args: ['audit', '--bundle', '/nosuch'] },
    { args: ['spec', '--from', 'nosuch'] },
    { args: ['spec', 'fmt', '/nosuch'] },
    { args: ['spec', 'fmt', at('file')] },
    { args: ['spec', 'merge', at('file')] },
    { args: ['spec', 'migrate', dir] },

    { args: ['explain', 'E9999'] },
    { args: ['explain', '/nosuch/x'] },
    { args: ['features', 'x'] },
    { args: ['doctor', '--nosuch'] },
    { args: ['install', '--nosuch'] },
  ];
}

test('roots, sockets, logs, pid files and descriptors that are none are refused', async (c) => {
  await tryAll(c, await around(c), () => c.nothingLeft());
}, only);
