// The cgroups of a test's containers, in every hierarchy that this host has.
import { existsSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { unified } from '../case.ts';
import type { Context } from '../context.ts';
import { cgroups } from '../leak.ts';

/** The folder of a container in the hierarchy of a controller. */
export const folder = (controller: string, id: string): string =>
  unified ? `/sys/fs/cgroup/${id}` : `/sys/fs/cgroup/${controller}/${id}`;

/** The hierarchies that are mounted. */
export const hierarchies = (): { dir: string; cpuset: boolean }[] => {
  const found = readFileSync('/proc/self/mountinfo', 'utf8').matchAll(
    /^(?:\S+ ){4}(\/sys\/fs\/cgroup\S*) .* - cgroup2? /gm,
  );
  return [...found].map(([, dir = '']) => ({ dir, cpuset: !unified && existsSync(join(dir, 'cpuset.cpus')) }));
};

/** Removes what a runtime has left of a path, so that only this test notices. */
export const sweep = (c: Context, name: string): void =>
  c.later(() => {
    const remove = (path: string): void => {
      for (const entry of readdirSync(path, { withFileTypes: true }))
        if (entry.isDirectory())
          remove(
            join(path, entry.name),
          );
      rmdirSync(path);
    };
    for (const path of cgroups(name)) if (existsSync(path)) remove(path);
  });
