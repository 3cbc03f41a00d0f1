// delete --force after damage: every subset of the state files, spoilt in every way. What can be found is ended; what
// cannot be is told with a status that is not 0.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, truncateSync, unlinkSync, utimesSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import { isAlive } from '../../support/host/alive.ts';

const files = ['record', 'plan', 'request.json', 'config.json', 'state.json'];
const pause = ['/probe', 'pause'];

/** Ways to spoil a file. */
const ways: Readonly<Record<string, (path: string) => void>> = {
  emptied: (path) => truncateSync(path, 0),
  removed: (path) => unlinkSync(path),
  'cut off': (path) => truncateSync(path, 100),
  garbage: (path) => writeFileSync(path, Buffer.alloc(12288, 'x')),
  'a directory': (path) => {
    rmSync(path);
    mkdirSync(path);
  },
};

/** All subsets but the empty one. */
function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length - 1 }, (_, bits) => all.filter((_, i) => (bits + 1) >> i & 1));
}

/** Starts a container and returns its id and the pid of its init. */
async function running(c: Context, flags: string[] = [], change?: Parameters<Context['command']>[1]) {
  const id = c.id();
  const pidFile = join(c.dir(), 'pid');
  const started = await c.run(c.command(pause, change), {
    id,
    global: flags,
    flags: ['--detach', '--pid-file', pidFile],
  });
  assert.equal(started.code, 0, started.stderr);
  return { id, pid: Number(readFileSync(pidFile, 'utf8')) };
}

function damage(c: Context, id: string, names: readonly string[], way: string): void {
  for (const name of names) ways[way]!(join(c.root, id, name));
}

/** Spoils the files of a new container, each in a way; delete --force must end and remove it nevertheless. */
async function ends(c: Context, spoilt: readonly (readonly [name: string, way: string])[]): Promise<void> {
  const { id, pid } = await running(c);
  for (const [name, way] of spoilt) damage(c, id, [name], way);
  const what = spoilt.map((each) => each.join(' ')).join();
  const result = await c.rt(['delete', '--force', id]);
  assert.equal(result.code, 0, `${what}: ${result.stderr}`);
  assert.ok(!isAlive(pid), `${what}: its process lives`);
  assert.ok(!existsSync(join(c.root, id)), `${what}: its directory is left`);
}

test('delete --force ends a container with each file spoilt in each way', async (c) => {
  for (const name of files) {
    for (const way of Object.keys(ways)) await ends(c, [[name, way]]);
  }
  await c.nothingLeft();
}, { only: 'veloci' });

test('delete --force ends a container with each subset of its files emptied', async (c) => {
  for (const names of subsets(files)) await ends(c, names.map((name) => [name, 'emptied']));
  await c.nothingLeft();
}, { only: 'veloci' });

test('delete --force ends a container with each subset of its files spoilt in different ways', async (c) => {
  const names = Object.keys(ways);
  for (const [number, subset] of subsets(files).entries()) {
    await ends(c, subset.map((name, i) => [name, names[(number + i) % names.length]!]));
  }
  await c.nothingLeft();
}, { only: 'veloci' });

test('without cgroups what is lost is told, and stays', async (c) => {
  for (const names of subsets(files)) {
    const { id, pid } = await running(c, ['--cgroup-manager', 'disabled']);
    damage(c, id, names, 'emptied');
    const result = await c.rt(['delete', '--force', id]);
    // Either of the two says who it is.
    const lost = names.includes('record') && names.includes('state.json');
    assert.equal(result.code, lost ? 1 : 0, `${names.join()}: ${result.stderr}`);
    assert.equal(isAlive(pid), lost, `${names.join()}: its process`);
    assert.equal(existsSync(join(c.root, id)), lost, `${names.join()}: its directory`);
    if (!lost) continue;
    assert.match(result.stderr, /E0656/);
    process.kill(pid, 'SIGKILL');
    rmSync(join(c.root, id), { recursive: true });
  }
  await c.nothingLeft();
}, { only: 'veloci' });

test('processes beside init end too, without a pid namespace and in cgroups of their own', async (c) => {
  for (const names of [['record'], files]) {
    const id = c.id();
    const bundle = c.command(['sh', '-c', 'sleep 1000 & sleep 1000 & sleep 1000'], (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    });
    const started = await c.run(bundle, { id, flags: ['--detach'] });
    assert.equal(started.code, 0, started.stderr);
    const pids: number[] = JSON.parse((await c.rt(['ps', '-f', 'json', id])).stdout);
    damage(c, id, names, 'garbage');
    const result = await c.rt(['delete', '--force', id]);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(pids.filter((pid) => isAlive(pid)), [], 'all have ended');
  }
  await c.nothingLeft();
}, { only: 'veloci' });

test('a process that has got the number since is left alone', async (c) => {
  const { id, pid } = await running(c, ['--cgroup-manager', 'disabled']);
  const stranger = c.beginProgram(['sleep', '1000']);
  damage(c, id, ['record'], 'emptied');
  // As if state.json had been written before the stranger was started, and had named its number.
  const file = join(c.root, id, 'state.json');
  const state = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  writeFileSync(file, JSON.stringify({ ...state, pid: stranger.child.pid }));
  const before = Date.now() / 1000 - 3600;
  utimesSync(file, before, before);
  const result = await c.rt(['delete', '--force', id]);
  assert.ok(isAlive(stranger.child.pid!), 'the stranger lives');
  assert.equal(result.code, 1, 'nothing says what became of the container');
  process.kill(pid, 'SIGKILL');
  rmSync(join(c.root, id), { recursive: true });
  await c.nothingLeft((item) => item.includes('sleep'));
}, { only: 'veloci' });

test('another container in a cgroup of the same path is left alone', async (c) => {
  // Two roots: the second container has taken the path after the first one's cgroup was removed by hand.
  const [first, second] = [await running(c), c.id()];
  process.kill(first.pid, 'SIGKILL');
  const path = `/${first.id}`;
  const places = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name, path));
  const end = Date.now() + 10_000;
  for (const place of [join('/sys/fs/cgroup', path), ...places].filter((name) => existsSync(name))) {
    while (existsSync(place)) {
      try {
        rmdirSync(place);
      } catch (error) {
        assert.ok(Date.now() < end, String(error));
        await sleep(10);
      }
    }
  }
  const bundle = c.command(pause, (config) => {
    config.linux.cgroupsPath = path;
  });
  assert.equal((await c.run(bundle, { id: second, flags: ['--detach'], raw: true })).code, 0);
  damage(c, first.id, ['record'], 'emptied');
  assert.equal((await c.rt(['delete', '--force', first.id])).code, 0);
  assert.equal((await c.state(second))['status'], 'running');
  await c.destroy(second);
  await c.nothingLeft();
}, { only: 'veloci' });

test('a state directory without files is that of a create that died at once', async (c) => {
  const id = c.id();
  mkdirSync(join(c.root, id), { mode: 0o700 });
  assert.equal((await c.rt(['delete', '--force', id])).code, 0);
  assert.ok(!existsSync(join(c.root, id)));
}, { only: 'veloci' });

test('a request.json that is damaged is told, also where its plan must be made anew', async (c) => {
  const { id } = await running(c);
  damage(c, id, ['request.json'], 'garbage');
  const told = async (args: string[]): Promise<void> => {
    const result = await c.rt(args);
    assert.equal(result.code, 1, args.join(' '));
    assert.match(result.stderr, /E0621: .* its request\.json cannot be read/, args.join(' '));
  };
  await told(['update', '--pids-limit', '50', id]);
  damage(c, id, ['plan'], 'removed');
  await told(['pause', id]);
}, { only: 'veloci', drift: 'what it was made from is lost' });

test('an operation of a stored plan that fails is told where the configuration is lost: E0980', async (c) => {
  const { id } = await running(c);
  damage(c, id, ['config.json'], 'removed');
  const result = await c.rt(['kill', id, 'TERM'], { prefix: [program('fault'), 'pidfd_send_signal=1', '--'] });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0980: operation \d+ of kill failed at step \d+: not allowed, EPERM: /);
}, { only: 'veloci', drift: 'what it was made from is lost' });

// One descriptor fewer than a command needs to look at the container.
test('without descriptors no command takes a running container for an ended or a damaged one', async (c) => {
  const { id, pid } = await running(c);
  const commands = [['state', id], ['kill', id, '0'], ['ps', id], ['pause', id], ['resume', id], ['start', id], [
    'delete',
    id,
  ], ['update', '--pids-limit', '50', id], ['exec', id, 'true'], ['events', '--stats', id], ['list']];
  for (let most = 3; most < 10; most++) {
    for (const args of commands) {
      const { code, stderr, stdout } = await c.rt(args, { prefix: ['prlimit', `--nofile=${most}`] });
      const what = `${args.join(' ')} with ${most} descriptors: ${code}, ${stdout}${stderr}`;
      assert.ok(code === 0 || stderr !== '', what);
      assert.doesNotMatch(stderr, /E060[1357]|E0621|E0901/, what);
      if (args[0] === 'resume') continue;
      assert.ok(!/E0634/.test(stderr), what);
      if (args[0] === 'pause') await c.rt(['resume', id]);
    }
  }
  assert.ok(isAlive(pid));
  assert.equal((await c.state(id))['status'], 'running');
}, { only: 'veloci' });
