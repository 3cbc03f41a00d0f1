// install --apply and --undo: files of engines in a folder of their own, real engines that read them, and programs in the place of
// engines that refuse them.
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync,
  statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { onTerminal } from '../../support/console.ts';
import type { Context } from '../../support/context.ts';
import { productPath, runtimePath, which } from '../../support/paths.ts';
import { call, plainEnv, type Result } from '../../support/runtime.ts';
import { Podman } from '../../support/engines/podman.ts';

const only = { only: 'veloci' } as const;

interface Scene {
  readonly dir: string;
  /** Calls install with programs of the scene before those of PATH. */
  install(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Result>;
  /** A program in the place of an engine's. */
  fake(name: string, script: string): void;
}

/** Engines are not asked here, unless a test puts one of its own in their place. */
async function inScene(c: Context, body: (scene: Scene) => Promise<void>): Promise<void> {
  const dir = mkdtempSync('/tmp/install-');
  const programs = join(dir, 'programs');
  mkdirSync(programs);
  const fake = (name: string, script: string): void => {
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(programs, name), 0o755);
  };
  for (const name of ['podman', 'dockerd', 'containerd', 'crio']) fake(name, 'exit 127');
  try {
    await body({ dir, fake, install: (words, env = {}) =>
      c.rt(['install', ...words], { env: { ...plainEnv, PATH: `${programs}:${plainEnv['PATH'] ?? ''}`, ...env } }) });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** By engine: the flag, a file as people have it, and what shows that veloci is in it. */
const engines: readonly (readonly [flag: string, text: string, mark: RegExp])[] = [
  ['--podman', '# mine\n[engine]\n#runtime = "crun"\n\n[network]\n',
    /# mine\n\[engine\]\n#runtime = "crun"\n?runtime = "veloci"|runtime = "veloci"/],
  ['--docker', '{\n  "debug": false\n}\n', /"debug": false,\n  "runtimes": \{ "veloci": \{ "path": /],
  ['--containerd', 'version = 2 # of the file\n',
    /^version = 2 # of the file\n[^]*runtimes\.veloci\.options\]\nBinaryName = /],
  ['--crio', '# other things\n[crio.runtime]\nlog_level = "info"\n',
    /log_level = "info"\n\n\[crio\.runtime\.runtimes\.veloci\]\nruntime_path = /],
];

test(
  'install --apply adds veloci to a file, keeps its mode and owner, and a second call changes nothing; --undo takes it back',
  (c) =>
    inScene(c, async ({ dir, install }) => {
      for (const [flag, text, mark] of engines) {
        const file = join(dir, `file${flag}`);
        writeFileSync(file, text);
        chmodSync(file, 0o640);
        chownSync(file, 1234, 4321);
        const dry = await install([flag, '--dry-run', '--file', file]);
        assert.equal(dry.code, 2, dry.stderr);
        assert.equal(readFileSync(file, 'utf8'), text);
        const applied = await install([flag, '--apply', '--file', file]);
        assert.equal(applied.code, 0, applied.stderr);
        assert.equal(applied.stdout, dry.stdout);
        assert.match(applied.stdout, /^--- [^]*\n\+\+\+ [^]*veloci[^]*not checked by the engine/);
        const now = readFileSync(file, 'utf8');
        assert.match(now, mark);
        assert.ok(now.includes(productPath()));
        for (const name of [file, `${file}.before-veloci`]) {
          const { mode, uid, gid } = statSync(name);
          assert.deepEqual([mode & 0o7777, uid, gid], [0o640, 1234, 4321], name);
        }
        assert.equal(readFileSync(`${file}.before-veloci`, 'utf8'), text);
        const again = await install([flag, '--apply', '--file', file]);
        assert.match(again.stdout, /nothing to change/);
        assert.equal(again.stderr, '');
        assert.equal(readFileSync(file, 'utf8'), now);
        assert.equal((await install([flag, '--undo', '--dry-run', '--file', file])).code, 2);
        assert.equal((await install([flag, '--undo', '--file', file])).code, 0);
        assert.equal(readFileSync(file, 'utf8'), text);
        assert.match((await install([flag, '--undo', '--file', file])).stdout, /nothing to take back/);
      }
      assert.deepEqual(readdirSync(dir).filter((name) => /veloci/.test(name)), []);
    }),
  only,
);

test(
  'install --apply makes a file that is not there, with its folders, and --undo removes it, or leaves what others have added',
  (c) =>
    inScene(c, async ({ dir, install }) => {
      for (const [flag] of engines) {
        const file = join(dir, 'new', flag, 'file');
        assert.equal((await install([flag, '--apply', '--file', file])).code, 0);
        assert.equal(statSync(file).mode & 0o777, 0o644);
        assert.equal((await install([flag, '--undo', '--file', file])).code, 0);
        assert.deepEqual(readdirSync(join(dir, 'new', flag)), []);
      }
      const file = join(dir, 'daemon.json');
      await install(['--docker', '--apply', '--file', file]);
      writeFileSync(file, readFileSync(file, 'utf8').replace('{', '{ "debug": true,'));
      assert.equal((await install(['--docker', '--undo', '--file', file])).code, 0);
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { debug: true });
      await install(['--docker', '--apply', '--file', file]);
      rmSync(file);
      assert.match((await install(['--docker', '--undo', '--file', file])).stdout, /the file is gone/);
      assert.equal(existsSync(`${file}.before-veloci`), false);
    }),
  only,
);

test('install --apply leaves a symbolic link one, and refuses what it cannot edit with its place',
  (c) =>
    inScene(c, async ({ dir, install }) => {
      const file = join(dir, 'daemon.json');
      mkdirSync(join(dir, 'kept'));
      writeFileSync(join(dir, 'kept/real.json'), '{}');
      symlinkSync('kept/real.json', file);
      assert.equal((await install(['--docker', '--apply', '--file', file])).code, 0);
      assert.ok(lstatSync(file).isSymbolicLink());
      assert.match(readFileSync(join(dir, 'kept/real.json'), 'utf8'), /veloci/);
      assert.deepEqual(readdirSync(join(dir, 'kept')).sort(), ['real.json', 'real.json.before-veloci']);
      const refused = async (flag: string, text: string | Uint8Array, words: RegExp): Promise<void> => {
        const other = join(dir, 'other');
        writeFileSync(other, text);
        const result = await install([flag, '--apply', '--file', other]);
        assert.equal(result.code, 1, result.stdout);
        assert.match(result.stderr, words);
        assert.deepEqual(readFileSync(other), Buffer.from(text));
        assert.equal(existsSync(`${other}.before-veloci`), false);
      };
      await refused('--podman', '[engine]\nruntime = "crun\n', /E0166: .*no closing quote at .*other:2:11/);
      await refused('--podman', '[engine]\nruntimes = 1\n', /E0166: .*"engine\.runtimes" .* at .*other:2:1/);
      await refused('--docker', '{\n  "debug": yes\n}\n', /E02\d\d: .* at .*other:2:12/);
      await refused('--docker', '[]', /E0166: .*no(t a)? JSON object/);
      await refused('--containerd', 'version = 9\n', /E0166: .*version 9/);
      await refused('--crio', Uint8Array.of(0x61, 0xff), /E0166: .*byte 1 is not UTF-8/);
      symlinkSync('nowhere', join(dir, 'dangling'));
      assert.match((await install(['--podman', '--apply', '--file', join(dir, 'dangling')])).stderr,
        /E\d+: .*dangling/);
      execFileSync('mkfifo', [join(dir, 'fifo')]);
      assert.match((await install(['--podman', '--apply', '--file', join(dir, 'fifo')])).stderr, /E\d+: .*fifo/);
      const readOnly = join(dir, 'read-only');
      mkdirSync(readOnly);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'none', readOnly]);
      const result = await install(['--podman', '--apply', '--file', join(readOnly, 'containers.conf')]);
      execFileSync('umount', [readOnly]);
      assert.match(result.stderr, /E0125: .*read-only/i);
      for (const [words, code] of [[['--apply'], 'E0106'], [['--apply', '--kubernetes'], 'E0106'], [['--podman',
        '--file', file], 'E0164'], [['--docker', '--as-default=false'], 'E0164'], [['--podman', '--apply', '--undo'],
        'E0155'], [['--podman', '--docker', '--apply', '--file', file], 'E0155']] as const)
        assert.match((await install(words)).stderr, new RegExp(code), words.join(' '));
    }), only);

test('install --apply asks the engine before the file is in its place',
  (c) =>
    inScene(c, async ({ dir, fake, install }) => {
      const file = join(dir, 'daemon.json');
      writeFileSync(file, '{}\n');
      const asked = join(dir, 'asked');
      fake('dockerd',
        `case $1 in --version) echo "Docker version 26.1.5, build x";; *) echo "$@" >>${asked}; cat "$3" >>${asked}; [ ! -e ${dir}/no ] || { echo "it is bad" >&2; exit 1; };; esac`);
      writeFileSync(join(dir, 'no'), '');
      const refused = await install(['--docker', '--apply', '--file', file]);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /E0167: dockerd .*it is bad/);
      assert.equal(readFileSync(file, 'utf8'), '{}\n');
      assert.deepEqual(readdirSync(dir).sort(), ['asked', 'daemon.json', 'no', 'programs']);
      assert.match(readFileSync(asked, 'utf8'), /^--validate --config-file \S+\n\{[^]*"veloci"/);
      rmSync(join(dir, 'no'));
      const taken = await install(['--docker', '--apply', '--file', file]);
      assert.equal(taken.code, 0, taken.stderr);
      assert.doesNotMatch(taken.stdout, /not checked/);
      await install(['--docker', '--undo', '--file', file]);
      fake('dockerd',
        `case $1 in --version) echo "Docker version 26.1.5, build x";; *) echo '{"debug":true}' >${file};; esac`);
      const changed = await install(['--docker', '--apply', '--file', file]);
      assert.match(changed.stderr, /E0168: .*daemon\.json/);
      assert.equal(readFileSync(file, 'utf8'), '{"debug":true}\n');
    }), only);

test('install --apply of a user edits what is below XDG_CONFIG_HOME or HOME', (c) =>
  inScene(c, async ({ dir }) => {
    chmodSync(dir, 0o755);
    const home = join(dir, 'home');
    mkdirSync(home);
    chownSync(home, 1234, 1234);
    const asUser = (words: string[], env: Record<string, string>): Promise<Result> =>
      call(['setpriv', '--reuid=1234', '--regid=1234', '--clear-groups', '--', productPath(), 'install', ...words], {
        env: { ...plainEnv, PATH: '/nonexistent:/usr/bin:/bin', ...env },
      });
    assert.equal((await asUser(['--docker', '--apply'], { HOME: home })).code, 0);
    assert.equal(statSync(join(home, '.config/docker/daemon.json')).uid, 1234);
    assert.equal((await asUser(['--docker', '--undo'], { HOME: home })).code, 0);
    const dry = await asUser(['--docker', '--dry-run'], { HOME: home, XDG_CONFIG_HOME: join(home, 'other') });
    assert.match(dry.stdout, /home\/other\/docker\/daemon\.json/);
    assert.equal(existsSync(join(home, 'other')), false);
    assert.notEqual((await asUser(['--docker', '--dry-run'], {})).code, 0);
  }), only);

test('podman runs a container by what install --apply has written, and not any more after --undo', async () => {
  const podman = new Podman('/tmp/install-podman');
  podman.importImage(runtimePath());
  const file = podman.env['CONTAINERS_CONF']!;
  // Nothing in it names veloci; what names the runtime is not given either.
  writeFileSync(file,
    readFileSync(file, 'utf8').replaceAll(', "veloci"', '').replace('[engine]\n',
      '[engine]\ntmp_dir = "/tmp/install-podman/tmp"\n'));
  const before = readFileSync(file, 'utf8');
  const run = (...words: string[]): Promise<Result> => {
    const whole = podman.command('', words);
    const at = whole.indexOf('--runtime');
    return call([...whole.slice(0, at), ...whole.slice(at + 2)], { env: podman.env, timeLimit: 60_000 });
  };
  // The check asks podman without flags: storage of its own, too.
  const storage = '/tmp/install-podman/storage.conf';
  writeFileSync(storage,
    '[storage]\ndriver = "vfs"\ngraphroot = "/tmp/install-podman/storage"\nrunroot = "/tmp/install-podman/run"\n');
  const env = { ...podman.env, CONTAINERS_STORAGE_CONF: storage };
  try {
    const applied = await call([productPath(), 'install', '--podman', '--apply', '--file', file], { env,
      timeLimit: 90_000 });
    assert.equal(applied.code, 0, applied.stderr);
    assert.doesNotMatch(applied.stdout, /not checked/);
    assert.equal((await run('info', '--format', '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}')).stdout.trim(),
      `veloci ${productPath()}`);
    const hello = await run('run', '--rm', ...podman.runFlags, podman.image, 'echo', 'hello');
    assert.equal(hello.stdout, 'hello\n', hello.stderr);
    // By its lists podman knows what it can do.
    const free = await run('run', '--rm', '--cgroups=disabled', ...podman.runFlags.slice(0, 4), podman.image, 'echo',
      'free');
    assert.equal(free.stdout, 'free\n', free.stderr);
    assert.equal((await run('run', '--rm', ...podman.runFlags, podman.image, 'no-such-program')).code, 127);
    assert.equal(
      (await call([productPath(), 'install', '--podman', '--undo', '--file', file], { env, timeLimit: 90_000 })).code,
      0,
    );
    assert.equal(readFileSync(file, 'utf8'), before);
  } finally {
    podman.reset(runtimePath());
  }
}, { ...only, skip: which('podman') ? false : 'podman is not installed', leaks: 'ignore' });

test('containerd reads what install --apply has written', (c) =>
  inScene(c, async ({ dir, install }) => {
    const file = join(dir, 'config.toml');
    rmSync(join(dir, 'programs/containerd'));
    const applied = await install(['--containerd', '--apply', '--as-default', '--file', file]);
    assert.equal(applied.code, 0, applied.stderr);
    assert.doesNotMatch(applied.stdout, /not checked/);
    const dumped = await call(['containerd', '--config', file, 'config', 'dump'], { env: plainEnv });
    assert.match(dumped.stdout, /default_runtime_name = "veloci"/);
    assert.ok(dumped.stdout.includes(`BinaryName = "${productPath()}"`));
  }), { ...only, skip: which('containerd') ? false : 'containerd is not installed' });

test('on a terminal a line says that install waits for the engine', (c) =>
  inScene(c, async ({ dir, fake }) => {
    fake('podman', 'exec sleep 1.2');
    const talk = onTerminal(['env', 'TERM=xterm', `PATH=${join(dir, 'programs')}:${plainEnv['PATH'] ?? ''}`,
      productPath(), 'install', '--podman', '--dry-run', '--file', join(dir, 'containers.conf')], 24, 80);
    await talk.expect(/\r\x1b\[Kwaiting for podman \(1 s\)\r\x1b\[K/);
    await talk.expect(/\+\+\+ /);
  }), only);
