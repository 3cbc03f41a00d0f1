// Configurations that a runtime has to refuse.
import { assert, test } from '../../test/support/case.ts';
import { type Config } from '../../test/support/spec.ts';

/** A case: create fails, says something, and leaves nothing. */
export function refused(name: string, change: (config: Config) => void): void {
  test(`refused: ${name}`, async (c) => {
    const bundle = c.command(['/probe', 'pause'], change);
    const result = await c.create(bundle);
    assert.notEqual(result.code, 0, 'create succeeds');
    assert.notEqual(result.stderr.trim(), '', 'nothing on stderr');
    await c.nothingLeft();
  });
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
