// Saved plans: what is saved is what is run, once; and everything that makes one unusable, with its reason.
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, encode, loadBundle } from '../../../src/index.ts';
import type { Bundle } from '../../support/bundle.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Result } from '../../support/runtime.ts';

interface Saved {
  bundle: Bundle;
  file: string;
}

/** A bundle that says `ran`, and its saved plan. */
async function saved(c: Context, flags: string[] = []): Promise<Saved> {
  const bundle = c.command(['echo', 'ran'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-saved`;
    config.process.env!.push('SECRET=hunter2');
  });
  const file = join(c.dir(), 'start.plan');
  c.later(() => rmSync(join(c.root, '.used-plans'), { recursive: true, force: true }));
  const { code, stderr } = await c.rt(['plan', '-b', bundle.dir, '-o', file, ...flags]);
  assert.equal(code, 0, stderr);
  return { bundle, file };
}

function use(c: Context, { bundle, file }: Saved, flags: string[] = []): Promise<Result> {
  return c.rt(['run', '-b', bundle.dir, '--plan', file, ...flags, c.id()]);
}

/** The marks of plans that were used. */
function isMark(item: string): boolean {
  return item.includes('.used-plans');
}

test('a saved plan is run, once, and shows no secrets', async (c) => {
  const plan = await saved(c);
  assert.equal(statSync(plan.file).mode & 0o777, 0o600);
  const text = readFileSync(plan.file, 'utf8');
  assert.ok(!text.includes('hunter2') && text.includes('SECRET=(redacted)'));
  const shown = await c.rt(['plan', plan.file]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^program +echo ran as 0:0$/m);
  assert.match(shown.stdout, /^ {4}process\.env .*SECRET=\(redacted\).* config\.json:\d+$/m);
  const own = await c.rt(['plan', '-b', plan.bundle.dir, '--redact-env']);
  assert.equal(shown.stdout, own.stdout, 'the text of the file is that of the bundle');
  const data = JSON.parse((await c.rt(['plan', '--json', plan.file])).stdout) as {
    programs: Record<string, unknown[]>;
  };
  assert.ok(data.programs['init']!.length > 10);

  const first = await use(c, plan);
  assert.deepEqual([first.code, first.stdout], [0, 'ran\n'], first.stderr);
  const second = await use(c, plan);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /E0666: the saved plan .* was used before/);
  await c.nothingLeft(isMark);
});

test('a saved plan: the bundle is the one that it names; create takes it, too', async (c) => {
  const plan = await saved(c);
  const id = c.id();
  const created = await c.rt(['create', '--plan', plan.file, id]);
  assert.equal(created.code, 0, created.stderr);
  assert.equal((await c.state(id))['bundle'], plan.bundle.dir);
  await c.destroy(id);
});

test('a saved plan of one container, with the values of variables', async (c) => {
  const plan = await saved(c, ['--id', 'only-this-one', '--redact-env=false']);
  assert.ok(readFileSync(plan.file, 'utf8').includes('hunter2'));
  const other = await use(c, plan);
  assert.match(other.stderr, /it is for the container "only-this-one", not for/);
  const own = await c.rt(['run', '--plan', plan.file, 'only-this-one']);
  assert.deepEqual([own.code, own.stdout], [0, 'ran\n'], own.stderr);
});

test('an encoded plan of the library is accepted while the engine makes the same bytes', async (c) => {
  const { bundle, file } = await saved(c);
  writeFileSync(file, encode(compile(loadBundle(bundle.dir))));
  for (let times = 0; times < 2; times++) {
    const { code, stdout, stderr } = await use(c, { bundle, file });
    assert.deepEqual([code, stdout], [0, 'ran\n'], stderr);
  }
  const bytes = readFileSync(file);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  assert.match((await use(c, { bundle, file })).stderr, /E0665: .*it is of another schema/);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  assert.match((await use(c, { bundle, file })).stderr, /E0665: .*it is not what veloci makes of this configuration/);
});

const tail = /,\n "sha256": "[0-9a-f]{64}"\n\}\n$/;

/** Changes members of the file, and its digest with them: as somebody would who may write it. */
function forge(file: string, change: (saved: any) => void): void {
  const { sha256: _, ...members } = JSON.parse(readFileSync(file, 'utf8'));
  change(members);
  const body = JSON.stringify(members, null, 1).slice(0, -2);
  writeFileSync(file, `${body},\n "sha256": "${createHash('sha256').update(body).digest('hex')}"\n}\n`);
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = bytes[offset]! ^ 1;
  writeFileSync(file, bytes);
}

interface Refusal {
  flags?: string[];
  /** What is done after the plan was saved. */
  change?: (plan: Saved, c: Context) => void;
  environment?: Record<string, string>;
  global?: string[];
  run?: string[];
  reason: RegExp;
}

const refusals: Record<string, Refusal> = {
  'a file that is not there': { change: ({ file }) => rmSync(file),
    reason: /cannot open ".*start\.plan" \(not there, ENOENT\)/ },
  'a directory': { change: ({ file }) => {
    rmSync(file);
    mkdirSync(file);
  }, reason: /is not a regular file/ },
  'a device': { change: ({ file }) => {
    rmSync(file);
    symlinkSync('/dev/zero', file);
  }, reason: /is not a regular file/ },
  'more than 16 MiB': { change: ({ file }) => writeFileSync(file, Buffer.alloc((16 << 20) + 1, 0x20)),
    reason: /E0203/ },
  'an empty file': { change: ({ file }) => writeFileSync(file, ''), reason: /E0664: .*does not begin like one/ },
  'a configuration': { change: ({ file, bundle }) => writeFileSync(file, JSON.stringify(bundle.config)),
    reason: /E0664: .*does not begin like one/ },
  'the first half': { change: ({ file }) => writeFileSync(file, readFileSync(file).subarray(0, 9000)),
    reason: /E0664: / },
  'no end': { change: ({ file }) => writeFileSync(file, readFileSync(file, 'utf8').replace(tail, '\n}\n')),
    reason: /E0664: .*its end is missing/ },
  'more behind the end': { change: ({ file }) => writeFileSync(file, `${readFileSync(file, 'utf8')} `),
    reason: /E0664: .*its end is missing/ },
  'bytes that are not UTF-8': {
    change: ({ file }) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from([0xff])])),
    reason: /E0664: .*it is not UTF-8/,
  },
  'a byte of its options': { change: ({ file }) => flip(file, readFileSync(file).indexOf('"cgroupfs"') + 3),
    reason: /E0664: .*its content is not that of its SHA-256/ },
  'a byte of an operation': { change: ({ file }) => flip(file, readFileSync(file).indexOf('mount.fs') + 2),
    reason: /E0664: .*its content is not that of its SHA-256/ },
  'a byte of the nonce': { change: ({ file }) => flip(file, readFileSync(file).indexOf('"nonce": "') + 12),
    reason: /E0664: .*its content is not that of its SHA-256/ },
  'another form': { change: ({ file }) => forge(file, (plan) => plan.savedPlan = 2),
    reason: /E0664: .*its form is 2; this version of veloci reads 1/ },
  'a nonce that is none': { change: ({ file }) => forge(file, (plan) => plan.nonce = '../../../etc/passwd'),
    reason: /E0664: .*its member "nonce" is not what it should be/ },
  'a bundle that is no path': { change: ({ file }) => forge(file, (plan) => plan.bundle = 5),
    reason: /E0664: .*its member "bundle" is not what it should be/ },
  'facts that are none': { change: ({ file }) => forge(file, (plan) => plan.facts.cgroup = 'v2'),
    reason: /E0664: .*its member "facts" is not what it should be/ },
  'operations that are none': { change: ({ file }) => forge(file, (plan) => plan.plan.init[0] = 7),
    reason: /E0664: .*its member "plan" is not what it should be/ },
  'another version of veloci': { change: ({ file }) => forge(file, (plan) => plan.veloci = '0.0.1'),
    reason: /E0665: .*it was made by veloci 0\.0\.1, and this is / },
  'another schema': { change: ({ file }) => forge(file, (plan) => plan.schema = '0'.repeat(32)),
    reason: /E0665: .*its plan is of schema 0{32}, and this veloci has / },
  'another boot': { change: ({ file }) => forge(file, (plan) => plan.boot = '01234567-89ab-cdef-0123-456789abcdef'),
    reason: /E0665: .*its boot id is another/ },
  'another bundle': { change: ({ file }) => forge(file, (plan) => plan.bundle = '/srv/other'),
    reason: /E0665: .*it is for the bundle \/srv\/other, not for / },
  'another file of the bundle': {
    change: ({ bundle }) => renameSync(join(bundle.dir, 'config.json'), join(bundle.dir, 'b.json')),
    run: ['--config', 'b.json'],
    reason: /E0665: .*it is for the configuration config\.json, not for b\.json/,
  },
  'a changed limit': { change: ({ bundle }) => {
    bundle.config.linux.resources = { ...bundle.config.linux.resources, pids: { limit: 7 } };
    bundle.write();
  },
    reason:
      /E0665: .*config\.json has changed: create has more: cgroup\.write .*pids\.max value=7 \(config\.json:\d+\)/ },
  'changed spaces': { change: ({ bundle }) => bundle.write(JSON.stringify(bundle.config, null, 3)),
    reason: /E0665: .*config\.json has changed: no operation is another, but the file is/ },
  'a changed secret': { change: ({ bundle }) => {
    bundle.config.process.env![bundle.config.process.env!.indexOf('SECRET=hunter2')] = 'SECRET=hunter3';
    bundle.write();
  },
    reason:
      /E0665: .*config\.json has changed: values of environment variables, which the saved plan does not show, are others/ },
  'another path of the root': { change: ({ bundle }) => {
    bundle.config.root!.path = '/';
    bundle.write();
  }, reason: /E0665: .*config\.json has changed: init: root\.open \/ differs in path \(config\.json:\d+\)/ },
  'another root in its place': { change: ({ bundle }, c) => {
    renameSync(join(bundle.dir, 'layer'), join(bundle.dir, 'old'));
    symlinkSync(c.dir(), join(bundle.dir, 'layer'));
  }, flags: ['--config', 'linked.json'], run: ['--config', 'linked.json'],
    reason: /E0665: .*is another directory \(device and inode / },
  'another flag': { run: ['--no-pivot'], reason: /E0665: .*--no-pivot is another: it was false, and is true/ },
  'a flag less': { flags: ['--pid-file', '/tmp/pid'],
    reason: /E0665: .*--pid-file is another: it was "\/tmp\/pid", and is not given/ },
  'another cgroup manager': { global: ['--cgroup-manager', 'disabled'],
    reason: /E0665: .*--cgroup-manager is another: it was "cgroupfs", and is "disabled"/ },
  'another environment of the caller': { environment: { LISTEN_FDS: '1' },
    reason: /E0665: .*the host has changed: LISTEN_FDS \(0 then, 1 now\): init: process\.env/ },
  'an operation that veloci would not make': {
    change: ({ file }) =>
      forge(file, (plan) => plan.plan.init.find((o: any) => o.op === 'mount.fs').target = '/harmless'),
    reason:
      /E0665: .*the plan in it is not the one that veloci makes of this configuration: init: mount\.fs \/proc differs in target/,
  },
  'an operation less': { change: ({ file }) => forge(file, (plan) => plan.plan.init.pop()),
    reason: /E0665: .*the plan in it is not the one that veloci makes of this configuration: init has more: / },
  'a digest of something else': { change: ({ file }) => forge(file, (plan) => plan.digest = '0'.repeat(64)),
    reason: /E0665: .*the plan in it is not the one that veloci makes of this configuration: / },
  'a summary of something else': { change: ({ file }) => forge(file, (plan) => plan.summary[0] = ['program', 'true']),
    reason: /E0665: .*the plan in it is not the one that veloci makes of this configuration: / },
};

for (const [name, { flags = [], change, environment, global = [], run = [], reason }] of Object.entries(refusals)) {
  test(`a saved plan is refused: ${name}`, async (c) => {
    const linked = flags.includes('linked.json');
    const bundle = c.command(['echo', 'ran'], (config) => {
      config.linux.cgroupsPath = `/${c.token}-saved`;
      config.process.env!.push('SECRET=hunter2');
    });
    if (linked)
      writeFileSync(join(bundle.dir, 'linked.json'),
        JSON.stringify({ ...bundle.config, root: { path: 'layer', readonly: true } }, null, 2));
    const file = join(c.dir(), 'start.plan');
    const made = await c.rt(['plan', '-b', bundle.dir, '-o', file, ...flags]);
    assert.equal(made.code, 0, made.stderr);
    change?.({ bundle, file }, c);
    const { code, stdout, stderr } = await c.rt([...global, 'run', '-b', bundle.dir, '--plan', file, ...run, c.id()],
      environment === undefined ? {} : { env: { PATH: '/usr/bin:/bin', ...environment } });
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, reason);
    assert.equal(stdout, '');
    await c.nothingLeft();
  });
}

test('a saved plan of others chooses no bundle, but may restrict one', async (c) => {
  const plan = await saved(c);
  chownSync(plan.file, 1000, 1000);
  const chosen = await c.rt(['run', '--plan', plan.file, c.id()]);
  assert.match(chosen.stderr, /E0668: the saved plan .* names its bundle, but uid 1000 may have written it/);
  chownSync(plan.file, 0, 0);
  chmodSync(plan.file, 0o620);
  assert.match((await c.rt(['run', '--plan', plan.file, c.id()])).stderr, /E0668/);
  const given = await use(c, plan);
  assert.deepEqual([given.code, given.stdout], [0, 'ran\n'], given.stderr);
});

test('a plan that was used is forgotten only with all that are as old', async (c) => {
  const [old, young] = [await saved(c), await saved(c)];
  assert.equal((await use(c, old)).code, 0);
  const marks = join(c.root, '.used-plans');
  const mark = (time: number, end: string): string => {
    const { boot } = JSON.parse(readFileSync(old.file, 'utf8')) as { boot: string };
    return join(marks, `${boot}-${String(time).padStart(16, '0')}-${end}`);
  };
  const most = 1024;
  for (let i = 0; i < most; i++) writeFileSync(mark(i, i.toString(16).padStart(32, '0')), '');
  const foreign = join(marks, '01234567-89ab-cdef-0123-456789abcdef-0000000000000001-00000000000000000000000000000000');
  writeFileSync(foreign, '');
  assert.equal((await use(c, young)).code, 0);
  assert.ok(statSync(mark(0, 'all')).isFile(), 'the oldest is forgotten');
  assert.throws(() => statSync(mark(0, '0'.repeat(32))));
  assert.throws(() => statSync(foreign), 'those of another boot are gone');
  const { time } = JSON.parse(readFileSync(old.file, 'utf8')) as { time: number };
  writeFileSync(mark(time + 1e9, 'all'), '');
  const third = await saved(c);
  const late = await use(c, third);
  assert.match(late.stderr, /E0667: the saved plan .* is too old/);
  rmSync(marks, { recursive: true });
  writeFileSync(marks, '');
  assert.match((await use(c, third)).stderr, /E0669: cannot note that the saved plan .* is used/);
  rmSync(marks);
});

test('two runs of one saved plan at the same moment: one of them wins', async (c) => {
  const plan = await saved(c);
  const ids = [c.id(), c.id()];
  const results = await Promise.all(ids.map((id) => c.rt(['run', '-b', plan.bundle.dir, '--plan', plan.file, id])));
  assert.equal(results.filter(({ stdout }) => stdout === 'ran\n').length, 1, JSON.stringify(results));
});

test('plan A B: what differs, in the form of a diff and as data', async (c) => {
  const one = c.command(['true']), other = c.command(['true']);
  const same = await c.rt(['plan', one.dir, other.dir]);
  assert.deepEqual([same.code, same.stdout], [0, 'no differences\n'], same.stderr);
  other.config.hostname = 'elsewhere';
  other.config.mounts = other.config.mounts!.filter(({ destination }) => destination !== '/dev/mqueue');
  other.write();
  const { code, stdout } = await c.rt(['plan', one.dir, other.dir]);
  assert.equal(code, 2);
  const lines = stdout.split('\n');
  assert.ok(lines.some((line) => /^- mount\.fs \/dev\/mqueue .* config\.json:\d+$/.test(line)), stdout);
  assert.ok(lines.some((line) => line.startsWith('+ ') && line.includes('elsewhere') && /config\.json:\d+$/.test(line)),
    stdout);
  assert.match(stdout, /\n2 operations differ\n$/);
  const data = JSON.parse((await c.rt(['plan', '--json', one.dir, join(other.dir, 'config.json')])).stdout) as {
    same: boolean;
    differences: { change: string; program: string; members?: string[] }[];
  };
  assert.equal(data.same, false);
  assert.deepEqual(data.differences.map(({ change }) => change).sort(), ['changed', 'removed']);
  const plan = await saved(c);
  assert.equal((await c.rt(['plan', plan.file, plan.bundle.dir])).code, 0);
  plan.bundle.config.process.env = ['SECRET=hunter3'];
  plan.bundle.write();
  const changed = await c.rt(['plan', plan.file, plan.bundle.dir]);
  assert.equal(changed.code, 2);
  assert.ok(!changed.stdout.includes('hunter'), changed.stdout);
  const missing = await c.rt(['plan', one.dir, '/nowhere']);
  assert.equal(missing.code, 1);
});
