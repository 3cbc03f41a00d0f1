// exec where the container has frozen a cgroup of its own that holds its init.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from './case.ts';

/** The container's cgroup in the hierarchy that freezes, and the file that does it. */
function freezer(id: string): { dir: string; file: string; value: [frozen: string, thawed: string] } {
  return unified
    ? { dir: `/sys/fs/cgroup/${id}`, file: 'cgroup.freeze', value: ['1', '0'] }
    : { dir: `/sys/fs/cgroup/freezer/${id}`, file: 'freezer.state', value: ['FROZEN', 'THAWED'] };
}

/** Declares the cases for the cgroups that this process sees. */
export function execWhereFrozen(): void {
  for (const depth of [1, 3]) {
    test(`exec joins a cgroup of the container that is not frozen: ${depth} below`, async (c) => {
      const { id, pid } = await c.started(c.command(['/probe', 'pause']));
      const { dir, file, value } = freezer(id);
      assert.ok(existsSync(join(dir, file)));
      const dirs: string[] = [];
      for (let i = 0, path = dir; i < depth; i++) dirs.unshift(path = join(path, 'below'));
      for (const path of [...dirs].reverse()) mkdirSync(path);
      writeFileSync(join(dirs[0]!, 'cgroup.procs'), String(pid));
      writeFileSync(join(dirs.at(-1)!, file), value[0]);
      const result = await c.rt(['exec', id, 'cat', '/proc/self/cgroup'], { timeLimit: 8000 });
      // Thawed before anything is asserted: what is frozen could not be cleared up.
      writeFileSync(join(dirs.at(-1)!, file), value[1]);
      writeFileSync(join(dir, 'cgroup.procs'), String(pid));
      assert.equal(result.timedOut, false, 'it hangs');
      assert.equal(result.code, 0, result.stderr);
      assert.doesNotMatch(result.stdout, /below/);
      for (const path of dirs) rmdirSync(path);
    });
  }
}
