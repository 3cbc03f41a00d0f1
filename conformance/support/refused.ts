// Configurations that a runtime has to refuse.
import { assert, test, type PeerMark } from '../../test/support/case.ts';
import { type Config } from '../../test/support/spec.ts';

/** A runtime that takes what it should refuse. */
const takes = (peer: string): PeerMark => ({ peer, why: 'takes it' });

/** The peers that take a configuration although it is wrong: r = runc 1.1.5, c = crun 1.8.1. */
export type Takers = '' | 'r' | 'c' | 'rc';

/** A case: create fails, says something, and leaves nothing. */
export function refused(name: string, change: (config: Config) => void, takers: Takers = ''): void {
  test(`refused: ${name}`, async (c) => {
    const bundle = c.command(['/probe', 'pause'], change);
    const result = await c.create(bundle);
    assert.notEqual(result.code, 0, 'create succeeds');
    assert.notEqual(result.stderr.trim(), '', 'nothing on stderr');
    await c.nothingLeft();
  }, { peers: [...(takers.includes('r') ? [takes('runc 1.1.5')] : []), ...(takers.includes('c') ? [takes('crun 1.8.1')] : [])] });
}

/** Sets the value at a path such as `linux/devices/0/path`, or removes it; objects and lists on the way are made. */
export function put(config: Config, path: string, value: unknown): void {
  const keys = path.split('/');
  const last = keys.pop()!;
  let at = config as Record<string, unknown>;
  keys.forEach((key, index) => {
    at[key] ??= /^\d+$/.test(keys[index + 1] ?? last) ? [] : {};
    at = at[key] as Record<string, unknown>;
  });
  if (value === undefined) delete at[last];
  else at[last] = value;
}
