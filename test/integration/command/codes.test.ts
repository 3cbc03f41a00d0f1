// Codes of the command itself: each is triggered from outside, and told in the JSON log.
import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';

/** What a case needs before its command. */
type SetUp = (c: Context) => string[] | Promise<string[]>;

const pause = ['/probe', 'pause'];
const running: (...args: string[]) => SetUp = (...args) => async (c) => {
  const { id } = await c.started(c.command(pause));
  return args.map((arg) => (arg === 'ID' ? id : arg));
};
const created: (...args: string[]) => SetUp = (...args) => async (c) => {
  const { id } = await c.create(c.command(pause));
  return args.map((arg) => (arg === 'ID' ? id : arg));
};
const stopped: (...args: string[]) => SetUp = (...args) => async (c) => {
  const { id } = await c.started(c.command(['/probe', 'exit', '0']));
  await c.until(id, 'stopped');
  return args.map((arg) => (arg === 'ID' ? id : arg));
};
/** A bundle whose config.json is made by `make`. */
const bundled = (make: (path: string) => void): SetUp => (c) => {
  const dir = c.dir();
  make(join(dir, 'config.json'));
  return ['create', '--bundle', dir, c.id()];
};
const rooted = (make: (path: string) => string): SetUp => (c) => ['--root', make(join(c.dir(), 'root')), 'state', 'x'];

const cases: readonly (readonly [code: string, setUp: SetUp])[] = [
  ['E0101', () => ['stat']],
  ['E0102', () => ['state', '--nope', 'x']],
  ['E0103', () => ['create', '--bundle']],
  ['E0106', () => ['state']],
  ['E0107', () => ['state', 'a', 'b']],
  ['E0110', () => ['state', 'a/b']],
  ['E0111', running('kill', 'ID', 'NOSUCH')],
  ['E0112', (c) => ['create', '--bundle', '/nope', c.id()]],
  ['E0118', running('exec', 'ID')],
  ['E0119', running('exec', '--process', '/dev/null', 'ID', 'true')],
  ['E0130', () => ['explain', 'nosuch']],
  ['E0201', bundled(() => {})],
  ['E0202', bundled((path) => mkdirSync(path))],
  ['E0203', bundled((path) => writeFileSync(path, Buffer.alloc(17 << 20, ' ')))],
  ['E0716', (c) => ['create', '--bundle', c.bundle((config) => {
    config.root.path = 'nope';
  }).dir, c.id()]],
  ['E0715', (c) => ['create', '--bundle', c.bundle((config) => {
    config.root.path = 'config.json';
  }).dir, c.id()]],
  ['E0601', () => ['state', 'nosuch']],
  ['E0602', async (c) => {
    const bundle = c.command(pause);
    const { id } = await c.create(bundle);
    return ['create', '--bundle', bundle.dir, id];
  }],
  ['E0603', stopped('kill', 'ID', 'TERM')],
  ['E0604', running('start', 'ID')],
  ['E0605', stopped('start', 'ID')],
  ['E0606', created('delete', 'ID')],
  ['E0613', rooted((path) => {
    symlinkSync('/tmp', path);
    return path;
  })],
  ['E0614', rooted((path) => {
    mkdirSync(path);
    chownSync(path, 7, 7);
    return path;
  })],
  ['E0615', rooted((path) => {
    mkdirSync(path);
    chmodSync(path, 0o777);
    return path;
  })],
];

for (const [code, setUp] of cases) {
  test(`${code} is reported`, async (c) => {
    const log = join(c.dir(), 'log');
    const result = await c.rt(['--log', log, '--log-format', 'json', ...await setUp(c)]);
    assert.notEqual(result.code, 0);
    let output = result.stderr;
    try {
      output += readFileSync(log, 'utf8');
    } catch {
      // the command line was wrong: there is no log
    }
    assert.ok(output.includes(code), output);
  }, { only: 'veloci' });
}
