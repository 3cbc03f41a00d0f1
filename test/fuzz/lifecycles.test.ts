// Lifecycles of every kind by the thousand, beside processes that stay: what those hold of memory and descriptors does not
// grow, what waits in a created container is always the same, and nothing is left of those that ended.
import { spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Runtime, type Container } from '../../src/index.ts';
import type { Bundle } from '../support/bundle.ts';
import { assert } from '../support/case.ts';
import type { Context } from '../support/context.ts';
import { fuzz } from '../support/fuzz/fuzz.ts';
import { descriptorsOf } from '../support/leak.ts';
import { runtimePath, timeScale } from '../support/paths.ts';
import type { Random } from '../support/fuzz/random.ts';

const kilobytes = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);

/** What a process has for itself. Not the pages of files: they are private while no other process happens to map them. */
function held(pid: number): { memory: number; descriptors: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return { memory: kilobytes(rollup, 'Anonymous') + kilobytes(rollup, 'Swap'), descriptors: descriptorsOf(pid).length };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What this process holds, in which the library works: its heap comes and goes by tens of megabytes. */
function ownMemory(): number {
  collect();
  return Math.round(process.memoryUsage.rss() / 1024);
}

/** Lifecycles until the heap has the size that it will have, and what it may grow after that, in kB. */
const warm = 500;
const slack = 64 * 1024;

/** With time enough a run ends at so many. */
const most = 10_000;

/** Pids of the processes that stay, by what they are. */
interface Residents {
  pids: Record<string, number>;
  before: Record<string, { memory: number; descriptors: number }>;
  own: { memory: number; descriptors: number };
  /** What the process of a created container holds: the first one's, by kind of container. */
  waiting: Map<string, { memory: number; descriptors: number }>;
  log: number;
  library: Runtime;
  bundles: Record<string, Bundle>;
  lifecycles: number;
}

let residents: Residents | undefined;

/** One call of the runtime, whose words are kept in a file that is looked at when it fails. */
function call(c: Context, here: Residents, args: readonly string[], expected = 0): void {
  const { status, signal } = spawnSync(runtimePath(), ['--root', c.root, ...args], {
    stdio: ['ignore', here.log, here.log],
    timeout: 60_000 * timeScale,
  });
  assert.equal(status, expected, `${args.join(' ')}: ${signal ?? ''} ${lastWords()}`);
}

const logFile = '/tmp/lifecycles.log';
const lastWords = (): string => readFileSync(logFile, 'utf8').split('\n').slice(-6).join('\n');

async function settle(c: Context): Promise<Residents> {
  const users = (config: Bundle['config']): void => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  };
  const bundles = {
    plain: c.command(['/probe', 'pause'], undefined, { rootfs: 'bind' }),
    mapped: c.command(['/probe', 'pause'], users, { rootfs: 'bind' }),
    short: c.command(['true'], undefined, { rootfs: 'bind' }),
    wrong: c.command(['/no/such/program'], undefined, { rootfs: 'bind' }),
  };
  const [ran, created] = [c.id(), c.id()];
  const supervisor = c.begin(['run', '--bundle', bundles.plain.dir, ran], { timeLimit: 1e8 });
  for (let tries = 0; !isRunning(c, ran); tries++) {
    assert.ok(tries < 1000 * timeScale, 'the container of "run" does not come up');
    await sleep(10);
  }
  const watcher = c.begin(['events', '--interval', '1s', ran], { timeLimit: 1e8 });
  const plain = await c.create(bundles.plain, { id: created, raw: true }); // a cgroup by its id
  assert.equal(plain.code, 0, plain.stderr);
  return { pids: { run: supervisor.child.pid!, events: watcher.child.pid!, init: plain.pid }, before: {},
    own: { memory: 0, descriptors: 0 }, waiting: new Map(), log: openSync(logFile, 'a'),
    library: new Runtime({ root: c.root, command: runtimePath() }), bundles, lifecycles: 0 };
}

function isRunning(c: Context, id: string): boolean {
  try {
    return new Runtime({ root: c.root }).state(id)?.status === 'running';
  } catch {
    return false; // it is just being made
  }
}

/** What init holds while it waits: the same for all containers of a kind. It may still be on its way when create is done. */
async function compareWaiting(here: Residents, kind: string, pid: number): Promise<void> {
  const first = here.waiting.get(kind);
  if (first === undefined) {
    await sleep(500 * timeScale);
    here.waiting.set(kind, held(pid));
    return;
  }
  let now = held(pid);
  for (let tries = 0; now.descriptors > first.descriptors && tries < 100 * timeScale; tries++) {
    await sleep(10);
    now = held(pid);
  }
  assert.equal(now.descriptors, first.descriptors, `descriptors of init (${kind}): ${descriptorsOf(pid).join(', ')}`);
  assert.ok(now.memory <= first.memory + 64, `init (${kind}) holds ${now.memory} kB, once ${first.memory} kB`);
}

/** One life, in one of the ways that there are. */
async function live(c: Context, here: Residents, random: Random, id: string): Promise<void> {
  const { plain, mapped, short, wrong } = here.bundles as Record<'plain' | 'mapped' | 'short' | 'wrong', Bundle>;
  const [kind, bundle] = random.pick([['plain', plain], ['mapped', mapped]] as const);
  const go = (...args: string[]): void => call(c, here, args);
  const create = async (): Promise<void> => {
    go('create', '--bundle', bundle.dir, id);
    await compareWaiting(here, kind, here.library.state(id)!.pid!);
  };
  let owned: Container | undefined;
  switch (random.below(8)) {
    case 0:
      return go('run', '--bundle', short.dir, id);
    case 1:
      await create();
      return go('delete', '--force', id);
    case 2:
      return call(c, here, ['create', '--bundle', wrong.dir, id], 1);
    case 3:
      go('run', '--detach', '--bundle', bundle.dir, id);
      go('exec', id, 'true');
      go('pause', id);
      go('resume', id);
      break;
    case 4:
      go('run', '--detach', '--bundle', bundle.dir, id);
      go('update', '--pids-limit', '50', id);
      go('ps', id);
      break;
    case 5:
      owned = await here.library.create({ bundle: bundle.dir, id, detached: true });
      await owned.start();
      break;
    default:
      await create();
      go('start', id);
  }
  go('kill', id, 'KILL');
  go('delete', id);
  // When this process has seen the end of its command, too, it holds nothing of it any more.
  await owned?.delete();
}

/** Fails when one of those that stay holds more than it did. */
function compareResidents(here: Residents): void {
  for (const [name, pid] of Object.entries(here.pids)) {
    const first = here.before[name] ??= held(pid);
    const now = held(pid);
    assert.equal(now.descriptors, first.descriptors, `descriptors of ${name}: ${descriptorsOf(pid).join(', ')}`);
    assert.ok(now.memory <= first.memory + 64, `${name} holds ${now.memory} kB, once ${first.memory} kB`);
  }
  const now = { memory: ownMemory(), descriptors: descriptorsOf(process.pid).length };
  if (here.own.descriptors === 0) here.own = now;
  assert.equal(now.descriptors, here.own.descriptors, `descriptors of the library: ${descriptorsOf(process.pid)}`);
  if (here.lifecycles <= warm) here.own = now;
  assert.ok(now.memory <= here.own.memory + slack,
    `the library's process holds ${now.memory} kB, once ${here.own.memory} kB (${here.lifecycles} lifecycles)`);
}

fuzz('lifecycles', async (c, random, seed) => {
  residents ??= await settle(c);
  const here = residents;
  for (let number = 0; number < 25; number++) {
    const id = `${c.token}-l${seed}-${number}`;
    try {
      await live(c, here, random, id);
    } catch (error) {
      spawnSync(runtimePath(), ['--root', c.root, 'delete', '--force', id]);
      throw error;
    }
    here.lifecycles += 1;
    // The long-lived ones are all that there is.
    assert.equal(here.library.list().length, 2, `after ${here.lifecycles} lifecycles`);
  }
  compareResidents(here);
  const remaining = readdirSync(c.root).filter((name) => name.startsWith(`${c.token}-l`));
  assert.deepEqual(remaining, [], join(c.root, remaining[0] ?? ''));
  if (here.lifecycles % 500 === 0) {
    const growth = Object.entries(here.pids).map(([name, pid]) => `${name} ${held(pid).memory} kB`);
    console.log(`# ${here.lifecycles} lifecycles: ${growth.join(', ')}, the library ${ownMemory()} kB`);
  }
  return here.lifecycles < most;
}, { only: 'veloci' });
