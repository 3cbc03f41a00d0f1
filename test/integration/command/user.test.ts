// What a user without rights is told, and what a slip of the finger is answered with.
import { chmodSync, chownSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import type { Result } from '../../support/runtime.ts';

const user = 1234;
const prefix = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];

/** The lines of stderr, of which there must be one, and no warning. */
function only(result: Result): string {
  assert.equal(result.code, 1, result.stderr);
  const lines = result.stderr.trim().split('\n');
  assert.equal(lines.length, 1, result.stderr);
  return lines[0] as string;
}

function ownedRoot(c: Context): string {
  const root = c.dir();
  chownSync(root, user, user);
  chmodSync(root, 0o700);
  return root;
}

test('a configuration for root names spec --rootless and the state root to a user, once', async (c) => {
  const result = await c.run(c.command(['true']), { prefix, global: ['--root', ownedRoot(c)] });
  const line = only(result);
  assert.match(line, /E0588: uid 1234 .* at config\.json:\d+:\d+ \(\/linux\/namespaces\)/);
  assert.match(line, /"veloci spec --rootless".*--root/);
}, { only: 'veloci' });

test('a state root that a user cannot make names spec --rootless, too', async (c) => {
  const result = await c.run(c.command(['true']), { prefix, global: ['--root', '/run/nothing/here'] });
  const line = only(result);
  assert.match(line, /E0611.*uid 1234.*--root.*XDG_RUNTIME_DIR.*"veloci spec --rootless"/);
}, { only: 'veloci' });

test('what a hook has written is its output, and no help', async (c) => {
  const bundle = c.command(['true'], (config) => {
    config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'echo no disk >&2; exit 3'] }] };
  });
  const { stdout, stderr } = await c.run(bundle, { prefix: [program('ptyrun'), '24x80'] });
  const text = `${stdout}${stderr}`;
  assert.match(text, /E0775/);
  assert.match(text, /output.{0,9}: no disk/);
  assert.doesNotMatch(text, /help.{0,9}: no disk/);
}, { only: 'veloci' });

for (const [wrong, right] of [['TREM', 'TERM'], ['sigkil', 'KILL'], ['HPU', 'HUP'], ['UST1', 'USR1']] as const) {
  test(`kill with ${wrong}: the nearest name is ${right}`, async (c) => {
    const { id } = await c.started(c.command(['sleep', '30']));
    assert.match(only(await c.rt(['kill', id, wrong])), new RegExp(`E0111.*the nearest known name is "${right}"`));
  }, { only: 'veloci' });
}

for (const [wrong, right] of [['lsit', 'list'], ['rnu', 'run'], ['creat', 'create'], ['udpate', 'update']] as const) {
  test(`the command ${wrong}: the nearest name is ${right}`, async (c) => {
    const result = await c.rt([wrong]);
    assert.equal(result.code, 3, result.stderr);
    assert.match(result.stderr, new RegExp(`E0101.*the nearest known name is "${right}"`));
  }, { only: 'veloci' });
}
