// org.veloci.init: init stays as the first process of the container, above its program.
import { assert, test } from '../../support/case.ts';
import { onTerminal, Talk } from '../../support/console.ts';
import { runtimePath } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

const withInit = (config: Config): void => {
  config.annotations = { ...config.annotations, 'org.veloci.init': '1' };
};

test('signals end the program, its status is that of the container, orphans are waited for', async (c) => {
  const run = (script: string): ReturnType<typeof c.run> => c.run(c.command(['sh', '-c', script], withInit));
  const alone = await c.run(c.command(['sh', '-c', 'echo $$; kill -TERM $$; echo goes on; exit 3']));
  assert.deepEqual([alone.code, alone.stdout], [3, '1\ngoes on\n'], 'what the annotation is for');
  const killed = await run('kill -TERM $$; echo goes on');
  assert.deepEqual([killed.code, killed.stdout], [143, '']);
  const exited = await run(
    '(sh -c "sleep 0.01 & exit" &); sleep 0.4; cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z "; ls /proc/self/fd | wc -l; exit 7',
  );
  assert.deepEqual([exited.code, exited.stdout], [7, '0\n4\n']);
  assert.equal((await run('kill -9 1; kill -STOP 1; exec true')).code, 0);
}, only);

test('a signal to the container reaches its program, and nothing of init can be read', async (c) => {
  const id = c.id();
  const { dir } = c.command(['sh', '-c', 'trap "echo got it; exit 5" TERM; trap "" HUP; ' +
    'cat /proc/1/environ /proc/1/maps; ls /proc/1/fd; ls /proc/1/root/; echo ready; while :; do sleep 0.05; done'],
    withInit);
  const talk = new Talk([runtimePath(), '--root', c.root, 'run', '--bundle', dir, id]);
  assert.equal(await talk.expect(/ready/), 'ready\n');
  assert.equal((await c.rt(['kill', id, 'HUP'])).code, 0);
  assert.equal((await c.rt(['exec', id, 'true'])).code, 0);
  assert.equal((await c.rt(['diff', id])).code, 0);
  assert.equal((await c.rt(['kill', id, 'TERM'])).code, 0);
  assert.deepEqual([await talk.exit, talk.output], [5, 'ready\ngot it\n']);
}, only);

test('without a pid namespace of its own, or room for a second process, there is none', async (c) => {
  const shared = await c.run(c.command(['true'], (config) => {
    withInit(config);
    config.linux.namespaces = config.linux.namespaces!.filter(({ type }) => type !== 'pid');
  }));
  assert.match(shared.stderr, /E0\d+.*org\.veloci\.init/);
  const full = await c.run(c.command(['true'], (config) => {
    withInit(config);
    config.linux.resources = { ...config.linux.resources, pids: { limit: 1 } };
  }));
  assert.match(full.stderr, /E0997/);
}, only);

test('a terminal: its signals are for the program', async (c) => {
  const { dir } = c.command(['sh', '-c',
    'trap "echo interrupted; exit 4" INT; echo ready; while :; do sleep 0.05; done'], (config) => {
    withInit(config);
    config.process.terminal = true;
  });
  const talk = onTerminal([runtimePath(), '--root', c.root, 'run', '--bundle', dir, c.id()]);
  await talk.expect(/ready/);
  talk.send('\x03');
  assert.equal(await talk.exit, 4);
  assert.match(talk.output, /interrupted/);
}, only);
