// Cgroups in cgroups, deeper than a path can say: made, filled and removed step by step from the working directory.
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';

/** Does something in a directory, and comes back. */
function inside<T>(dir: string, action: () => T): T {
  const back = process.cwd();
  process.chdir(dir);
  try {
    return action();
  } finally {
    process.chdir(back);
  }
}

/**
 * Makes a chain of cgroups below one.
 *
 * @param last what is done in the last one, which is the working directory then
 */
export function makeChain(dir: string, depth: number, last: () => void = () => {}): void {
  inside(dir, () => {
    for (let level = 0; level < depth; level++) {
      mkdirSync('d');
      process.chdir('d');
    }
    last();
  });
}

/** Moves processes to the cgroup that is the working directory. */
export function takeIn(pids: readonly number[]): void {
  // A new cpuset of v1 takes nobody.
  if (existsSync('cpuset.memory_migrate')) return;
  for (const pid of pids) writeFileSync('cgroup.procs', String(pid));
}

/** Makes many cgroups side by side. */
export function makeRow(dir: string, count: number): void {
  inside(dir, () => {
    for (let number = 0; number < count; number++) mkdirSync(`r${number}`);
  });
}

/** Removes a cgroup and all below it, when nobody is in there. */
export function removeChain(dir: string): void {
  if (!existsSync(dir)) return;
  const childOf = (): string | undefined =>
    readdirSync('.', { withFileTypes: true }).find((entry) => entry.isDirectory())?.name;
  inside(dir, () => {
    const way: string[] = [];
    for (;;) {
      const child = childOf();
      if (child !== undefined) {
        way.push(child);
        process.chdir(child);
      } else if (way.length > 0) {
        process.chdir('..');
        rmdirSync(way.pop()!);
      } else {
        return;
      }
    }
  });
  rmdirSync(dir);
}
