// Who gets a cgroup that several want at once, and who ends what is in there: each create its own container alone. v1 and v2.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test, unified } from '../../support/case.ts';
import { folder, hierarchies, sweep } from '../../support/host/cgroup.ts';
import type { Context } from '../../support/context.ts';
import { cgroups } from '../../support/leak.ts';
import { runtimePath, timeScale, which } from '../../support/paths.ts';
import type { Result } from '../../support/runtime.ts';

/** Two containers of one cgroup, in state roots that do not know of each other. */
interface Rival {
  begin: (prefix?: string[]) => Promise<Result>;
  state: () => Promise<string>;
  end: () => Promise<Result>;
}

const rival = (c: Context, cgroup: string): Rival => {
  const root = join(c.dir(), 'root');
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${cgroup}`;
  });
  const call = (args: string[], prefix: string[] = []): Promise<Result> =>
    c.beginProgram([runtimePath(), '--root', root, ...args], { prefix }).done;
  c.later(() => spawnSync(runtimePath(), ['--root', root, 'delete', '--force', 'one']));
  return {
    begin: (prefix) => call(['create', '--bundle', dir, 'one'], prefix),
    state: async () => String((JSON.parse((await call(['state', 'one'])).stdout) as { status: string }).status),
    end: () => call(['delete', '--force', 'one']),
  };
};

test('of two creates with one cgroupsPath one is refused, and the other lives', async (c) => {
  const name = `${c.token}-shared`;
  const rivals = [rival(c, name), rival(c, name)];
  sweep(c, name);
  for (let round = 0; round < 40; round++) {
    const results = await Promise.all(rivals.map(async ({ begin }, index) => {
      await sleep(index * (round % 8));
      return begin();
    }));
    const won = results.flatMap(({ code }, index) => code === 0 ? [index] : []);
    assert.equal(won.length, 1, results.map(({ stderr }) => stderr).join(''));
    assert.match(results[1 - won[0]!]!.stderr, /E0702: /);
    assert.equal(await rivals[won[0]!]!.state(), 'created', `round ${round}`);
    assert.equal((await rivals[won[0]!]!.end()).code, 0);
    assert.deepEqual([...cgroups(name)], []);
  }
}, { only: 'veloci' });

test('a create whose cgroups are still empty keeps them', async (c) => {
  const name = `${c.token}-shared`;
  const [first, second] = [rival(c, name), rival(c, name)];
  sweep(c, name);
  const last = join(hierarchies().at(-1)!.dir, name);
  // One lock is that of the state directory.
  const delay = `inject=flock:delay_exit=${1_500_000 * timeScale}:when=${hierarchies().length + 1}`;
  const begun = first.begin(['strace', '-qq', '-o', '/dev/null', '-e', delay]);
  for (let tries = 0; !existsSync(last); tries++) {
    assert.ok(tries < 1000, 'it makes no cgroup');
    await sleep(10);
  }
  assert.match((await second.begin()).stderr, /E0702: /);
  const result = await begun;
  assert.equal(result.code, 0, result.stderr);
  assert.equal(await first.state(), 'created');
  assert.equal((await first.end()).code, 0);
}, { only: 'veloci', skip: which('strace') ? false : 'strace is not installed' });

test('a refused create ends nobody in a cgroup that was there before', async (c) => {
  const name = `${c.token}-shared`;
  for (const { dir } of hierarchies()) mkdirSync(join(dir, name));
  const other = c.beginProgram(['sleep', '1000']);
  c.later(() => other.child.kill('SIGKILL'));
  sweep(c, name);
  // After the cgroup was found, before the failure that comes from a hook.
  const hook = join(c.dir(), 'hook');
  writeFileSync(hook,
    `#!/bin/sh\necho ${other.child.pid} >${join(hierarchies().at(-1)!.dir, name)}/cgroup.procs; exit 1\n`, {
    mode: 0o755,
  });
  const result = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${name}`;
    config.hooks = { createRuntime: [{ path: hook }] };
  }));
  assert.match(result.stderr, /E0775: /);
  await sleep(50);
  assert.equal(other.child.exitCode ?? other.child.signalCode, null, 'it was killed');
  other.child.kill('SIGKILL');
  await other.done;
}, { only: 'veloci' });

/** Renames a cgroup to and fro as fast as it can, with another one in its place meanwhile. */
const renamer = (path: string): string =>
  `const fs = require('fs'); const quiet = (f, ...a) => { try { f(...a); } catch {} };
  for (;;) { quiet(fs.renameSync, '${path}', '${path}-away'); quiet(fs.mkdirSync, '${path}');
    quiet(fs.rmdirSync, '${path}'); quiet(fs.renameSync, '${path}-away', '${path}'); }`;

test('no renaming of its cgroup on v1 takes the device rules off a container', async (c) => {
  const parent = `${c.token}-parent`;
  sweep(c, parent);
  for (const { dir } of hierarchies()) mkdirSync(join(dir, parent));
  const top = folder('devices', parent);
  let held = 0;
  for (let round = 0; round < 40; round++) {
    const id = c.id();
    const racer = c.beginProgram([process.execPath, '-e', renamer(join(top, id))]);
    const result = await c.create(c.command(['/probe', 'pause'], (config) => {
      config.linux.cgroupsPath = `/${parent}/${id}`;
    }), { id });
    if (result.code === 0) {
      held++;
      const [, path] = /^\d+:devices:(.*)$/m.exec(readFileSync(`/proc/${result.pid}/cgroup`, 'utf8'))!;
      racer.child.kill('SIGKILL');
      await racer.done;
      const there = [...new Set([path!, `${path}-away`, path!.replace(/-away$/, '')])].map((name) =>
        join('/sys/fs/cgroup/devices', name)
      );
      const lists = there.filter((dir) =>
        existsSync(join(dir, 'cgroup.procs')) && readFileSync(join(dir, 'cgroup.procs'), 'utf8') !== ''
      )
        .map((dir) => readFileSync(join(dir, 'devices.list'), 'utf8'));
      assert.equal(lists.length, 1, 'it is in no cgroup of its name');
      assert.doesNotMatch(lists[0]!, /^a /m);
    }
    racer.child.kill('SIGKILL');
    await racer.done;
    await c.destroy(id);
    // What the renamer itself has left.
    for (const name of readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      assert.equal(readFileSync(join(top, name.name, 'cgroup.procs'), 'utf8'), '',
        `round ${round}: somebody is in ${name.name}`);
      rmdirSync(join(top, name.name));
    }
  }
  assert.ok(held > 0, 'no create has come through');
}, { only: 'veloci', skip: unified ? 'v2 renames no cgroup' : false });

test('delete finds a cgroup of v1 that has another name now', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const path = folder('devices', id);
  renameSync(path, `${path}-away`);
  await c.destroy(id);
  assert.deepEqual([existsSync(path), existsSync(`${path}-away`)], [false, false]);
}, { only: 'veloci', skip: unified ? 'v2 renames no cgroup' : false });
