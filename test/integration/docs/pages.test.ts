// README and tutorial as a reader follows them: in an empty directory, with veloci and podman in PATH.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository, runtimePath, which } from '../../support/paths.ts';
import { assert, test } from '../../support/case.ts';
import { Podman } from '../../support/engines/podman.ts';
import { follow, stepsOf } from '../../support/guide.ts';
import { call } from '../../support/runtime.ts';

const text = (name: string): string => readFileSync(join(repository, name), 'utf8');

test('README.md: its commands print what it says', async (c) => {
  await follow(stepsOf(text('README.md')), { dir: c.dir(), root: c.root });
}, { only: 'veloci' });

test('README.md: the line that runs a shell', async (c) => {
  const line = /^(mkdir .* veloci run demo)$/m.exec(text('README.md'))![1]!;
  const dir = c.dir();
  const words = line.replaceAll('veloci ', `${runtimePath()} --root ${c.root} `);
  const { code, stdout } = await call(['script', '-qec', words, '/dev/null'], { cwd: dir,
    input: 'echo "process $((0 + $$))"\nexit 3\n', env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm' } });
  assert.match(stdout, /^process 1\r$/m, stdout);
  assert.equal(code, 3, stdout);
}, { only: 'veloci' });

test('docs/tutorial.md: its commands print what it says', async (c) => {
  const podman = new Podman('/tmp/tutorial-podman');
  const dir = c.dir();
  try {
    await follow(stepsOf(text('docs/tutorial.md')), { dir, root: c.root, podman, timeLimit: 60_000 });
  } finally {
    podman.reset(runtimePath());
    rmSync('/tmp/tutorial-podman', { recursive: true, force: true });
  }
}, { only: 'veloci', leaks: 'ignore', skip: which('podman') ? false : 'podman is not installed' });
