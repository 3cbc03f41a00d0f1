// apply: each change of config.json is made in the running container, as the kernel shows from outside, and taken back.
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Config } from '../../support/spec.ts';
import { diff, enlarge } from '../drift/large.ts';
import { changes, covering, Outside, type Change } from './changes.ts';

/** A container with a value for nearly everything. */
class Scene {
  readonly c: Context;
  readonly id: string;
  readonly bundle;
  o!: Outside;

  constructor(c: Context) {
    this.c = c;
    this.id = c.id();
    const data = c.dir();
    this.bundle = c.bundle((config) => {
      enlarge(config, data);
      config.linux.cgroupsPath = `/${this.id}`;
      config.root!.readonly = false;
    });
  }

  async start(): Promise<void> {
    const run = await this.c.rt(['run', '--detach', '--bundle', this.bundle.dir, this.id]);
    assert.equal(run.code, 0, run.stderr);
    const { pid } = JSON.parse((await this.c.rt(['state', this.id])).stdout) as { pid: number };
    this.o = new Outside(this.id, pid);
  }

  write(config: Config): void {
    this.bundle.write(JSON.stringify(config, null, 2));
  }

  async apply(...flags: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    return this.c.rt(['apply', ...flags, this.id]);
  }

  async isSame(what: string): Promise<void> {
    const { differences } = await diff(this.c, this.id);
    assert.deepEqual(differences, [], `${what}: diff`);
    const again = await this.apply();
    assert.equal(again.stderr, '', what);
    assert.equal(again.stdout, 'nothing to do\n', what);
    assert.equal((await this.apply('--dry-run')).code, 0, what);
  }
}

function matches(found: string, wanted: string | RegExp, what: string): void {
  if (typeof wanted === 'string') assert.equal(found, wanted, what);
  else assert.match(found, wanted, `${what}: ${found}`);
}

/** Makes one change. */
async function make(scene: Scene, config: Config, change: Change): Promise<void> {
  const { name, pointer } = change;
  change.make(config);
  scene.write(config);
  const dry = await scene.apply('--dry-run');
  assert.equal(dry.code, 2, `${name}: ${dry.stderr}`);
  assert.match(dry.stdout,
    new RegExp(`config\\.json:\\d+:\\d+ \\(${pointer.replace('/-', '/\\d+').replaceAll('.', '\\.')}`), name);
  const done = await scene.apply();
  assert.equal(done.stderr, '', name);
  assert.equal(done.code, 0, name);
  matches(change.see(scene.o), change.seen, name);
  await scene.isSame(name);
}

test('each change is made in the running container', async (c) => {
  const scene = new Scene(c);
  const base = structuredClone(scene.bundle.config);
  await scene.start();
  await scene.isSame('start');
  for (const change of changes) {
    const before = change.see(scene.o);
    await make(scene, structuredClone(base), change);
    scene.write(base);
    const back = await scene.apply();
    assert.equal(back.stderr, '', `${change.name} taken back`);
    assert.equal(back.code, 0, `${change.name} taken back`);
    matches(change.see(scene.o), change.back ?? before, `${change.name} taken back`);
    await scene.isSame(`${change.name} taken back`);
  }
}, { only: 'veloci' });

test('paths are covered', async (c) => {
  const scene = new Scene(c);
  const config = structuredClone(scene.bundle.config);
  await scene.start();
  for (const change of covering) await make(scene, config, change);
}, { only: 'veloci' });
