// Configurations that a runtime has to refuse.
import { assert, test } from '../../test/support/case.ts';
import { runtimeName } from '../../test/support/runtime.ts';
import { type Config } from '../../test/support/spec.ts';

/**
 * A case: create fails, says where in config.json the fault is, and leaves nothing. Only the place shows that the fault is
 * the reason; other runtimes do not tell it, and of them any text on stderr is accepted.
 *
 * @param place path of the value that is at fault, such as `linux/devices/0`
 * @param missing name of the property that is not there
 */
export function refused(name: string, place: string, change: (config: Config) => void, missing = ''): void {
  test(`refused: ${name}`, async (c) => {
    const bundle = c.command(['/probe', 'pause'], change);
    const result = await c.create(bundle);
    assert.notEqual(result.code, 0, 'create succeeds');
    if (runtimeName().startsWith('veloci')) {
      const [found, pointer = ''] = /config\.json:\d+:\d+(?: \(([^)]*)\))?/.exec(result.stderr) ?? [];
      assert.ok(found, result.stderr);
      assert.equal(pointer, place === '' ? '' : `/${place}`, result.stderr);
      assert.ok(result.stderr.includes(missing), result.stderr);
    } else {
      assert.notEqual(result.stderr.trim(), '', 'nothing on stderr');
    }
    await c.nothingLeft();
  });
}

/** Sets the value at a path such as `linux/devices/0/path`, or removes it; objects and lists on the way are made. */
export function put(config: Config, path: string, value: unknown): void {
  const keys = path.split('/');
  const last = keys.pop()!;
  let parent = config as Record<string, unknown>;
  keys.forEach((key, index) => {
    parent[key] ??= /^\d+$/.test(keys[index + 1] ?? last) ? [] : {};
    parent = parent[key] as Record<string, unknown>;
  });
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}
