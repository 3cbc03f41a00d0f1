// Every wait has an end, and a signal that ends it before: FIFOs, sockets and pipes at whose other end nobody is at work,
// locks that somebody holds, processes that somebody has stopped.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { defaultConfig } from '../../support/spec.ts';
import { timeScale } from '../../support/paths.ts';
import type { Call, CallOptions, Result } from '../../support/runtime.ts';

/** What a command is called with. */
interface Waiting {
  args: string[];
  options?: CallOptions;
  /** ends what it waits for, so that the case can be cleared up */
  free?: () => void;
}

/** Makes what the command will wait for, and says how it is called. */
type Prepare = (c: Context) => Promise<Waiting>;

interface Row {
  name: string;
  prepare: Prepare;
  /** what it says when it has waited long enough */
  message: RegExp;
  /** exit status of both ends (default 1) */
  exit?: number;
  /** it cannot say it: nobody reads its stderr */
  silent?: true;
  /** its end is somebody else's: a pager reads when its user wants to */
  endless?: true;
}

const fifo = (c: Context): string => {
  const path = join(c.dir(), 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
};

/** A FIFO that somebody has opened for writing, without a word. */
const quiet = (c: Context): string => {
  const path = fifo(c);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  c.later(() => closeSync(fd));
  return path;
};

/** A FIFO without room that somebody has opened for reading, and our end of it for writing. */
const full = (c: Context): { path: string; fd: number } => {
  const path = quiet(c);
  const fill = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(fill, Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
  closeSync(fill);
  const fd = openSync(path, constants.O_RDWR);
  c.later(() => closeSync(fd));
  return { path, fd };
};

/** A socket that nobody accepts connections of any more: its queue is full. */
const busySocket = async (c: Context): Promise<string> => {
  const path = join(c.dir(), 'socket');
  const listener = spawn(process.execPath, ['-e', `
    const server = require('node:net').createServer();
    server.listen({ path: process.argv[1], backlog: 1 }, () => { process.stdout.write('ready'); process.kill(process.pid, 'SIGSTOP'); });`,
    path], { stdio: ['ignore', 'pipe', 'inherit'] });
  c.later(() => {
    listener.kill('SIGKILL');
  });
  await new Promise((resolve) => listener.stdout.once('data', resolve));
  const clients: Socket[] = [];
  c.later(() => clients.forEach((client) => client.destroy()));
  // Node retries no connection that a full queue refuses.
  for (let refused = false; !refused;) {
    refused = await new Promise<boolean>((resolve) => {
      const client = connect(path, () => resolve(false)).on('error', () => resolve(true));
      clients.push(client);
    });
  }
  return path;
};

const running = async (c: Context): Promise<{ id: string; pid: number }> => c.started(c.command(['/probe', 'pause']));

/** A container with a terminal that is to be created. */
const onTerminal = (c: Context): { dir: string; id: string } => {
  const id = c.id();
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.process.terminal = true;
    config.linux.cgroupsPath = `/${id}`;
  });
  return { dir, id };
};

const terminalProcess = (c: Context): string => {
  const path = join(c.dir(), 'process.json');
  writeFileSync(path, JSON.stringify({ ...defaultConfig().process, args: ['/probe', 'pause'], terminal: true }));
  return path;
};

/** Holds the lock of a container's state directory, as another command does. */
const locked = async (c: Context, ...command: string[]): Promise<Waiting> => {
  const { id } = await running(c);
  const holder = spawn('flock', ['--no-fork', join(c.root, id), 'sh', '-c', 'echo held; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const free = (): void => void holder.kill('SIGKILL');
  c.later(free);
  return { args: command.map((word) => (word === 'ID' ? id : word)), free };
};

const rows: readonly Row[] = [
  { name: 'a log that is a FIFO without a reader', message: /E0149: nobody reads/,
    prepare: async (c) => ({ args: ['--log', fifo(c), 'list'] }) },
  { name: 'a log that is a FIFO whose reader does not read', message: /none/,
    prepare: async (c) => ({ args: ['--log', full(c).path, 'state', 'none'] }) },
  { name: 'stdout that nobody reads', message: /./, endless: true,
    prepare: async (c) => ({ args: ['features'], options: { fds: { 1: full(c).fd } } }) },
  { name: 'stderr that nobody reads', message: /^$/, silent: true,
    prepare: async (c) => ({ args: ['state', 'none'], options: { fds: { 2: full(c).fd } } }) },
  ...([['without a writer', fifo], ['whose writer is silent', quiet]] as const).flatMap(([what, make]): Row[] => [
    { name: `exec --process with a FIFO ${what}`, exit: 255, message: /E0230: nobody has written/,
      prepare: async (c) => ({ args: ['exec', '--process', make(c), (await running(c)).id] }) },
    { name: `update --resources with a FIFO ${what}`, message: /E0230: nobody has written/,
      prepare: async (c) => ({ args: ['update', '--resources', make(c), (await running(c)).id] }) },
    { name: `mounts add with a FIFO ${what}`, message: /E0230: nobody has written/,
      prepare: async (c) => ({ args: ['mounts', 'add', (await running(c)).id, make(c)] }) },
  ]),
  { name: 'create with a console socket that nobody accepts', message: /console|terminal/, prepare: async (c) => {
    const { dir, id } = onTerminal(c);
    return { args: ['create', '--bundle', dir, '--console-socket', await busySocket(c), id] };
  } },
  { name: 'exec with a console socket that nobody accepts', exit: 255, message: /console|terminal/,
    prepare: async (c) => ({
      args: ['exec', '--detach', '--process', terminalProcess(c), '--console-socket', await busySocket(c),
        (await running(c)).id],
    }) },
  { name: 'pause of a container that another command has locked', message: /another command/,
    prepare: (c) => locked(c, 'pause', 'ID') },
  { name: 'mounts of a container that another command has locked', message: /another command/,
    prepare: (c) => locked(c, 'mounts', 'remove', 'ID', fifo(c)) },
  { name: 'start of a container whose init is stopped', message: /E0962: .*stopped/, prepare: async (c) => {
    const { id, pid } = await c.create(c.command(['/probe', 'pause']));
    process.kill(pid, 'SIGSTOP');
    c.later(() => {
      spawnSync('kill', ['-CONT', String(pid)]);
    });
    return { args: ['start', id] };
  } },
];

/** The process sleeps, and has done nothing for a tenth of a second. */
async function settled({ child }: Call): Promise<void> {
  const end = Date.now() + 10_000 * timeScale;
  const work = (): string => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return fields[0] === 'S' ? `${fields[11]} ${fields[12]}` : '';
  };
  for (let calm = 0, before = ''; calm < 5; await sleep(20)) {
    assert.ok(child.exitCode === null && child.signalCode === null, 'it waits');
    assert.ok(Date.now() < end, 'it comes to rest');
    const now = work();
    calm = now !== '' && now === before ? calm + 1 : 0;
    before = now;
  }
}

for (const { name, prepare, exit = 1, silent } of rows) {
  test(`SIGTERM ends the wait: ${name}`, async (c) => {
    const { args, options, free } = await prepare(c);
    const call = c.begin(args, options ?? {});
    await settled(call);
    const asked = performance.now();
    call.child.kill('SIGTERM');
    const result = await call.done;
    free?.();
    assert.equal(result.timedOut, false, 'it hangs');
    assert.ok(performance.now() - asked < 3000 * timeScale, 'at once');
    if (silent) return;
    assert.equal(result.code, exit, `${result.signal} ${result.stderr}`);
  }, { only: 'veloci' });
}

test('without a signal each of these waits ends by itself', async (c) => {
  const calls: { row: Row; done: Promise<Result> }[] = [];
  for (const row of rows.filter(({ endless }) => !endless)) {
    const { args, options, free } = await row.prepare(c);
    const { done } = c.begin(args, { ...options, timeLimit: 25_000 });
    calls.push({ row, done: done.finally(free) });
  }
  const wrong: string[] = [];
  for (const { row: { name, message, exit = 1, silent }, done } of calls) {
    const result = await done;
    if (result.timedOut) wrong.push(`${name}: hangs`);
    else if (result.code !== exit || (!silent && !message.test(result.stderr)))
      wrong.push(`${name}: ${result.code} ${result.signal} ${result.stderr}`);
  }
  assert.deepEqual(wrong, []);
}, { only: 'veloci' });

/** A pipe whose reader has gone away, as after `| head -1`. */
const abandoned = (c: Context): number => {
  const path = fifo(c);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY);
  closeSync(reader);
  c.later(() => closeSync(fd));
  return fd;
};

test('a reader of stdout that goes away ends a command without a word, as SIGPIPE does', async (c) => {
  const { dir } = c.command(['/probe', 'pause']);
  const { id } = await running(c);
  const commands = ['features', 'list', '--help', '--version', 'explain E0412', 'doctor', `plan --bundle ${dir}`,
    `audit --bundle ${dir}`, `state ${id}`, `ps ${id}`, `top`, `timeline ${id}`, `diff ${id}`, `events --stats ${id}`];
  for (const command of commands) {
    const result = await c.begin(command.split(' '), { fds: { 1: abandoned(c) } }).done;
    assert.deepEqual([command, result.code, result.stderr], [command, 128 + 13, '']);
  }
}, { only: 'veloci' });
