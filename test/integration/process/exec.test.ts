// exec: by arguments and by process file, detached, with a terminal; what of the container applies to it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Facts } from '../../support/facts.ts';
import { defaultConfig, dockerSeccomp, type Config } from '../../support/spec.ts';

const running = async (c: Context, change: (config: Config) => void = () => {}): Promise<string> =>
  (await c.started(c.command(['/probe', 'pause'], change))).id;

const processFile = (c: Context, change: (process: Config['process']) => void): string => {
  const file = join(c.dir(), 'process.json');
  const { process } = defaultConfig();
  change(process);
  writeFileSync(file, JSON.stringify(process));
  return file;
};

test('exec runs a command in the container and hands back its output and status', async (c) => {
  const id = await running(c);
  const result = await c.rt(['exec', id, 'sh', '-c', 'echo out; echo err >&2; cat; exit 42'], { input: 'in' });
  assert.equal(result.code, 42);
  assert.equal(result.stdout, 'out\nin');
  assert.equal(result.stderr, 'err\n');
});

test('exec passes flags of the command on', async (c) => {
  const id = await running(c);
  assert.equal((await c.rt(['exec', id, 'echo', '-n', '--', '-t', '--user'])).stdout, '-- -t --user');
});

test('exec exits with 128+n when a signal ends the command', async (c) => {
  const id = await running(c);
  assert.equal((await c.rt(['exec', id, '/probe', 'die', '9'])).code, 137);
  assert.equal((await c.rt(['exec', id, '/probe', 'die', '15'])).code, 143);
});

for (const [what, file, words] of [
  ['does not exist', '/no/such/file', /no such file or directory|executable file not found/i],
  ['is not in PATH', 'no-such-program', /executable file .*not found/i],
  ['is not executable', '/bin/not-executable', /permission denied/i],
] as const) {
  test(`exec of what ${what} exits with 255 and says so`, async (c) => {
    const id = await running(c);
    const result = await c.rt(['exec', id, file]);
    assert.equal(result.code, 255);
    assert.match(result.stderr, words);
  });
}

for (const status of ['created', 'stopped'] as const) {
  test(`exec in a ${status} container`, async (c) => {
    const bundle = c.command(['/probe', 'exit', '0']);
    const { id } = await c.create(bundle);
    if (status === 'stopped') {
      await c.rt(['start', id]);
      await c.until(id, 'stopped');
    }
    const result = await c.rt(['exec', id, '/probe', 'exit', '7'], { timeLimit: 5000 });
    assert.equal(result.timedOut, false, 'it hangs');
    if (status === 'created') assert.equal(result.code, 7, result.stderr);
    else {
      assert.equal(result.code, 255);
      assert.match(result.stderr, /not running|stopped/);
    }
  }, { peers: status === 'stopped' ? [{ peer: 'crun 1.8.1', why: 'exits with 1' }] : [] });
}

test('exec makes no working directory', async (c) => {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.root.readonly = false;
  });
  const { id } = await c.started(bundle);
  for (const missing of ['/missing', '/missing/below', '/tmp/../missing']) {
    const result = await c.rt(['exec', '--cwd', missing, id, '/probe']);
    assert.equal(result.code, 255);
    assert.match(result.stderr, /chdir.*missing.*no such file or directory/i);
  }
  assert.equal((await c.rt(['exec', id, 'ls', '/missing'])).code, 1);
}, { peers: [{ peer: 'crun 1.8.1', why: 'exits with 1' }] });

test('a working directory that a read-only root lacks is what the error names', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.root.readonly = true;
  }));
  const result = await c.rt(['exec', '--cwd', '/not/here', id, '/probe']);
  assert.equal(result.code, 255);
  assert.match(result.stderr, /\/not\/here.*chdir|chdir.*\/not\/here|mkdir.*\/not\/here/);
}, { peers: [{ peer: 'crun 1.8.1', why: 'exits with 1' }] });

test('exec takes --cwd, --env and --user', async (c) => {
  const id = await running(c);
  const result = await c.rt(['exec', '--cwd', '/tmp', '--env', 'A=b c', '--env', 'D=', '--user', '1000:1001', id,
    '/probe']);
  const facts = JSON.parse(result.stdout) as Facts;
  assert.equal(facts.cwd, '/tmp');
  assert.ok(facts.env.includes('A=b c') && facts.env.includes('D='));
  assert.ok(facts.env.some((variable) => variable.startsWith('PATH=')), 'the env of the container is the base');
  assert.deepEqual(facts.uid, [1000, 1000, 1000]);
  assert.deepEqual(facts.gid, [1001, 1001, 1001]);
}, { peers: [{ peer: 'crun 1.8.1', why: '--env replaces the env of the container' }] });

test('exec --additional-gids adds groups', async (c) => {
  const id = await running(c);
  const result = await c.rt(['exec', '--additional-gids', '7', '--additional-gids', '8', '-u', '5:6', id, '/probe']);
  const { groups } = JSON.parse(result.stdout) as Facts;
  assert.deepEqual([...groups].sort(), [7, 8]);
}, { peers: [{ peer: 'crun 1.8.1', why: 'has no such flag' }] });

test('exec --process runs the given process', async (c) => {
  const id = await running(c);
  const file = processFile(c, (process) => {
    process.args = ['/probe', 'x', 'y z'];
    process.cwd = '/tmp';
    process.env = ['ONLY=this'];
    process.user = { uid: 5, gid: 6, additionalGids: [7] };
    process.rlimits = [{ type: 'RLIMIT_CORE', soft: 1, hard: 2 }];
  });
  const result = await c.rt(['exec', '--process', file, id]);
  assert.equal(result.code, 0, result.stderr);
  const facts = JSON.parse(result.stdout) as Facts;
  assert.deepEqual(facts.args, ['/probe', 'x', 'y z']);
  assert.equal(facts.cwd, '/tmp');
  assert.deepEqual(facts.env.filter((variable) => !variable.startsWith('HOME=')), ['ONLY=this']);
  assert.deepEqual([facts.uid[0], facts.gid[0]], [5, 6]);
  assert.deepEqual(facts.groups, [7]);
  assert.deepEqual(facts.rlimits['RLIMIT_CORE'], ['1', '2']);
});

test('exec --detach --pid-file returns at once; the pid file is complete', async (c) => {
  const id = await running(c);
  const pidFile = join(c.dir(), 'pid');
  const file = processFile(c, (process) => {
    process.args = ['/probe', 'pause'];
  });
  const result = await c.rt(['exec', '--process', file, '--detach', '--pid-file', pidFile, id]);
  assert.equal(result.code, 0, result.stderr);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^\/probe\0pause/);
  await c.destroy(id);
});

test('a detached exec of what does not exist fails', async (c) => {
  const id = await running(c);
  const file = processFile(c, (process) => {
    process.args = ['/no/such/file'];
  });
  const result = await c.rt(['exec', '--process', file, '--detach', '--pid-file', join(c.dir(), 'pid'), id]);
  assert.equal(result.code, 255);
});

test('an exec lives in the namespaces and the cgroup of the container', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const { id, pid } = await c.started(bundle);
  const facts = JSON.parse((await c.rt(['exec', id, '/probe'])).stdout) as Facts;
  const { readlinkSync } = await import('node:fs');
  for (const kind of ['pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup']) {
    assert.equal(facts.ns[kind], readlinkSync(`/proc/${pid}/ns/${kind}`), kind);
  }
  assert.deepEqual(facts.cgroup.map((line) => line.split(':')[2]).filter((path) =>
    path !== '/' &&
    !/\.\./.test(path ?? '')
  ), [], 'the roots of the cgroup namespace');
});

test('an exec by arguments has the capabilities and the no_new_privs of the container', async (c) => {
  const id = await running(c);
  const facts = JSON.parse((await c.rt(['exec', id, '/probe'])).stdout) as Facts;
  const expected = '0000000020000420';
  for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.equal(facts.status[set], expected, set);
  assert.equal(facts.status['CapInh'], '0000000000000000');
  assert.equal(facts.status['NoNewPrivs'], '1');
}, { peers: [{ peer: 'crun 1.8.1', why: 'drops no_new_privs' }] });

test('exec --cap adds nothing to the inheritable set', async (c) => {
  const id = await running(c);
  const facts = JSON.parse((await c.rt(['exec', '--cap', 'CAP_NET_ADMIN', id, '/probe'])).stdout) as Facts;
  assert.equal(facts.status['CapInh'], '0000000000000000');
  assert.equal(BigInt(`0x${facts.status['CapEff']}`) >> 12n & 1n, 1n);
});

test('exec --cap is ambient where the container has the capability as inheritable', async (c) => {
  const id = await running(c, ({ process }) => {
    process.capabilities = {
      bounding: ['CAP_KILL'],
      permitted: ['CAP_KILL'],
      effective: ['CAP_KILL'],
      inheritable: ['CAP_KILL', 'CAP_NET_RAW'],
    };
  });
  const seen = async (...flags: string[]): Promise<Facts['status']> =>
    (JSON.parse((await c.rt(['exec', '--user', '1000:1000', ...flags, id, '/probe'])).stdout) as Facts).status;
  assert.equal((await seen())['CapAmb'], '0000000000000000');
  const added = await seen('--cap', 'CAP_NET_RAW', '--cap', 'CAP_CHOWN');
  assert.equal(added['CapAmb'], '0000000000002000', 'not CAP_CHOWN, which is not inheritable');
  assert.equal(added['CapEff'], '0000000000002000', 'another user has it');
}, { peers: [{ peer: 'crun 1.8.1', why: 'adds them to all sets' }] });

test('the seccomp filter of the container applies to exec', async (c) => {
  const id = await running(c, (config) => {
    config.linux.seccomp = dockerSeccomp();
  });
  const facts = JSON.parse((await c.rt(['exec', id, '/probe'])).stdout) as Facts;
  assert.equal(facts.status['Seccomp'], '2');
  const file = processFile(c, (process) => {
    process.args = ['/probe'];
  });
  const again = JSON.parse((await c.rt(['exec', '--process', file, id])).stdout) as Facts;
  assert.equal(again.status['Seccomp'], '2');
});

test('rlimits of the container apply to exec by arguments', async (c) => {
  const id = await running(c, (config) => {
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }];
  });
  const facts = JSON.parse((await c.rt(['exec', id, '/probe'])).stdout) as Facts;
  assert.deepEqual(facts.rlimits['RLIMIT_NOFILE'], ['100', '200']);
}, {
  peers: [{ peer: 'runc 1.1.5', why: 'raises the soft limit to the hard one' }, { peer: 'crun 1.8.1',
    why: 'an exec keeps the limits of the caller' }],
});

test('the oom score of the container applies to exec by arguments', async (c) => {
  const id = await running(c, (config) => {
    config.process.oomScoreAdj = 321;
  });
  assert.deepEqual((JSON.parse((await c.rt(['exec', id, '/probe'])).stdout) as Facts).oom, ['321']);
}, { peers: [{ peer: 'crun 1.8.1', why: 'sets 0' }] });

test('the umask of the container applies to exec by arguments', async (c) => {
  const id = await running(c, (config) => {
    config.process.user.umask = 0o77;
  });
  assert.equal((JSON.parse((await c.rt(['exec', id, '/probe'])).stdout) as Facts).umask, 0o77);
}, { peers: [{ peer: 'crun 1.8.1', why: 'sets 022' }, { peer: 'runc 1.1.5', why: 'sets 022' }] });

test('the umask of a process file applies', async (c) => {
  const id = await running(c);
  const file = processFile(c, (process) => {
    process.args = ['/probe'];
    process.user.umask = 0o27;
  });
  assert.equal((JSON.parse((await c.rt(['exec', '--process', file, id])).stdout) as Facts).umask, 0o27);
}, { peers: [{ peer: 'runc 1.1.5', why: 'leaves it at 022' }] });

test('only stdio reaches an exec, and --preserve-fds adds what it names', async (c) => {
  const id = await running(c);
  const { openSync, closeSync } = await import('node:fs');
  const fd = openSync('/etc/hostname', 'r');
  const plain = JSON.parse((await c.rt(['exec', id, '/probe'], { fds: { 3: fd, 9: fd } })).stdout) as Facts;
  assert.deepEqual(Object.keys(plain.fds).sort(), ['0', '1', '2']);
  const kept = JSON.parse(
    (await c.rt(['exec', '--preserve-fds', '1', id, '/probe'], { fds: { 3: fd, 9: fd } })).stdout,
  ) as Facts;
  assert.deepEqual(Object.keys(kept.fds).sort(), ['0', '1', '2', '3']);
  closeSync(fd);
});

test('the pid file of a failed exec does not appear', async (c) => {
  const id = await running(c);
  const pidFile = join(c.dir(), 'pid');
  const result = await c.rt(['exec', '--pid-file', pidFile, id, '/no/such/file']);
  assert.equal(result.code, 255);
});

test('50 execs at once all succeed', async (c) => {
  const id = await running(c);
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, i) => c.rt(['exec', id, '/probe', 'exit', String(i)], { timeLimit: 60_000 })),
  );
  assert.deepEqual(results.map(({ code }) => code), Array.from({ length: 50 }, (_, i) => i));
});
