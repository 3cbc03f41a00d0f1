// Differential fuzzing: the same configuration for veloci, runc and crun. Where both peers agree on the verdict, ours is the
// same; what is seen inside of an accepted container is what one of the peers that accept it shows.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { assert } from '../support/case.ts';
import type { Bundle } from '../support/bundle.ts';
import type { Context } from '../support/context.ts';
import type { Facts } from '../support/facts.ts';
import { excuseFor, type Verdicts } from '../support/fuzz/excuses.ts';
import { fuzz } from '../support/fuzz/fuzz.ts';
import { cgroups, sweepCgroups } from '../support/leak.ts';
import { mutate } from '../support/fuzz/mutate.ts';
import { runtimePath, which } from '../support/paths.ts';
import { call, type Result } from '../support/runtime.ts';

const peers = ['runc', 'crun'].flatMap((name) => which(name) ?? []);
/** The result of one runtime; `facts` when the probe has run. */
interface Run {
  result: Result;
  facts: Partial<Facts> | undefined;
}

const empty = '/tmp/no-controllers';

/**
 * The command of a runtime. crun 1.8.1 refuses hosts on which cgroup v2 has a controller beside v1: it gets a mount namespace
 * in which v2 seems to have none.
 */
function commandOf(runtime: string): string[] {
  const controllers = '/sys/fs/cgroup/unified/cgroup.controllers';
  if (!runtime.endsWith('/crun') || !existsSync(controllers)) return [runtime];
  writeFileSync(empty, '');
  return ['unshare', '--mount', 'sh', '-c', `mount --bind ${empty} ${controllers} && exec "$@"`, 'sh', runtime];
}

async function run(runtime: string, bundle: Bundle, c: Context): Promise<Run> {
  const id = c.id();
  const command = commandOf(runtime);
  const isOurs = runtime === runtimePath();
  const root = isOurs ? c.root : mkdtempSync('/tmp/peer-');
  const result = await call([...command, '--root', root, 'run', '--bundle', bundle.dir, id], { timeLimit: 30_000 });
  if (isOurs) assert.deepEqual([...cgroups(id)], [], 'run has left cgroups');
  await call([...command, '--root', root, 'delete', '--force', id]);
  // What a peer leaves of a container that it has refused is no finding of ours.
  if (!isOurs) await sweepCgroups(id);
  let facts: Partial<Facts> | undefined;
  try {
    facts = JSON.parse(result.stdout) as Partial<Facts>;
  } catch {
    // the probe has not run, or the configuration gave it something else to do
  }
  return { result, facts };
}

/** What of the facts does not differ from run to run. */
function comparable(facts: Partial<Facts>): Record<string, unknown> {
  const { cwd, hostname, args, env, uid, gid, groups, umask, rlimits, status, oom, dumpable, personality } = facts;
  const kept = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp'];
  // Hierarchies that another test has mounted for itself come and go: crun mounts what the kernel has just now.
  const lasting = (point: string): boolean => !point.startsWith('/sys/fs/cgroup/') || existsSync(point);
  const points = (facts.mounts ?? []).map((line) => line.split(' ')[4] ?? '').filter(lasting).sort();
  return { cwd, hostname, args, env, uid, gid, groups, umask, rlimits, oom, dumpable, personality, points,
    descriptors: Object.keys(facts.fds ?? {}).sort(),
    ...Object.fromEntries(kept.map((name) => [name, status?.[name]])) };
}

function verdictOf({ result, facts }: Run): 'accepted' | 'refused' {
  return facts !== undefined || result.code === 0 ? 'accepted' : 'refused';
}

fuzz('configurations, as runc and crun take them', async (c, random) => {
  const bundle = c.bundle((config) => {
    config.process.args = ['/probe'];
  });
  const done = mutate(bundle.config, random);
  bundle.write();
  const ours = await run(runtimePath(), bundle, c);
  const theirs = [];
  for (const peer of peers) theirs.push(await run(peer, bundle, c));
  const text = JSON.stringify(bundle.config);
  const describe = (all: readonly Run[]): string =>
    all.map(({ result }) => `${result.code ?? result.signal}: ${result.stderr.trim().slice(-300)}`).join('\n  ');
  const where = `changed: ${done.join(', ')}\n${text}\n  ${describe([ours, ...theirs])}`;
  assert.ok(!ours.result.timedOut, `it hangs; ${where}`);
  assert.ok(ours.result.signal === null && ours.result.code !== null, `it crashed; ${where}`);
  if (verdictOf(ours) === 'refused') assert.match(ours.result.stderr, /E\d{4}/, `no error is told; ${where}`);
  assert.doesNotMatch(ours.result.stderr, /E090[1235]/, `a fault of veloci itself; ${where}`);
  const verdicts: Verdicts = { ours: verdictOf(ours), theirs: theirs.map(verdictOf), stderr: ours.result.stderr };
  if (verdicts.theirs.every((verdict) => verdict !== verdicts.ours)) {
    assert.ok(excuseFor(bundle.config, verdicts) !== undefined, `another verdict than both peers; ${where}`);
    return;
  }
  if (ours.facts === undefined) return;
  const seen = comparable(ours.facts);
  const others = theirs.flatMap(({ facts }) => (facts === undefined ? [] : [comparable(facts)]));
  if (others.length === 0) return;
  for (const [name, value] of Object.entries(seen)) {
    const same = others.some((other) => JSON.stringify(other[name]) === JSON.stringify(value));
    if (same) continue;
    const values = `${JSON.stringify(value)} here, ${
      others.map((other) => JSON.stringify(other[name])).join(' and ')
    } there`;
    assert.ok(excuseFor(bundle.config, { ...verdicts, fact: name }) !== undefined, `${name}: ${values}; ${where}`);
  }
}, { only: 'veloci', skip: peers.length < 2 ? 'runc and crun are not both installed' : false });
