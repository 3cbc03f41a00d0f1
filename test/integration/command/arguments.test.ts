// What the command line makes of slips: nothing is ignored silently, and the log hears of it.
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { runtimePath } from '../../support/paths.ts';
import { call, type Result } from '../../support/runtime.ts';

const sleeping = ['sleep', '60'];

test('update -r warns of each key that it does not know, and does the rest', async (c) => {
  const { id } = await c.started(c.command(sleeping));
  const file = join(c.dir(), 'resources.json');
  writeFileSync(file, '{"pids": {"limit": 77, "limt": 1},\n "memroy": {"limit": 1}}');
  const result = await c.rt(['update', '-r', file, id]);
  assert.equal(result.code, 0, result.stderr);
  const warnings = result.stderr.trim().split('\n');
  assert.equal(warnings.length, 2, result.stderr);
  assert.match(result.stderr, /E0402: unknown property "limt" at \S*resources\.json:1:24 \(\/pids\/limt\)/);
}, { only: 'veloci' });

test('update -r of a whole config.json is not silent', async (c) => {
  const bundle = c.command(sleeping);
  const { id } = await c.started(bundle);
  const result = await c.rt(['update', '-r', join(bundle.dir, 'config.json'), id]);
  for (const key of ['ociVersion', 'process', 'root', 'linux'])
    assert.match(result.stderr, new RegExp(`E0402.*"${key}"`));
}, { only: 'veloci' });

test('ps --format json ends with a newline', async (c) => {
  const { id, pid } = await c.started(c.command(sleeping));
  const { stdout } = await c.rt(['ps', '-f', 'json', id]);
  assert.equal(stdout, `[${pid}]\n`);
}, { only: 'veloci' });

/** The only line of a JSON log. */
function logged(path: string): { code?: string; msg: string } {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  assert.equal(lines.length, 1, lines.join('\n'));
  return JSON.parse(lines[0] as string);
}

test('errors of arguments reach --log, before and behind them, also what is not UTF-8', async (c) => {
  const latin = (...args: string[]): Promise<Result> =>
    call(['/bin/sh', '-c', 'x=$(printf "\\303"); exec "$@" "$x"', 'sh', runtimePath(), ...args]);
  const cases: readonly (readonly [string, (log: string) => Promise<Result>])[] = [
    ['E0108', (log) => latin('--log', log, '--log-format', 'json', 'state')],
    ['E0108', (log) => latin('--log-format=json', `--log=${log}`, 'create', '--bundle')],
    ['E0102', (log) => c.rt(['create', '--nope', '--log', log, '--log-format', 'json', 'x'])],
    ['E0102', (log) => c.rt(['--nope', `--log=${log}`, '--log-format', 'json', 'state'])],
    ['E0105', (log) => c.rt(['list', '--format', 'xml', '--log-format=json', '--log', log])],
  ];
  for (const [code, run] of cases) {
    const log = join(c.dir(), 'log');
    assert.notEqual((await run(log)).code, 0);
    assert.equal(logged(log).code, code);
  }
}, { only: 'veloci' });

test('words of a program are no flags, whatever is wrong before them', async (c) => {
  const path = join(c.dir(), 'taken');
  const result = await c.rt(['exec', '--nope', 'x', 'sh', '--log', path]);
  assert.equal(result.code, 255);
  assert.match(result.stderr, /E0102/);
  assert.equal(existsSync(path), false);
}, { only: 'veloci' });

test('--debug logs each operation with its time', async (c) => {
  const { code, stderr } = await c.run(c.command(['true']), { global: ['--debug'] });
  assert.equal(code, 0, stderr);
  for (const name of ['create \\d+: process\\.spawn', 'stager \\d+: process\\.clone', 'init \\d+: root\\.pivot']) {
    assert.match(stderr, new RegExp(`level=debug msg="${name} done after \\d+\\.\\d{3} ms"`));
  }
}, { only: 'veloci' });

test('without arguments: the first commands, with the status of runc; as crun its status', async (c) => {
  const plain = await call([runtimePath()]);
  assert.equal(plain.code, 0, plain.stderr);
  assert.match(plain.stdout, /^veloci: .*\n\nfirst steps.*\n(  veloci .*\n){5}\nAll commands: veloci help/);
  assert.match((await call([runtimePath(), 'help'])).stdout, /\ncommands:\n/);
  const crun = join(c.dir(), 'crun');
  symlinkSync(runtimePath(), crun);
  const peer = await call([crun]);
  assert.equal(peer.code, 1);
  assert.match(peer.stderr, /E0109: no command given/);
}, { only: 'veloci' });
