// Limits of veloci's own say that they are limits: none has the words of an errno of the kernel.
import { chmodSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { runtimePath } from '../../support/paths.ts';
import { begin } from '../../support/runtime.ts';

const only = { only: 'veloci' } as const;
const mebibyte = 1 << 20;

test('update --resources - takes 16 MiB of standard input', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const result = await c.rt(['update', '--resources', '-', id], { input: ' '.repeat(16 * mebibyte + 1) });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0203: "standard input" has more than the 16777216 bytes/);
}, only);

test('ps may write 64 MiB', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const folder = c.dir();
  writeFileSync(join(folder, 'ps'), '#!/bin/sh\nexec /usr/bin/head -c 67108865 /dev/zero\n');
  chmodSync(join(folder, 'ps'), 0o755);
  const result = await begin(['env', `PATH=${folder}`, runtimePath(), '--root', c.root, 'ps', id]).done;
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0978: a limit of veloci is reached: ps may write 64 MiB/);
}, only);

test('an answer of --plan-fd has at most 16 MiB', async (c) => {
  const file = join(c.dir(), 'plan');
  writeFileSync(file, '');
  truncateSync(file, 17 * mebibyte);
  const { dir } = c.command(['/probe', 'pause']);
  const result = await begin(['/bin/sh', '-c', 'exec "$0" --root "$1" create --plan-fd 9 --bundle "$2" "$3" 9< "$4"',
    runtimePath(), c.root, dir, c.id(), file]).done;
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0956: the plan is larger than 16 MiB/);
}, only);

test('facts about the host may be of any size', async (c) => {
  const { dir } = c.command(['/probe', 'exit', '0']);
  const path = `/${'x'.repeat(100_000)}`;
  const result = await begin(['env', `NOTIFY_SOCKET=${path}`, runtimePath(), '--root', c.root, 'create', '--bundle',
    dir, c.id()]).done;
  assert.doesNotMatch(result.stderr, /ENOBUFS|E0906/);
}, only);
