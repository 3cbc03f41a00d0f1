// audit looks at the files of hooks and bundle, and at what a container was made from.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';

interface Found {
  rule: string;
  pointer: string;
  line: number;
}

function rulesOf(stdout: string): string[] {
  return (JSON.parse(stdout) as { findings: Found[] }).findings.map(({ rule, pointer }) => `${rule} ${pointer}`);
}

test('a hook that others may write, or whose directory they may', async (c) => {
  const bundle = c.command(['true']);
  const hook = join(bundle.dir, 'hooks', 'hook');
  mkdirSync(join(bundle.dir, 'hooks'));
  writeFileSync(hook, '#!/bin/sh\n', { mode: 0o755 });
  bundle.config.hooks = { poststop: [{ path: hook }] };
  bundle.write();
  const found = async (): Promise<string[]> =>
    rulesOf((await c.rt(['audit', '--json', '--bundle', bundle.dir])).stdout);
  const writable = 'hook-writable /hooks/poststop/0/path';
  assert.ok(!(await found()).includes(writable));
  chmodSync(hook, 0o757);
  assert.ok((await found()).includes(writable));
  chmodSync(hook, 0o755);
  chmodSync(join(bundle.dir, 'hooks'), 0o777);
  assert.ok((await found()).includes(writable));
  const alone = await c.rt(['audit', '--json', '--no-files', '--bundle', bundle.dir]);
  assert.ok(!rulesOf(alone.stdout).includes(writable));
  chmodSync(bundle.dir, 0o777);
  assert.ok((await found()).includes('bundle-writable '));
  chmodSync(bundle.dir, 0o755);
}, { only: 'veloci' });

test('a container: what it was made from, not what the bundle says now; --fail-on gives 2', async (c) => {
  const bundle = c.command(['sleep', '100'], (config) => {
    config.process.noNewPrivileges = false;
  });
  const { id } = await c.create(bundle);
  bundle.config.process.noNewPrivileges = true;
  bundle.write();
  const kept = await c.rt(['audit', '--json', id]);
  assert.ok(rulesOf(kept.stdout).includes('new-privileges /process/noNewPrivileges'), kept.stdout + kept.stderr);
  const now = await c.rt(['audit', '--json', '--bundle', bundle.dir]);
  assert.ok(!rulesOf(now.stdout).includes('new-privileges /process/noNewPrivileges'));
  assert.equal((await c.rt(['audit', '--fail-on', 'medium', id])).code, 2);
  assert.equal((await c.rt(['audit', '--fail-on', 'critical', id])).code, 0);
  const missing = await c.rt(['audit', `${id}x`]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /does not exist/);
}, { only: 'veloci' });

test('standard input', async (c) => {
  const { code, stdout } = await c.rt(['audit', '-f', '-'], { input: '{"ociVersion":"1.0.0","root":{"path":"/"}}' });
  assert.equal(code, 0);
  assert.match(stdout, /critical root-of-host {2}standard input:1:\d+ \(\/root\/path\)/);
}, { only: 'veloci' });
