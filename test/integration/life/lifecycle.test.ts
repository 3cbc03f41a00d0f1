// create, start, state, kill, delete, run, list: statuses, exit codes, pid file, refusals.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';

const pause = ['/probe', 'pause'];

test('a container goes through created, running and stopped', async (c) => {
  const bundle = c.command(pause);
  const created = await c.create(bundle);
  assert.equal(created.code, 0, created.stderr);
  assert.equal(created.stdout, '');
  const first = await c.state(created.id);
  assert.equal(first['status'], 'created');
  assert.equal(first['id'], created.id);
  assert.equal(first['pid'], created.pid);
  assert.equal(first['bundle'], bundle.dir);
  assert.match(String(first['ociVersion']), /^1\./);
  assert.ok(!Number.isNaN(Date.parse(String(first['created']))), 'created is a time');
  assert.ok(!/pause/.test(readFileSync(`/proc/${created.pid}/cmdline`, 'utf8')), 'the payload waits for start');
  assert.equal((await c.rt(['start', created.id])).code, 0);
  assert.equal((await c.state(created.id))['status'], 'running');
  assert.equal((await c.rt(['kill', created.id, 'KILL'])).code, 0);
  await c.until(created.id, 'stopped');
  const removed = await c.rt(['delete', created.id]);
  assert.equal(removed.code, 0, removed.stderr);
  const gone = await c.rt(['state', created.id]);
  assert.equal(gone.code, 1);
});

test('the pid of a stopped container is 0', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'exit', '0']));
  await c.until(id, 'stopped');
  assert.equal((await c.state(id))['pid'], 0);
});

test('the pid file holds the number alone', async (c) => {
  const file = join(c.dir(), 'pid');
  const id = c.id();
  const bundle = c.command(pause, (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  assert.equal((await c.rt(['create', '-b', bundle.dir, '--pid-file', file, id])).code, 0);
  assert.equal(readFileSync(file, 'utf8'), String((await c.state(id))['pid']));
});

for (const status of [0, 1, 42, 255]) {
  test(`run exits with the payload's status ${status}`, async (c) => {
    assert.equal((await c.run(c.command(['/probe', 'exit', String(status)]))).code, status);
    await c.nothingLeft();
  });
}

for (const signal of [9, 15, 11]) {
  test(`run exits with ${128 + signal} when signal ${signal} ends the payload`, async (c) => {
    // not pid 1 of the container, which the kernel protects: the host's pid namespace
    const bundle = c.command(['/probe', 'die', String(signal)], (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
      config.mounts = config.mounts.filter(({ destination }) => destination !== '/proc');
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
    });
    assert.equal((await c.run(bundle)).code, 128 + signal);
    await c.nothingLeft();
  }, { peers: [{ peer: 'runc 1.1.5', why: 'without /proc it cannot close file descriptors' }] });
}

test('run exits with 137 after kill KILL', async (c) => {
  const id = c.id();
  const running = c.begin(['run', '-b', c.command(pause, (config) => {
    config.linux.cgroupsPath = `/${id}`;
  }).dir, id]);
  for (;;) {
    const state = await c.rt(['state', id]);
    if (state.code === 0 && JSON.parse(state.stdout).status === 'running') break;
  }
  assert.equal((await c.rt(['kill', id, 'SIGKILL'])).code, 0);
  assert.equal((await running.done).code, 137);
  await c.nothingLeft();
});

test('run forwards signals to the payload', async (c) => {
  const id = c.id();
  const dir = c.dir();
  const script = 'trap "echo got; exit 5" TERM; echo up; > /mnt/up; while :; do sleep 0.1; done';
  const bundle = c.command(['sh', '-c', script], (config) => {
    config.linux.cgroupsPath = `/${id}`;
    config.mounts.push({ destination: '/mnt', type: 'bind', source: dir, options: ['bind'] });
  });
  const running = c.begin(['run', '-b', bundle.dir, id]);
  for (const end = Date.now() + 10_000 * timeScale; !existsSync(join(dir, 'up')); await sleep(10)) {
    assert.ok(Date.now() < end, 'the payload has not begun');
  }
  running.child.kill('SIGTERM');
  const result = await running.done;
  assert.equal(result.code, 5, result.stderr);
  assert.equal(result.stdout, 'up\ngot\n');
});

test('run writes the payload output to stdout and stderr, and reads stdin', async (c) => {
  const result = await c.run(c.command(['sh', '-c', 'cat; echo err >&2']), { input: 'in\n' });
  assert.equal(result.stdout, 'in\n');
  assert.equal(result.stderr, 'err\n');
});

test('run --detach returns at once and leaves the container running', async (c) => {
  const id = c.id();
  const result = await c.run(c.command(pause), { flags: ['--detach'], id });
  assert.equal(result.code, 0, result.stderr);
  assert.equal((await c.state(id))['status'], 'running');
  await c.destroy(id);
  await c.nothingLeft();
});

test('run --keep leaves the stopped container to be deleted', async (c) => {
  const id = c.id();
  assert.equal((await c.run(c.command(['/probe', 'exit', '3']), { flags: ['--keep'], id })).code, 3);
  assert.equal((await c.state(id))['status'], 'stopped');
  assert.equal((await c.rt(['delete', id])).code, 0);
}, { peers: [{ peer: 'crun 1.8.1', why: 'has no --keep' }] });

test('a second create with the same id is refused and harms nothing', async (c) => {
  const { id } = await c.started(c.command(pause));
  const second = await c.create(c.command(pause), { id });
  assert.equal(second.code, 1);
  assert.match(second.stderr, /exist/);
  assert.equal((await c.state(id))['status'], 'running');
});

test('a second start is refused', async (c) => {
  const { id } = await c.started(c.command(pause));
  const second = await c.rt(['start', id]);
  assert.equal(second.code, 1);
  assert.equal((await c.state(id))['status'], 'running');
});

test('a container whose start has failed is stopped, not running for a moment', async (c) => {
  const bundle = c.command(['/nonsense'], () => {});
  writeFileSync(join(bundle.rootfs, 'nonsense'), 'nonsense', { mode: 0o755 });
  const { id, code, stderr } = await c.create(bundle);
  assert.equal(code, 0, stderr);
  // Its first process ends after these.
  for (let count = 0; count < 5; count++)
    assert.equal((await c.rt(['exec', '--detach', id, '/probe', 'pause'])).code, 0);
  const begun = await call(['/bin/sh', '-c', '"$0" --root "$1" start "$2"; "$0" --root "$1" state "$2"', runtimePath(),
    c.root, id]);
  assert.match(begun.stderr, /exec format error/);
  assert.match(begun.stdout, /"status": "stopped"/);
}, { only: 'veloci' });

test('start of a stopped container is refused', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'exit', '0']));
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['start', id])).code, 1);
});

test('delete of a running container is refused', async (c) => {
  const { id } = await c.started(c.command(pause));
  const removed = await c.rt(['delete', id]);
  assert.equal(removed.code, 1);
  assert.match(removed.stderr, /running|not stopped|not in `created` or `stopped`/);
  assert.equal((await c.state(id))['status'], 'running');
});

test('delete of a created container is refused and harms nothing; --force kills and removes it', async (c) => {
  const { id } = await c.create(c.command(pause));
  const removed = await c.rt(['delete', id]);
  assert.notEqual(removed.code, 0);
  assert.match(removed.stderr, /created|not stopped/);
  assert.equal((await c.state(id))['status'], 'created');
  assert.equal((await c.rt(['start', id])).code, 0);
  const other = await c.create(c.command(pause));
  assert.equal((await c.rt(['delete', '--force', other.id])).code, 0);
  await c.destroy(id);
  await c.nothingLeft();
}, { peers: [{ peer: 'runc', why: 'kills and deletes it' }, { peer: 'crun', why: 'kills and deletes it' }] });

test('delete --force of a running container kills and removes it', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'child', '3']));
  assert.equal((await c.rt(['delete', '--force', id])).code, 0);
  await c.nothingLeft();
});

test('delete --force of what does not exist succeeds, twice', async (c) => {
  for (let i = 0; i < 2; i++) {
    const removed = await c.rt(['delete', '--force', `${c.token}-nothing`]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal(removed.stdout, '');
  }
});

for (const verb of [['state'], ['start'], ['kill'], ['delete']]) {
  test(`${verb[0]} of an unknown id says that it does not exist`, async (c) => {
    const result = await c.rt([...verb, `${c.token}-nothing`, ...(verb[0] === 'kill' ? ['KILL'] : [])]);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /does not exist/);
    assert.equal(result.stdout, '');
  }, { peers: [{ peer: 'crun 1.8.1', why: 'says: error opening file …/status' }] });
}

test('exec in an unknown container says that it does not exist', async (c) => {
  const result = await c.rt(['exec', `${c.token}-nothing`, 'true']);
  assert.ok(result.code === 1 || result.code === 255, `code ${result.code}`);
  assert.match(result.stderr, /does not exist/);
}, { peers: [{ peer: 'crun 1.8.1', why: 'says: error opening file …/status' }] });

test('kill of a stopped container is an error: container not running', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'exit', '0']));
  await c.until(id, 'stopped');
  const killed = await c.rt(['kill', id, 'KILL']);
  assert.equal(killed.code, 1);
  assert.match(killed.stderr, /container not running/);
}, { peers: [{ peer: 'crun 1.8.1', why: 'succeeds on a dead pid' }] });

test('kill --all of a stopped container succeeds', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'exit', '0']));
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['kill', '--all', id, 'KILL'])).code, 0);
});

test('kill reaches what init has left behind, once', async (c) => {
  const { id } = await c.started(c.command(['sh', '-c', 'sleep 100000 & echo done'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
  }));
  await c.until(id, 'stopped');
  const remaining = async (): Promise<number> =>
    (JSON.parse((await c.rt(['ps', '--format', 'json', id])).stdout) as number[]).length;
  const term = await c.rt(['kill', id, 'TERM']);
  assert.equal(term.code, 1);
  assert.match(term.stderr, /container not running/);
  assert.equal(await remaining(), 1, 'another signal reaches init alone');
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  for (let tries = 0; tries < 1000 && await remaining() > 0; tries++) await sleep(10);
  const again = await c.rt(['kill', id, 'KILL']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /container not running/);
}, { only: 'veloci' });

/** Whether a process has a handler of SIGTERM. */
function catchesTerm(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) >> 14n & 1n) === 1n;
}

/** Waits until it has one: without, the first process of a pid namespace is not ended by the signal. */
async function untilCatches(pid: number): Promise<void> {
  for (const end = Date.now() + 10_000 * timeScale; !catchesTerm(pid); await sleep(10)) assert.ok(Date.now() < end);
}

test('kill --all reaches each of very many processes', async (c) => {
  const count = 1100; // more than the descriptors that a process usually may have
  const script =
    `trap : TERM; i=0; while [ $i -lt ${count} ]; do sleep 100000 & i=$((i+1)); done; while :; do wait; sleep 1; done`;
  const { id } = await c.started(c.command(['sh', '-c', script]));
  const processes = async (): Promise<number[]> =>
    JSON.parse((await c.rt(['ps', '--format', 'json', id])).stdout) as number[];
  const wait = async (done: (found: number[]) => boolean): Promise<void> => {
    const end = Date.now() + 20_000 * timeScale;
    for (let found: number[] | undefined; found === undefined || !done(found); await sleep(50)) {
      assert.ok(Date.now() < end, `${found?.length} processes`);
      found = await processes();
    }
  };
  // A child of the shell has its trap until it has become another program.
  await wait((found) => found.length >= count && found.filter((pid) => !catchesTerm(pid)).length >= count);
  assert.equal((await c.rt(['kill', '--all', id, 'TERM'])).code, 0);
  // The shell, and what it waits with.
  await wait((found) => found.length <= 2);
});

test('kill takes signals as number, name and short name in any case', async (c) => {
  for (const signal of ['15', 'SIGTERM', 'TERM', 'term']) {
    const { id, pid } = await c.started(c.command(pause));
    await untilCatches(pid);
    const killed = await c.rt(['kill', id, signal]);
    assert.equal(killed.code, 0, `${signal}: ${killed.stderr}`);
    await c.until(id, 'stopped');
    await c.destroy(id);
  }
}, { peers: [{ peer: 'crun 1.8.1', why: 'does not take lower case' }] });

test('kill without a signal sends TERM', async (c) => {
  const { id, pid } = await c.started(c.command(['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done']));
  await untilCatches(pid);
  assert.equal((await c.rt(['kill', id])).code, 0);
  await c.until(id, 'stopped');
});

for (const signal of ['NOSUCH', '99', '-1', '9x', '']) {
  test(`kill refuses the signal "${signal}"`, async (c) => {
    const { id } = await c.started(c.command(pause));
    assert.notEqual((await c.rt(['kill', id, signal])).code, 0);
    assert.equal((await c.state(id))['status'], 'running');
  }, { peers: [
    ...(/^[-\d]+$/.test(signal) ? [] : [{ peer: 'crun 1.8.1', why: 'takes what it does not know for signal 0' }]),
    ...(signal ? [] : [{ peer: 'runc 1.1.5', why: 'takes it for the default' }]),
  ] });
}

test('list shows table, ids and JSON', async (c) => {
  const { id, pid } = await c.started(c.command(pause));
  const table = await c.rt(['list']);
  assert.match(table.stdout.split('\n')[0] ?? '', /PID +STATUS +BUNDLE.* +CREATED +OWNER/);
  assert.match(table.stdout, new RegExp(`${id} +${pid} +running`));
  assert.equal((await c.rt(['list', '-q'])).stdout, `${id}\n`);
  const [entry] = JSON.parse((await c.rt(['list', '--format', 'json'])).stdout);
  assert.equal(entry.id, id);
  assert.equal(entry.pid, pid);
  assert.equal(entry.status, 'running');
});

test('list of nothing succeeds', async (c) => {
  assert.equal((await c.rt(['list', '-q'])).stdout, '');
  const json = await c.rt(['list', '-f', 'json']);
  assert.equal(json.code, 0);
  assert.ok([null, '[]'].includes(JSON.parse(json.stdout) === null ? null : JSON.stringify(JSON.parse(json.stdout))));
});

test('annotations are in the state', async (c) => {
  const bundle = c.command(pause, (config) => {
    config.annotations = { 'org.example.a': 'b "c"\n', e: '' };
  });
  const { id } = await c.create(bundle);
  assert.deepEqual((await c.state(id))['annotations'], { 'org.example.a': 'b "c"\n', e: '' });
});

test('--version names the runtime, its commit and the version of the spec', async (c) => {
  const { stdout, code } = await c.rt(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^\S+ version \d/);
  assert.match(stdout, /^commit: \S+$/m);
  assert.match(stdout, /^spec: 1\.\d/m);
  assert.equal(stdout.split('\n').filter((line) => line.includes('version')).length, 1);
});

test('an unknown command and an unknown flag are errors', async (c) => {
  for (const args of [['no-such-command'], ['--no-such-flag', 'list'], ['list', '--no-such-flag']]) {
    const result = await c.rt(args);
    assert.notEqual(result.code, 0, args.join(' '));
    assert.notEqual(result.stderr, '');
  }
});

test('an error is one line, whatever is in it', async (c) => {
  const forged = 'x\nerror: E0000: forged';
  const config = c.command(['true'], (it) => {
    it.mounts.push({ destination: '/tmp', type: 'bind', source: '/tmp', options: ['rbind', forged] });
  });
  for (const args of [['state', forged], ['list', '--format', forged], ['run', '--bundle', config.dir, c.id()], [
    '--no-such-flag',
    'list',
  ]]) {
    const result = await c.rt(args);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /^error: .+\n$/);
  }
}, { only: 'veloci' });

test('a switch may be given again and again', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  assert.equal((await c.rt(['list', `-${'q'.repeat(500)}`])).stdout, `${id}\n`);
  assert.equal((await c.rt(['list', '--quiet', '--quiet=false'])).stdout.split('\n')[0]?.slice(0, 2), 'ID');
}, { only: 'veloci' });

test('checkpoint --help exits with 0 or 1, and help names every verb', async (c) => {
  const help = await c.rt(['--help']);
  assert.equal(help.code, 0);
  for (const verb of ['create', 'start', 'state', 'kill', 'delete', 'run', 'exec', 'list', 'spec']) {
    assert.match(help.stdout, new RegExp(`\\b${verb}\\b`));
  }
});

test('spec writes a config that runs, and does not overwrite', async (c) => {
  const bundle = c.command(['true']);
  const dir = c.dir();
  const written = await c.rt(['spec', '--bundle', dir]);
  assert.equal(written.code, 0, written.stderr);
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
  config.process.terminal = false;
  config.process.args = ['/probe', 'exit', '4'];
  bundle.write(JSON.stringify(config));
  const result = await c.run(bundle, { raw: true });
  assert.equal(result.code, 4, result.stderr);
  const again = await c.rt(['spec', '--bundle', dir]);
  assert.notEqual(again.code, 0);
});

test('features prints JSON with a linux object', async (c) => {
  const result = await c.rt(['features']);
  assert.equal(result.code, 0);
  const features = JSON.parse(result.stdout);
  assert.ok(features.linux.namespaces.includes('pid'));
  assert.ok(features.mountOptions.includes('ro'));
  assert.ok(features.hooks.includes('createRuntime'));
}, { peers: [{ peer: 'crun 1.8.1', why: 'has no such command' }] });
