// The command and the library tell the same of every container, whatever became of it and of its files.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, unlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Runtime } from '../../../src/index.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { call, type Result } from '../../support/runtime.ts';
import { runtimePath } from '../../support/paths.ts';

const pause = ['/probe', 'pause'];
/** Places of the record's head, which never change (native/record/record.h). */
const offsets = { form: 8, stage: 12, pid: 16, startTime: 24, boot: 40 };

function sameAnswer(name: string, result: Result, library: Runtime, id: string): void {
  let reports: unknown;
  try {
    reports = library.state(id);
  } catch (error) {
    assert.equal(result.stderr.split('\n')[0], `error: ${(error as Error).message}`, name);
    assert.equal(result.code, 1, name);
    return;
  }
  if (reports === undefined) return assert.match(result.stderr, /^error: E0601: /, name);
  assert.equal(result.code, 0, `${name}: ${result.stderr}`);
  assert.deepEqual(reports, JSON.parse(result.stdout), name);
}

async function compare(c: Context, name: string, id: string, root = c.root): Promise<string> {
  const library = new Runtime({ root });
  const result = await c.rt(['--root', root, 'state', id]);
  sameAnswer(name, result, library, id);
  const list = await c.rt(['--root', root, 'list', '--format', 'json']);
  assert.deepEqual(library.list(), JSON.parse(list.stdout), name);
  return result.code === 0 ? (JSON.parse(result.stdout) as { status: string }).status : result.stderr.slice(7, 12);
}

type Change = (path: (name: string) => string) => void;

function inRecord(change: (record: Buffer) => Buffer | void): Change {
  return (path) => {
    const record = readFileSync(path('record'));
    writeFileSync(path('record'), change(record) ?? record);
  };
}

function inState(change: (state: Record<string, unknown>) => unknown): Change {
  return (path) => {
    const state = JSON.parse(readFileSync(path('state.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(path('state.json'), JSON.stringify(change(state)));
  };
}

const both = (...changes: Change[]): Change => (path) => changes.forEach((change) => change(path));
const spoilt = (name: string): Readonly<Record<string, Change>> => ({
  [`${name} is removed`]: (path) => unlinkSync(path(name)),
  [`${name} is empty`]: (path) => truncateSync(path(name), 0),
  [`${name} is cut off`]: (path) => truncateSync(path(name), 70),
  [`${name} is garbage`]: (path) => writeFileSync(path(name), Buffer.alloc(12288, '{"')),
  [`${name} is a directory`]: (path) => {
    unlinkSync(path(name));
    mkdirSync(path(name));
  },
  [`${name} is a FIFO`]: (path) => {
    unlinkSync(path(name));
    execFileSync('mkfifo', [path(name)]);
  },
  [`${name} is a link`]: (path) => {
    copyFileSync(path(name), path('elsewhere'));
    unlinkSync(path(name));
    symlinkSync('elsewhere', path(name));
  },
});

/** What becomes of a running container's files, and what both doors say then. */
const changes: Readonly<Record<string, readonly [Change, string]>> = {
  'nothing': [() => {}, 'running'],
  'another start time: the number belongs to another process': [
    inRecord((record) =>
      void record.writeBigUInt64LE(record.readBigUInt64LE(offsets.startTime) + 1n, offsets.startTime)
    ),
    'stopped',
  ],
  'another boot': [inRecord((record) => void record.writeBigUInt64LE(7n, offsets.boot)), 'stopped'],
  'no process': [inRecord((record) => void record.writeInt32LE(0, offsets.pid)), 'stopped'],
  'the process of init is number 1': [inRecord((record) => void record.writeInt32LE(1, offsets.pid)), 'stopped'],
  'a create under way': [
    both(inRecord((record) => {
      record.writeUInt32LE(0, offsets.stage);
      record.writeInt32LE(0, offsets.pid);
    }), (path) => unlinkSync(path('state.json'))),
    'E0609',
  ],
  'a create under way that has a process': [inRecord((record) => void record.writeUInt32LE(0, offsets.stage)), 'E0609'],
  'a create that died': [
    inRecord((record) => {
      record.writeUInt32LE(0, offsets.stage);
      record.writeBigUInt64LE(1n, offsets.startTime);
    }),
    'stopped',
  ],
  'a create that died early': [
    both(inRecord((record) => {
      record.writeUInt32LE(0, offsets.stage);
      record.writeBigUInt64LE(1n, offsets.startTime);
    }), (path) => unlinkSync(path('state.json'))),
    'E0621',
  ],
  'a start that failed': [inRecord((record) => void record.writeUInt32LE(5, offsets.stage)), 'stopped'],
  'a stage that nobody knows': [inRecord((record) => void record.writeUInt32LE(99, offsets.stage)), 'running'],
  'form 1': [inRecord((record) => void record.writeUInt32LE(1, offsets.form)), 'running'],
  'form 0': [inRecord((record) => void record.writeUInt32LE(0, offsets.form)), 'E0621'],
  'a later form': [
    inRecord((record) => {
      record.writeUInt32LE(99, offsets.form);
      return Buffer.concat([record.subarray(0, 4360), Buffer.alloc(50_000, 'x')]);
    }),
    'running',
  ],
  'a later form that ends with the head': [
    inRecord((record) => {
      record.writeUInt32LE(99, offsets.form);
      return record.subarray(0, 4360);
    }),
    'running',
  ],
  'a record of this form with more behind it': [inRecord((record) => Buffer.concat([record, record])), 'E0621'],
  'state.json of another container': [inState((state) => ({ ...state, id: 'other' })), 'E0621'],
  'state.json with members that are not known': [
    inState((state) => ({ ...state, more: [1, -2.5e3, { a: null }], annotations: { 'a"\u00e4\n': '{[,:]}\\' } })),
    'running',
  ],
  'state.json with blanks': [
    (path) => {
      const state: unknown = JSON.parse(readFileSync(path('state.json'), 'utf8'));
      writeFileSync(path('state.json'), `\n${JSON.stringify(state, null, '\t')} \n`);
    },
    'running',
  ],
  'state.json without a bundle': [inState(({ bundle: _, ...state }) => state), 'E0621'],
  'no file at all': [
    (path) => {
      rmSync(path('.'), { recursive: true });
      mkdirSync(path('.'));
    },
    'E0621',
  ],
  'a file in place of the directory': [
    (path) => {
      rmSync(path('.'), { recursive: true });
      writeFileSync(path('.').replace(/\/$/, ''), '');
    },
    'E0601',
  ],
};

async function changed(c: Context, name: string, change: Change, expected: string): Promise<void> {
  const { id, pid } = await c.started(c.command(pause, (config) => {
    config['annotations'] = { 'org.example.k': 'v\u00e9"', other: '' };
  }));
  const folder = join(c.root, id), kept = c.dir();
  execFileSync('cp', ['-a', '--no-target-directory', folder, kept]);
  change((file) => join(folder, file));
  try {
    assert.equal(await compare(c, name, id), expected, name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    execFileSync('cp', ['-a', '--no-target-directory', kept, folder]);
    chmodSync(folder, 0o700);
  }
  assert.ok(pid > 1);
  await c.destroy(id);
}

test('command and library agree on damaged, dead and foreign containers', async (c) => {
  for (const [name, [change, expected]] of Object.entries(changes)) await changed(c, name, change, expected);
}, { only: 'veloci' });

test('command and library agree on containers whose files are spoilt', async (c) => {
  for (const file of ['record', 'state.json']) {
    for (const [name, change] of Object.entries(spoilt(file))) await changed(c, name, change, 'E0621');
  }
}, { only: 'veloci' });

test('command and library agree along the life of a container', async (c) => {
  const { id } = await c.create(c.command(pause));
  assert.equal(await compare(c, 'created', id), 'created');
  assert.equal((await c.rt(['start', id])).code, 0);
  assert.equal(await compare(c, 'running', id), 'running');
  assert.equal((await c.rt(['pause', id])).code, 0);
  assert.equal(await compare(c, 'paused', id), 'paused');
  assert.equal((await c.rt(['resume', id])).code, 0);
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  await c.until(id, 'stopped');
  assert.equal(await compare(c, 'stopped', id), 'stopped');
  await c.destroy(id);
  assert.equal(await compare(c, 'deleted', id), 'E0601');
}, { only: 'veloci' });

test('command and library agree on ids and state roots', async (c) => {
  for (const id of ['a', 'a.b', 'x'.repeat(255)]) assert.equal(await compare(c, id, id), 'E0601');
  for (const id of ['.', '..', '.a', 'a/b', '../a', '\u00e4', 'a\n', 'x'.repeat(256)]) {
    assert.equal(await compare(c, id, id), 'E0110');
  }
  const missing = join(c.dir(), 'missing');
  assert.equal(await compare(c, 'a root that is missing', 'a', missing), 'E0601');
  const root = c.dir();
  chmodSync(root, 0o777);
  const refused = [root, join(c.dir(), 'link')];
  symlinkSync(c.dir(), refused[1]!);
  for (const path of refused) {
    sameAnswer(path, await c.rt(['--root', path, 'state', 'a']), new Runtime({ root: path }), 'a');
    const list = await c.rt(['--root', path, 'list']);
    assert.throws(() => new Runtime({ root: path }).list(), { message: list.stderr.trim().replace('error: ', '') });
  }
}, { only: 'veloci' });

test('the default state root is the same through both doors, also in a user namespace', async () => {
  const library = new URL('../../../src/index.js', import.meta.url).href;
  const script = `import(${JSON.stringify(library)}).then(({ Runtime }) => console.log(new Runtime().root))`;
  const environments: Record<string, string>[] = [
    {},
    { XDG_RUNTIME_DIR: '/tmp' },
    { XDG_RUNTIME_DIR: '/tmp', USER: 'root' },
    { XDG_RUNTIME_DIR: 'tmp' },
  ];
  for (const wrapper of [[], ['unshare', '--user', '--map-root-user'], ['unshare', '--user', '--map-user=1000']]) {
    for (const environment of environments) {
      const env = ['env', '-u', 'XDG_RUNTIME_DIR', '-u', 'USER', ...Object.entries(environment).map((e) =>
        e.join('=')
      )];
      const answer = await call([...wrapper, ...env, process.execPath, '-e', script]);
      const asked = await call([...wrapper, ...env, runtimePath(), 'state', 'no-such-container']);
      const shown = /containers of (\S+)/.exec(asked.stderr)?.[1] ?? /state root "([^"]+)"/.exec(asked.stderr)?.[1];
      assert.equal(answer.stdout.trim(), shown,
        `${wrapper.join(' ')} ${JSON.stringify(environment)}: ${answer.stderr}${asked.stderr}`);
    }
  }
}, { only: 'veloci' });

test('list of a root that does not exist is empty', async (c) => {
  const root = join(c.dir(), 'missing');
  const ids = await c.rt(['--root', root, 'list', '-q']);
  assert.deepEqual([ids.code, ids.stdout, ids.stderr], [0, '', '']);
  assert.equal((await c.rt(['--root', root, 'list', '--format', 'json'])).stdout, '[]\n');
  const table = await c.rt(['--root', root, 'list']);
  assert.deepEqual([table.code, table.stdout.trim().split('\n').length], [0, 1]);
}, { only: 'veloci' });

test('list warns of what it leaves out, and -q has its id', async (c) => {
  const { id } = await c.create(c.command(pause));
  const whole = readFileSync(join(c.root, id, 'record'));
  truncateSync(join(c.root, id, 'record'), 0);
  const list = await c.rt(['list']);
  assert.match(list.stderr, new RegExp(`^warning: E0662: container "${id}" is left out: its record cannot be read`));
  assert.ok(!list.stdout.includes(id));
  assert.equal((await c.rt(['list', '-q'])).stdout, `${id}\n`);
  writeFileSync(join(c.root, id, 'record'), whole);
}, { only: 'veloci' });
