// Two builds of veloci manage each other's containers, in both directions (docs/upgrading.md).
import { closeSync, copyFileSync, openSync, readdirSync, readFileSync, readlinkSync, renameSync,
  writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { processes } from '../../support/leak.ts';
import { otherBuild } from '../../support/engines/other-build.ts';
import { runtimePath, which } from '../../support/paths.ts';
import { Podman } from '../../support/engines/podman.ts';
import { begin, type Call, call, type Result } from '../../support/runtime.ts';

let built: string | undefined;
const other = (): string => built ??= otherBuild();
const pause = ['/probe', 'pause'];

/** One build at work on the state root of a case. */
class Build {
  readonly #command: string[];

  constructor(path: string, root: string) {
    this.#command = [path, '--root', root];
  }

  rt(...args: string[]): Promise<Result> {
    return call([...this.#command, ...args]);
  }

  begin(...args: string[]): Call {
    return begin([...this.#command, ...args]);
  }

  /** A call that must succeed; returns its output. */
  async does(...args: string[]): Promise<string> {
    const result = await this.rt(...args);
    assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  }

  async status(id: string): Promise<string> {
    return (JSON.parse(await this.does('state', id)) as { status: string }).status;
  }
}

type Story = (c: Context, maker: Build, user: Build) => Promise<void>;

/** A story in both directions: this build uses what the other has made, and the other what this has made. */
function story(name: string, body: Story): void {
  const directions = { 'after an upgrade': true, 'after the command was put back': false };
  for (const [direction, upgraded] of Object.entries(directions)) {
    test(`${name}, ${direction}`, async (c) => {
      const [here, there] = [new Build(runtimePath(), c.root), new Build(other(), c.root)];
      await (upgraded ? body(c, there, here) : body(c, here, there));
      await c.nothingLeft();
    }, { only: 'veloci' });
  }
}

/** Starts `wait` and comes back when it waits: it has a pidfd by then. */
async function waiting(build: Build, id: string): Promise<Call> {
  const waiter = build.begin('wait', id);
  const folder = `/proc/${waiter.child.pid}/fd`;
  const waits = (): boolean => readdirSync(folder).some((fd) => readlinkSync(join(folder, fd)).includes('pidfd'));
  for (let i = 0; i < 1000 && !quietly(waits); i++) await sleep(10);
  return waiter;
}

/** What is asked of descriptors that may come and go. */
function quietly(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return false;
  }
}

/** Creates a container in a cgroup of its own. */
async function created(c: Context, maker: Build, args = pause): Promise<string> {
  const id = c.id();
  const bundle = c.command(args, (config) => {
    config.linux.cgroupsPath = `/${id}`;
    config['annotations'] = { key: 'a "value"' };
    config.hooks = { poststop: [{ path: '/bin/sh', args: ['sh', '-c', `echo over > ${c.dir()}/over`] }] };
  });
  await maker.does('create', '--bundle', bundle.dir, id);
  return id;
}

async function running(c: Context, maker: Build): Promise<string> {
  const id = await created(c, maker);
  await maker.does('start', id);
  return id;
}

story('state and list', async (c, maker, user) => {
  const id = await created(c, maker);
  assert.deepEqual(JSON.parse(await user.does('state', id)), JSON.parse(await maker.does('state', id)));
  await maker.does('start', id);
  assert.equal(await user.status(id), 'running');
  assert.deepEqual(JSON.parse(await user.does('list', '--format', 'json')),
    JSON.parse(await maker.does('list', '--format', 'json')));
  assert.match(await user.does('list'), new RegExp(`^${id} .* running `, 'm'));
  assert.equal(await user.does('list', '-q'), `${id}\n`);
  await user.does('delete', '--force', id);
});

story('start, exec, ps, pause, resume, update, kill, wait, delete', async (c, maker, user) => {
  const id = await created(c, maker);
  await user.does('start', id);
  assert.equal(await user.does('exec', id, '/bin/echo', 'hello'), 'hello\n');
  assert.equal((await user.rt('exec', id, '/probe', 'exit', '7')).code, 7);
  assert.equal((JSON.parse(await user.does('ps', '--format', 'json', id)) as number[]).length, 1);
  await user.does('pause', id);
  assert.deepEqual([await user.status(id), await maker.status(id)], ['paused', 'paused']);
  await user.does('resume', id);
  assert.equal(await maker.status(id), 'running');
  await user.does('update', '--pids-limit', '77', id);
  assert.match(await user.does('events', '--stats', id), /"type":"stats"/);
  const waiter = await waiting(user, id);
  await user.does('kill', id, 'KILL');
  assert.equal((await waiter.done).stdout, '137\n');
  await c.until(id, 'stopped');
  await user.does('delete', id);
  assert.equal((await maker.rt('state', id)).code, 1);
});

story('every command by turns', async (c, maker, user) => {
  const id = await created(c, maker);
  await user.does('start', id);
  for (const build of [maker, user, maker, user]) {
    assert.equal(await build.does('exec', id, '/bin/echo', 'hello'), 'hello\n');
    await build.does('pause', id);
    await build.does('resume', id);
    assert.equal(await build.status(id), 'running');
  }
  await user.does('update', '--pids-limit', '55', id);
  await maker.does('update', '--pids-limit', '66', id);
  await user.does('kill', id, 'KILL');
  await c.until(id, 'stopped');
  await maker.does('delete', id);
});

story('delete --force of what runs, waits or is paused', async (c, maker, user) => {
  const ids = [await created(c, maker), await running(c, maker), await running(c, maker)];
  await maker.does('pause', ids[2]!);
  for (const id of ids) {
    await user.does('delete', '--force', id);
    assert.equal((await maker.rt('state', id)).code, 1);
  }
});

story('kill and delete without the kept files', async (c, maker, user) => {
  for (const verb of ['kill', 'delete']) {
    const id = await running(c, maker);
    for (const name of ['plan', 'request.json', 'config.json']) {
      const file = openSync(join(c.root, id, name), 'w');
      closeSync(file);
    }
    if (verb === 'kill') {
      await user.does('kill', id, 'KILL');
      await c.until(id, 'stopped');
      await user.does('delete', id);
    } else {
      await user.does('delete', '--force', id);
    }
  }
});

story('the program fails to start', async (c, maker, user) => {
  const id = await created(c, maker, ['/bin/wrong-format']);
  const result = await user.rt('start', id);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /unknown program format/i);
  await user.does('delete', '--force', id);
});

/** Makes a record that of a form which is not known, in place: init has it mapped. */
function reform(path: string): void {
  const record = readFileSync(path);
  record.writeUInt32LE(99, 8);
  record.fill('x', 4360);
  const file = openSync(path, 'r+');
  writeSync(file, record, 0, record.length, 0);
  writeSync(file, Buffer.alloc(20_000, 'y'), 0, 20_000, record.length);
  closeSync(file);
}

test('a record of a later form', async (c) => {
  const here = new Build(runtimePath(), c.root);
  const id = await created(c, here);
  const record = join(c.root, id, 'record');
  reform(record);
  assert.equal(await here.status(id), 'created');
  await here.does('start', id);
  assert.equal(await here.status(id), 'running');
  assert.equal(await here.does('exec', id, '/bin/echo', 'hello'), 'hello\n');
  await here.does('pause', id);
  assert.equal(await here.status(id), 'paused');
  await here.does('resume', id);
  const waiter = await waiting(here, id);
  await here.does('kill', id, 'KILL');
  assert.equal((await waiter.done).stdout, '137\n');
  await c.until(id, 'stopped');
  const rest = readFileSync(record).subarray(12_280, 12_288);
  assert.equal(rest.toString(), 'x'.repeat(8), 'the rest is left as it was');
  await here.does('delete', id);
  await c.nothingLeft();
}, { only: 'veloci' });

test('podman goes on when the command is replaced', async (c) => {
  const podman = new Podman('/tmp/podman-upgrade');
  const path = join(c.dir(), 'veloci');
  const run = async (...args: string[]): Promise<string> => {
    const result = await call(podman.command(path, args), { env: podman.env, timeLimit: 60_000 });
    assert.equal(result.code, 0, `podman ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  for (const [before, after] of [[runtimePath(), other()], [other(), runtimePath()]] as const) {
    copyFileSync(before, path);
    podman.importImage(path);
    await run('run', '--detach', '--name', 'box', ...podman.runFlags, podman.image, ...pause);
    await run('create', '--name', 'later', ...podman.runFlags, podman.image, ...pause);
    // Not in place: it may be running.
    copyFileSync(after, `${path}.new`);
    renameSync(`${path}.new`, path);
    assert.equal(await run('exec', 'box', 'echo', 'hello'), 'hello\n');
    await run('pause', 'box');
    await run('unpause', 'box');
    assert.match(await run('ps', '--format', '{{.Names}} {{.State}}'), /^box Up /m);
    await run('start', 'later');
    await run('stop', '--time', '0', 'box');
    assert.match(await run('inspect', '--format', '{{.State.Status}}', 'box'), /^(exited|stopped)$/m);
    await run('rm', '--all', '--force', '--time', '0');
  }
  podman.reset(path);
  const remaining = (): string[] =>
    [...processes().values()].filter((line) => /conmon|\/probe/.test(line) && !line.endsWith('(Z)'));
  // conmon ends when podman has cleaned up.
  for (let i = 0; i < 1000 && remaining().length > 0; i++) await sleep(10);
  assert.deepEqual(remaining(), []);
}, { only: 'veloci', skip: which('podman') ? false : 'podman is not installed', leaks: 'ignore' });
