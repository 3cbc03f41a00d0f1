// Started under the name of runc: its words, where scripts look for them; and what people use that come from it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { isAlive } from '../../support/host/alive.ts';
import { runtimePath } from '../../support/paths.ts';
import { type CallOptions, type Result, begin } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

/** Calls the runtime under the name of runc. */
function asRunc(c: Context, args: string[], options: CallOptions = {}): Promise<Result> {
  const path = join(c.dir(), 'runc');
  symlinkSync(runtimePath(), path);
  return begin([path, '--root', c.root, ...args], options).done;
}

/** Runs a bundle under the name of runc. */
function runAsRunc(c: Context, args: string[], change: (config: Config) => void): Promise<Result> {
  const id = c.id();
  const { dir } = c.command(args, (config) => {
    config.linux.cgroupsPath = `/${id}`;
    change(config);
  });
  return asRunc(c, ['run', '--bundle', dir, id]);
}

test('as runc: help has its heading, an unknown command its words', async (c) => {
  const main = await asRunc(c, ['--help']);
  assert.match(main.stdout, /^NAME:\n {3}runc - Open Container Initiative runtime/);
  const run = await asRunc(c, ['run', '-h']);
  assert.match(run.stdout, /^NAME:\n {3}runc run - create and start/);
  const unknown = await asRunc(c, ['nonsense', '-h']);
  assert.equal(unknown.code, 3);
  assert.match(unknown.stderr, /No help topic for 'nonsense'/);
  assert.doesNotMatch((await c.rt(['--help'])).stdout, /NAME:/);
}, only);

test('as runc: a program that cannot be executed is said in one line of its own', async (c) => {
  const id = c.id();
  const { dir, rootfs } = c.command(['/script'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
    config.process.capabilities = {};
  });
  writeFileSync(join(rootfs, 'script'), '#!/missing\n', { mode: 0o755 });
  const result = await asRunc(c, ['run', '--bundle', dir, id]);
  assert.equal(result.stderr, 'exec /script: no such file or directory\n');
}, only);

test('as runc: what has failed says which command did', async (c) => {
  const id = c.id();
  const { dir } = c.command(['/no/such'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const missing = /unable to start container process: exec: "\/no\/such": stat \/no\/such: no such file or directory/;
  const run = await asRunc(c, ['run', '--bundle', dir, id]);
  assert.match(run.stderr, /error: E0764: runc run failed: /);
  assert.match(run.stderr, missing);
  const good = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  assert.equal((await asRunc(c, ['run', '--detach', '--bundle', good.dir, id])).code, 0);
  const exec = await asRunc(c, ['exec', id, '/no/such']);
  assert.match(exec.stderr, /error: E0764: exec failed: /);
  assert.match(exec.stderr, missing);
  await asRunc(c, ['delete', '--force', id]);
  writeFileSync(join(dir, 'config.json'), '{"ociVersion": "1.3.0"');
  const create = await asRunc(c, ['create', '--bundle', dir, id]);
  assert.match(create.stderr, /error: E0\d+: runc create failed: /);
  assert.doesNotMatch((await c.rt(['create', '--bundle', dir, id])).stderr, /failed: /);
}, only);

test('as runc: a hook that fails', async (c) => {
  for (const [kind, shell, words] of [
    ['createRuntime', 'exit 5', 'error running createRuntime hook #1: exit status 5'],
    ['startContainer', 'exit 1', 'error running startContainer hook #1: exit status 1'],
    ['startContainer', 'kill -SYS $$', 'error running startContainer hook #1: signal: bad system call'],
  ] as const) {
    const result = await runAsRunc(c, ['/probe', 'exit', '0'], (config) => {
      config.hooks = { [kind]: [{ path: '/bin/true' }, { path: '/bin/sh', args: ['sh', '-c', shell] }] };
    });
    assert.equal(result.code, 1);
    assert.ok(result.stderr.includes(words), result.stderr);
  }
}, only);

test('as runc: an ambient capability without effect is a warning that is shown', async (c) => {
  const result = await runAsRunc(c, ['/probe', 'exit', '0'], (config) => {
    config.process.capabilities = { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'], effective: [], inheritable: [],
      ambient: ['CAP_KILL'] };
  });
  assert.equal(result.code, 0);
  assert.match(result.stderr, /can't raise ambient capability CAP_KILL: /);
}, only);

test('as runc: words about the memory policy begin with its own', async (c) => {
  const result = await runAsRunc(c, ['/probe', 'exit', '0'], (config) => {
    config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0-x' };
  });
  assert.match(result.stderr, /invalid memory policy node: .*at config\.json:\d+:\d+ \(\/linux\/memoryPolicy\/nodes\)/);
}, only);

test('as runc: a startContainer hook without env has that of the process; under the own name it has none',
  async (c) => {
    const change = (config: Config): void => {
      config.process.env = ['PATH=/bin', 'ONE=two'];
      config.hooks = {
        startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'test "$ONE" = two && test -n "$HOME"'] }],
      };
    };
    const peer = await runAsRunc(c, ['/probe', 'exit', '0'], change);
    assert.equal(peer.code, 0, peer.stderr);
    const own = await c.run(c.command(['/probe', 'exit', '0'], change));
    assert.match(own.stderr, /E0775: startContainer hook 0 .* ended with exit code 1/);
    const empty = await c.run(c.command(['/probe', 'exit', '0'], (config) => {
      change(config);
      config.hooks!.startContainer![0]!.args = ['sh', '-c', 'test -z "$ONE"'];
    }));
    assert.equal(empty.code, 0, empty.stderr);
  }, only);

test('the failure of a startContainer hook is that of the hook', async (c) => {
  const result = await c.run(c.command(['/probe', 'exit', '0'], (config) => {
    config.hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'echo words; exit 2'] }] };
  }));
  assert.match(result.stderr, /E0775: startContainer hook 0 \("\/bin\/sh"\) ended with exit code 2 at .*words/);
}, only);

test('a createContainer hook works in the root to be', async (c) => {
  const bundle = c.command(['/probe', 'exit', '0'], (config) => {
    config.hooks = { createContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'test -e ./probe'] }] };
  });
  const result = await c.run(bundle);
  assert.equal(result.code, 0, result.stderr);
}, only);

test('exec takes its process from a pipe', async (c) => {
  const { id } = await c.started(c.command(['sleep', '100']));
  const file = join(c.dir(), 'process.json');
  writeFileSync(file, JSON.stringify({ cwd: '/', args: ['sh', '-c', 'exit 7'], env: ['PATH=/bin'] }));
  const result = await begin(['bash', '-c',
    `${runtimePath()} --root ${c.root} exec --process <(sleep 0.2; cat ${file}) ${id}`]).done;
  assert.equal(result.code, 7, result.stderr);
}, { peers: [{ peer: 'crun 1.8.1', why: 'reads regular files alone' }] });

test('lines that a terminal prints into a file end as the program has written them', async (c) => {
  const result = await c.run(c.command(['sh', '-c', 'echo one; echo two'], (config) => {
    config.process.terminal = true;
  }));
  assert.equal(result.stdout, 'one\ntwo\n');
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'has carriage returns' }, { peer: 'runc 1.1.5',
    why: 'needs a terminal of its own' }],
});

test('the processors that the caller is bound to are nothing to the container', async (c) => {
  const all = (await c.probe()).cpus;
  if (all.length < 2) return;
  const bound = { prefix: ['taskset', '-c', String(all[0])] };
  assert.deepEqual((await c.probe(() => {}, bound)).cpus, all);
  const { id } = await c.started(c.command(['sleep', '100']));
  const result = await c.rt(['exec', id, '/probe'], bound);
  assert.deepEqual((JSON.parse(result.stdout) as { cpus: number[] }).cpus, all);
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'keeps the processors of the caller' }, { peer: 'runc 1.1.5',
    why: 'keeps the processors of the caller' }],
});

test('SIGTERM ends a container that waits for its start', async (c) => {
  const { id } = await c.create(c.command(['sleep', '100']));
  assert.equal((await c.rt(['kill', id, 'TERM'])).code, 0);
  await c.until(id, 'stopped');
}, { peers: [{ peer: 'crun 1.8.1', why: 'ignores all but SIGKILL there' }] });

test('SIGKILL reaches what is left of a container whose init has ended', async (c) => {
  const { id, pid } = await c.started(c.command(['sleep', '100'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }: { type: string }) => type !== 'pid');
  }));
  const pidFile = join(c.dir(), 'pid');
  assert.equal((await c.rt(['exec', '--detach', '--pid-file', pidFile, id, 'sleep', '100'])).code, 0);
  process.kill(pid, 'SIGKILL');
  await c.until(id, 'stopped');
  const result = await c.rt(['kill', id, 'KILL']);
  assert.equal(result.code, 0, result.stderr);
  const orphan = Number(readFileSync(pidFile, 'utf8'));
  for (let i = 0; i < 100 && isAlive(orphan); i++) await sleep(20);
  assert.ok(!isAlive(orphan));
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'says that it does not run' }, { peer: 'runc 1.1.5',
    why: 'says that it does not run' }],
});

test('a root that is not there has no containers', async (c) => {
  const result = await begin([runtimePath(), '--root', join(c.dir(), 'nothing'), 'list', '-q']).done;
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout + result.stderr, '');
}, only);

test('as runc: list fails when the root that --root names is not there', async (c) => {
  const root = join(c.dir(), 'nothing');
  const missing = await asRunc(c, ['--root', root, 'list', '-q']);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, new RegExp(`${root}".*ENOENT`));
  assert.equal(existsSync(root), false);
  mkdirSync(root, { mode: 0o700 });
  const empty = await asRunc(c, ['--root', root, 'list', '-q']);
  assert.deepEqual([empty.code, empty.stdout, empty.stderr], [0, '', '']);
}, only);

test('a path that is masked twice is masked once', async (c) => {
  const out = await c.sh('grep -c " /etc/group " /proc/self/mountinfo', (config) => {
    config.linux.maskedPaths = ['/etc/group', '/etc/group'];
  });
  assert.equal(out, '1\n');
}, only);

test('update: no limit of memory takes that of swap with it; 0 tasks are 1; burst can be taken back', async (c) => {
  const { id } = await c.started(c.command(['sleep', '100'], (config) => {
    config.linux.resources = { ...config.linux.resources, memory: { limit: 64 << 20, swap: 96 << 20 } };
  }));
  for (const [flags, count] of [[['--memory', '-1'], 2], [['--pids-limit', '0'], 1], [['--cpu-burst', '0'],
    1]] as const)
  {
    const dry = await c.rt(['update', '--dry-run', ...flags, id]);
    assert.equal(dry.code, 0, dry.stderr);
    assert.ok(dry.stdout.trim().split('\n').length >= count, dry.stdout);
  }
  assert.equal((await c.rt(['update', '--memory', '-1', id])).code, 0);
  assert.equal((await c.rt(['update', '--pids-limit', '0', id])).code, 0);
}, only);

test('as runc: an option of a bind mount says all of its attributes', async (c) => {
  const source = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', 'none', source]);
  c.later(() => {
    execFileSync('umount', [source]);
  });
  execFileSync('mount', ['-o', 'remount,bind,nosuid,noexec,noatime', source]);
  const shown = async (as: typeof runAsRunc | undefined, options: string[]): Promise<string> => {
    const change = (config: Config): void => {
      config.mounts.push({ destination: '/mnt', type: 'bind', source, options });
    };
    const args = ['sh', '-c', 'grep " /mnt " /proc/self/mounts | cut -d " " -f 4'];
    const result = as === undefined ? await c.run(c.command(args, change)) : await as(c, args, (config) => {
      config.process.capabilities = {};
      change(config);
    });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };
  assert.match(await shown(runAsRunc, ['bind']), /nosuid,noexec,noatime/);
  assert.match(await shown(runAsRunc, ['bind', 'ro']), /^ro,noatime/);
  assert.match(await shown(undefined, ['bind', 'ro']), /^ro,nosuid,noexec,noatime/);
}, only);

test('as runc: --debug tells the stages of a start', async (c) => {
  const id = c.id();
  const { dir } = c.command(['/probe', 'exit', '0'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const { stderr } = await asRunc(c, ['--debug', 'run', '--bundle', dir, id]);
  for (const words of ['nsexec container setup', 'child process in init()',
    'init: closing the pipe to signal completion'])
  {
    assert.ok(stderr.includes(`level=debug msg="${words}"`), stderr);
  }
}, only);

test('as runc: null is absent, and a required key may be in another case', async (c) => {
  const id = c.id();
  const { dir, config, write } = c.command(['/probe', 'exit', '0'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  write(
    JSON.stringify({ ...config, linux: { ...config.linux, timeOffsets: null },
      process: { ...config.process, cwd: undefined, CWD: '/' } }),
  );
  const result = await asRunc(c, ['run', '--bundle', dir, id]);
  assert.equal(result.code, 0, result.stderr);
  assert.match((await c.rt(['run', '--bundle', dir, id])).stderr, /E0301|E0302/);
}, only);
