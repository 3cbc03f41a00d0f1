// A hostile directory and environment, and hostile configs: nothing is loaded, memory and time are bounded.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, type PeerMark, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Bundle } from '../../support/bundle.ts';
import { preloadLibrary } from '../../support/helpers.ts';
import type { Result } from '../../support/runtime.ts';
import { runtimeName } from '../../support/runtime.ts';

/** Files that JavaScript runtimes and loaders read from the current folder; each would leave a mark. */
function plant(dir: string, mark: string): void {
  const code = `require('fs').writeFileSync(${JSON.stringify(mark)}, 'loaded');`;
  writeFileSync(join(dir, 'evil.js'), code);
  writeFileSync(join(dir, 'bunfig.toml'), 'preload = ["./evil.js"]\n');
  writeFileSync(join(dir, '.env'), `NODE_OPTIONS=--require=${dir}/evil.js\n`);
  writeFileSync(join(dir, 'package.json'), '{"type":"commonjs","main":"evil.js","imports":{"#x":"./evil.js"}}');
  writeFileSync(join(dir, 'tsconfig.json'), '{"compilerOptions":{"paths":{"*":["./evil.js"]}}}');
  writeFileSync(join(dir, '.npmrc'), 'node-options=--require=./evil.js\n');
  for (const name of ['fs', 'std', 'os', 'veloci', 'ajv']) {
    mkdirSync(join(dir, 'node_modules', name), { recursive: true });
    writeFileSync(join(dir, 'node_modules', name, 'index.js'), code);
  }
}

test('a hostile directory and environment change nothing', async (c) => {
  const mark = join(c.dir(), 'mark');
  const library = preloadLibrary();
  const bundle = c.command(['/probe', 'exit', '5']);
  plant(bundle.dir, mark);
  const js = join(bundle.dir, 'evil.js');
  const env: Record<string, string> = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LD_PRELOAD: library,
    VELOCI_TEST_MARK: mark,
    LD_AUDIT: library,
    NODE_OPTIONS: `--require=${js}`,
    NODE_PATH: bundle.dir,
    BUN_OPTIONS: `--preload=${js}`,
    BUN_BE_BUN: '1',
    QUICKJS_PATH: bundle.dir,
    MALLOC_TRACE: mark,
    GCONV_PATH: bundle.dir,
    LOCPATH: bundle.dir,
    GLIBC_TUNABLES: 'glibc.malloc.check=3',
    TMPDIR: bundle.dir,
  };
  const result = await c.run(bundle, { env, cwd: bundle.dir });
  assert.equal(result.code, 5, result.stderr);
  assert.ok(!existsSync(mark), 'something was loaded');
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'is linked dynamically: LD_PRELOAD works' }, { peer: 'runc 1.1.5',
    why: 'is linked dynamically: LD_PRELOAD works' }],
});

test('an empty environment, a closed stdio and a cwd that is gone are no obstacle', async (c) => {
  const id = c.id();
  const bundle = c.command(['/probe', 'exit', '5'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const result = await c.rt(['run', '--bundle', bundle.dir, id], {
    prefix: ['env', '-i', 'sh', '-c', 'mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; exec "$@" <&- >&- 2>&-', 'sh'],
  });
  assert.equal(result.code, 5, result.stderr);
}, { peers: [{ peer: 'crun 1.8.1', why: 'needs its stdio' }] });

test('a caller that ignores signals is no obstacle', async (c) => {
  const hook = { path: '/bin/sh', args: ['sh', '-c', 'exit 0'] };
  const bundle = c.command(['sh', '-c', 'grep SigIgn: /proc/self/status; exit 5'], (config) => {
    config.hooks = { poststart: [hook] };
  });
  const result = await c.run(bundle, { timeLimit: 5000, prefix: ['env', '--ignore-signal=CHLD,PIPE,TERM,INT,HUP'] });
  assert.equal(result.timedOut, false, 'it hangs');
  assert.equal(result.code, 5, result.stderr);
  assert.match(result.stdout, /SigIgn:\s0+$/m);
}, { peers: [{ peer: 'crun 1.8.1', why: 'hands them on' }] });

for (const [what, prefix, message] of [
  ['of another pid namespace', ['unshare', '--pid', '--fork'], /E0913.*\/proc must be that of this pid namespace/],
  ['missing', ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /proc; exec "$@"', 'sh'], /E0515.*mount -t proc/],
] as const) {
  test(`a /proc that is ${what} is told, and nothing is left`, async (c) => {
    const result = await c.run(c.command(['/probe', 'exit', '0']), { prefix: [...prefix] });
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, message);
    await c.nothingLeft();
  }, { only: 'veloci' });
}

test('without a /proc of its own pid namespace no command takes a running container for an ended one', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  for (const prefix of [['unshare', '--pid', '--fork'], ['unshare', '--mount', 'sh', '-c',
    'mount -t tmpfs none /proc; exec "$@"', 'sh']])
  {
    for (const args of [['state', id], ['list'], ['kill', id], ['delete', id], ['delete', '--force', id], ['ps', id]]) {
      const result = await c.rt(args, { prefix });
      assert.notEqual(result.code, 0, `${args[0]}: ${result.stdout}`);
      assert.match(result.stderr, /E0515: cannot read \/proc/, args[0]);
    }
  }
  assert.equal(JSON.parse((await c.rt(['state', id])).stdout).status, 'running');
}, { only: 'veloci' });

/** Runs a bundle whose config.json is this text, with 400 MB of address space for the runtime. */
async function attempt(
  c: Context,
  text: string | Buffer | undefined,
  bundle: Bundle = c.command(['/probe', 'exit', '0']),
): Promise<Result> {
  if (text !== undefined) bundle.write(text);
  return c.run(bundle, { raw: true, timeLimit: 2000,
    prefix: runtimeName().startsWith('runc') ? [] : ['prlimit', '--as=400000000', '--'] });
}

const base = (c: Context): string =>
  JSON.stringify(c.bundle((config) => {
    config.process.args = ['/probe', 'exit', '0'];
    config.linux.cgroupsPath = `/${c.token}-hostile`;
  }).config);

const C = (why: string): PeerMark => ({ peer: 'crun 1.8.1', why });
const R = (why: string): PeerMark => ({ peer: 'runc 1.1.5', why });

const texts: [string, (c: Context) => string | Buffer, PeerMark[]][] = [
  ['an empty file', () => '', []],
  ['null', () => 'null', [R('crashes')]],
  ['an array', () => '[]', []],
  ['100 000 open brackets', () => '['.repeat(100_000), []],
  ['100 000 nested objects in an annotation',
    (c) => base(c).replace('{', `{"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},`), [C('takes it')]],
  ['20 MiB', (c) => base(c).replace('{', `{"x":"${'y'.repeat(20 << 20)}",`), [C('takes it'), R('takes it')]],
  ['20 MiB of white space', (c) => ' '.repeat(20 << 20) + base(c), [C('takes it'), R('takes it')]],
  ['a duplicate key', (c) => base(c).replace('"ociVersion"', '"hostname":"a","ociVersion"'), [C('takes the last'),
    R('takes the last')]],
  ['NUL in a string', (c) => base(c).replace('"/probe"', '"/probe\\u0000x"'), [C('cuts it off')]],
  ['a lone surrogate', (c) => base(c).replace('"/probe"', '"/probe","\\ud800"'), [C('passes it on'), R('replaces it')]],
  ['invalid UTF-8', (c) => Buffer.from(base(c).replace('"/probe"', '"/probe","\xff\xfe"'), 'latin1'), [
    R('replaces it'),
  ]],
  ['trailing data', (c) => `${base(c)} {}`, [R('ignores it')]],
  ['a number too large for its field', (c) => base(c).replace('"hard":1024', '"hard":1e999'), []],
  ['a negative limit', (c) => base(c).replace('"hard":1024', '"hard":-1'), []],
  ['an exponent for an integer', (c) => base(c).replace(/"uid":0/, '"uid":1e3'), []],
  ['comments', (c) => `/* c */${base(c)}`, [C('takes it')]],
  ['single quotes', (c) => base(c).replaceAll('"', "'"), []],
];

for (const [what, text, peers] of texts) {
  test(`config.json with ${what}: a clear error within 2 s`, async (c) => {
    const result = await attempt(c, text(c));
    assert.equal(result.timedOut, false, 'it takes more than 2 s');
    assert.equal(result.code, 1, `code ${result.code} ${result.signal}: ${result.stderr.slice(0, 300)}`);
    assert.notEqual(result.stderr, '');
    assert.ok(result.stderr.length < 10_000, 'the message is too long');
    await c.nothingLeft();
  }, { peers });
}

test('__proto__ and constructor as keys do nothing', async (c) => {
  const text = base(c).replace('{', '{"__proto__":{"process":1},"constructor":{"prototype":{"terminal":true}},')
    .replace('"linux":{', '"annotations":{"__proto__":"a","toString":"b"},"linux":{"__proto__":{"namespaces":[]},');
  const result = await attempt(c, text);
  assert.equal(result.code, 0, result.stderr);
});

test('config.json is a FIFO: an error at once', async (c) => {
  const bundle = c.command(['true']);
  execFileSync('sh', ['-c', `rm ${bundle.dir}/config.json && mkfifo ${bundle.dir}/config.json`]);
  const result = await attempt(c, undefined, bundle);
  assert.equal(result.timedOut, false, 'it hangs');
  assert.equal(result.code, 1);
}, { peers: [C('hangs'), R('hangs')], leaks: 'ignore' });

for (const [what, command] of [['a folder', 'mkdir'], ['a device', 'ln -s /dev/zero']] as const) {
  test(`config.json is ${what}: an error at once`, async (c) => {
    const bundle = c.command(['true']);
    execFileSync('sh', ['-c', `rm ${bundle.dir}/config.json && ${command} ${bundle.dir}/config.json`]);
    const result = await attempt(c, undefined, bundle);
    assert.equal(result.timedOut, false, 'it does not end');
    assert.equal(result.code, 1);
  }, { leaks: 'ignore' });
}

test('integers are exact to 64 bits', async (c) => {
  const text = base(c).replace('"rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}]',
    '"rlimits":[{"type":"RLIMIT_FSIZE","hard":9007199254740993,"soft":9007199254740993}]')
    .replace('"/probe","exit","0"', '"/probe"');
  assert.match(text, /9007199254740993/);
  const result = await attempt(c, text);
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(JSON.parse(result.stdout).rlimits.RLIMIT_FSIZE, ['9007199254740993', '9007199254740993']);
});

test('unlimited is 2^64-1', async (c) => {
  const text = base(c).replace('"hard":1024,"soft":1024', '"hard":18446744073709551615,"soft":18446744073709551615')
    .replace('RLIMIT_NOFILE', 'RLIMIT_FSIZE').replace('"/probe","exit","0"', '"/probe"');
  const result = await attempt(c, text);
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(JSON.parse(result.stdout).rlimits.RLIMIT_FSIZE, ['18446744073709551615', '18446744073709551615']);
});

test('unknown keys are no error, and each is told on stderr', async (c) => {
  const result = await attempt(c,
    base(c).replace('{', '{"unknown":{"a":1},').replace('"process":{', '"process":{"capabilites":{},'));
  assert.equal(result.code, 0, result.stderr);
  if (!runtimeName().startsWith('veloci')) return;
  assert.deepEqual(
    result.stderr.trim().split('\n').map((line) => /^warning: E0402: .*\((\/\S+)\)/.exec(line)?.[1]).sort(),
    ['/process/capabilites', '/unknown'],
  );
});

test('10 000 env entries, mounts in hundreds and long arguments work', async (c) => {
  const bundle = c.command(['/probe', 'x'.repeat(100_000)], (config) => {
    config.process.env = Array.from({ length: 10_000 }, (_, i) => `VARIABLE_${i}=value ${i}`);
    for (let i = 0; i < 200; i++) config.mounts.push({ destination: `/tmp/${i}`, type: 'tmpfs', source: 'tmpfs' });
    config.mounts.splice(7, 0, { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' });
  });
  const result = await c.run(bundle);
  assert.equal(result.code, 0, result.stderr.slice(0, 500));
  const facts = JSON.parse(result.stdout);
  assert.ok(facts.env.length >= 10_000);
  assert.equal(facts.args[1].length, 100_000);
});
