// A container with a value for nearly everything, whose configuration is changed.
import type { Bundle } from '../../support/bundle.ts';
import { assert } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';
import { enlarge } from '../drift/large.ts';
import { Outside } from './changes.ts';

export interface Scene {
  readonly id: string;
  readonly bundle: Bundle;
  readonly config: Config;
}

export function scene(c: Context, change: (config: Config) => void = () => {}): Scene {
  const id = c.id(), data = c.dir();
  const bundle = c.bundle((config) => {
    enlarge(config, data);
    config.linux.cgroupsPath = `/${id}`;
    config.root!.readonly = false;
    change(config);
  });
  return { id, bundle, config: bundle.config };
}

export async function state(
  c: Context,
  id: string,
): Promise<{ pid: number; status: string; annotations?: Record<string, string> }> {
  return JSON.parse((await c.rt(['state', id])).stdout) as { pid: number; status: string };
}

export async function outside(c: Context, id: string): Promise<Outside> {
  return new Outside(id, (await state(c, id)).pid);
}

export async function run(c: Context, { bundle, id }: Scene): Promise<Outside> {
  const result = await c.rt(['run', '--detach', '--bundle', bundle.dir, id]);
  assert.equal(result.code, 0, result.stderr);
  return outside(c, id);
}

export function fine(result: Result): Result {
  assert.equal(result.stderr, '');
  assert.equal(result.code, 0);
  return result;
}

export const pids = '/linux/resources/pids/limit';
export const pidsOf = (o: Outside): string => o.cgroup('pids', 'pids.max');
export const setPids = ({ config, bundle }: Scene, limit: number): void => {
  (config.linux.resources as { pids: { limit: number } }).pids.limit = limit;
  bundle.write();
};
