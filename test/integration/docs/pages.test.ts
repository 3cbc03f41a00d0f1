// README, the tutorial and the page for students as a reader follows them: in an empty directory, with veloci and podman in PATH.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
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

for (const page of ['docs/tutorial.md', 'docs/how-it-works.md']) {
  test(`${page}: its commands print what it says`, async (c) => {
    const podman = new Podman('/tmp/page-podman');
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/var/tmp']); // podman commit writes there
    const dir = c.dir();
    chmodSync(dir, 0o755); // a mapped root passes through it
    try {
      await follow(stepsOf(text(page)), { dir, root: c.root, podman, timeLimit: 60_000 });
    } finally {
      podman.reset(runtimePath());
      execFileSync('umount', ['/var/tmp']);
      rmSync('/tmp/page-podman', { recursive: true, force: true });
    }
  }, { only: 'veloci', leaks: 'ignore', skip: which('podman') ? false : 'podman is not installed' });
}
