// What takes over a second is shown on a terminal, and taken back; nowhere else.
import { assert, test } from '../../support/case.ts';
import { onTerminal } from '../../support/console.ts';
import { runtimePath } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const slow = (config: Config): void => {
  config.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '1.2'] }] };
};

test('a hook that takes over a second is shown on a terminal, and the line goes away', async (c) => {
  const { dir } = c.command(['echo', 'started'], slow);
  const talk = onTerminal(['env', 'TERM=xterm', runtimePath(), '--root', c.root, 'run', '--bundle', dir, c.id()], 24,
    80);
  await talk.expect(/\r\x1b\[Kwaiting for the hook \/bin\/sleep \(1 s\)\r\x1b\[Kstarted/);
}, { only: 'veloci' });

test('without a terminal, and on one that can take nothing back, nothing is shown', async (c) => {
  const { dir } = c.command(['echo', 'started'], slow);
  const plain = c.rt(['run', '--bundle', dir, c.id()]);
  const talk = onTerminal(['env', 'TERM=dumb', runtimePath(), '--root', c.root, 'run', '--bundle', dir, c.id()], 24,
    80);
  await talk.expect(/^started/);
  const { stdout, stderr } = await plain;
  assert.equal(stdout + stderr, 'started\n');
}, { only: 'veloci' });
