// spec fmt, merge and migrate: files, streams and exit statuses.
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';

test('spec fmt prints, checks and replaces', async (c) => {
  const dir = c.dir();
  const file = join(dir, 'config.json');
  const text = '{"n":9007199254740993,"ociVersion":"1.0.0"}';
  const formatted = '{\n  "ociVersion": "1.0.0",\n  "n": 9007199254740993\n}\n';
  writeFileSync(file, text);
  chmodSync(file, 0o664);
  assert.equal((await c.rt(['spec', 'fmt', '-b', dir])).stdout, formatted);
  assert.equal((await c.rt(['spec', 'fmt', '-f', file])).stdout, formatted);
  assert.equal((await c.rt(['spec', 'fmt', '--check', '-b', dir])).code, 2);
  assert.equal(readFileSync(file, 'utf8'), text);
  const written = await c.rt(['spec', 'fmt', '--write', '-b', dir]);
  assert.equal(written.code, 0, written.stderr);
  assert.equal(written.stdout, '');
  assert.equal(readFileSync(file, 'utf8'), formatted);
  assert.equal(statSync(file).mode & 0o7777, 0o664);
  assert.deepEqual(readdirSync(dir), ['config.json']);
  assert.equal((await c.rt(['spec', 'fmt', '--check', '-b', dir])).code, 0);
}, { only: 'veloci' });

test('spec fmt reads standard input, and keeps the order of keys that are numbers', async (c) => {
  const input = '{"annotations":{"b":"1","10":"2","a":"3","9":"4"},"ociVersion":"1.0.0"}';
  const { code, stdout, stderr } = await c.rt(['spec', 'fmt', '-f', '-'], { input });
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.match(/"[ab0-9]+":/g), ['"b":', '"10":', '"a":', '"9":']);
  assert.equal((await c.rt(['spec', 'fmt', '-f', '-'], { input: stdout })).stdout, stdout);
  assert.equal((await c.rt(['spec', 'fmt', '--check', '-f', '-'], { input: stdout })).code, 0);
  const wrong = await c.rt(['spec', 'fmt', '-f', '-'], { input: '{' });
  assert.match(wrong.stderr, /standard input:1:/);
  const write = await c.rt(['spec', 'fmt', '--write', '-f', '-'], { input });
  assert.equal(write.code, 1);
  assert.match(write.stderr, /--file: "-" is not a file, with --write|a file, with --write/);
  const dir = c.dir();
  writeFileSync(join(dir, 'base'), '{"annotations":{"z":"1","7":"2"}}');
  writeFileSync(join(dir, 'patch'), '{"annotations":{"3":"3"}}');
  const merged = await c.rt(['spec', 'merge', join(dir, 'base'), join(dir, 'patch')]);
  assert.deepEqual(merged.stdout.match(/"[z0-9]+":/g), ['"z":', '"7":', '"3":']);
}, { only: 'veloci' });

test('spec merge prints a patched configuration', async (c) => {
  const dir = c.dir();
  writeFileSync(join(dir, 'base'), '{"a":1,"b":9007199254740993}');
  writeFileSync(join(dir, 'patch'), '{"a":null}');
  const { code, stdout, stderr } = await c.rt(['spec', 'merge', join(dir, 'base'), join(dir, 'patch')]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '{\n  "b": 9007199254740993\n}\n');
  assert.equal((await c.rt(['spec', 'merge', join(dir, 'base')])).code, 1);
  assert.equal((await c.rt(['spec', 'mend'])).code, 1);
}, { only: 'veloci' });

test('spec migrate prints the configuration, and on standard error what has changed', async (c) => {
  const dir = c.dir();
  await c.rt(['spec', '-b', dir]);
  const file = join(dir, 'config.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"ociVersion": "[^"]*"/, '"ociVersion": "1.0.1"'));
  const { code, stdout, stderr } = await c.rt(['spec', 'migrate', '-b', dir]);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).ociVersion, '1.3.0');
  assert.equal(stderr, 'config.json: /ociVersion: "1.0.1" is "1.3.0" now\n');
}, { only: 'veloci' });
