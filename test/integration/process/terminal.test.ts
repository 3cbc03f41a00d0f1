// Terminals: run -t by hand, the console socket, exec -t, window size.
import { assert, test } from '../../support/case.ts';
import { onTerminal, receiveConsole, type Talk } from '../../support/console.ts';
import type { Context } from '../../support/context.ts';
import type { Facts } from '../../support/facts.ts';
import { processes } from '../../support/leak.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const terminal = (config: Config): void => {
  config.process.terminal = true;
};
const command = (c: Context, ...args: string[]): string[] => [runtimePath(), '--root', c.root, ...args];

/** A bundle on a terminal whose config has its own cgroup. */
const prepared = (
  c: Context,
  args: string[],
  change: (config: Config) => void = () => {},
): { dir: string; id: string } => {
  const id = c.id();
  const { dir } = c.command(args, (config) => {
    terminal(config);
    config.linux.cgroupsPath = `/${id}`;
    change(config);
  });
  return { dir, id };
};

test('run on a terminal: a shell by hand', async (c) => {
  const { dir, id } = prepared(c, ['sh']);
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id), 33, 99);
  c.later(() => talk.kill());
  await talk.expect(/# /);
  talk.send('echo "pid $$ tty $(tty)"; stty size\r');
  await talk.expect(/pid 1 tty \/dev\/pts\/0\r\n33 99\r\n/);
  talk.send('exit 21\r');
  assert.equal(await talk.exit, 21);
  await c.nothingLeft();
}, { peers: [{ peer: 'crun 1.8.1', why: 'does not set the size at the start' }] });

test('the terminal belongs to the container: pts, console, controlling terminal, owner', async (c) => {
  const { dir, id } = prepared(c, ['sh', '-c', 'stat -c "%u %t:%T" /dev/pts/0; /probe'], (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  });
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id));
  c.later(() => talk.kill());
  assert.equal(await talk.exit, 0, talk.output);
  assert.match(talk.output, /1000 88:0/);
  const facts = JSON.parse(talk.output.slice(talk.output.indexOf('{'))) as Facts;
  assert.deepEqual(facts.tty, [1, 1, 1]);
  assert.equal(facts.fds['0'], '/dev/pts/0');
  assert.equal(facts.console, 'c 136:0');
});

test('^C reaches the payload as a signal', async (c) => {
  const { dir, id } = prepared(c, ['sh', '-c',
    'trap "echo interrupted; exit 9" INT; echo up; while :; do sleep 0.05; done']);
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id));
  c.later(() => talk.kill());
  await talk.expect(/up/);
  talk.send('\x03');
  assert.equal(await talk.exit, 9);
  assert.match(talk.output, /interrupted/);
});

test("the payload has the size of the caller's terminal from its first moment", async (c) => {
  const { dir, id } = prepared(c, ['stty', 'size']);
  for (let i = 0; i < 10; i++) {
    const talk = onTerminal(command(c, 'run', '--bundle', dir, id), 33, 99);
    c.later(() => talk.kill());
    assert.equal(await talk.exit, 0, talk.output);
    assert.match(talk.output, /33 99/);
  }
}, { peers: [{ peer: 'crun 1.8.1', why: 'does not set the size at the start' }] });

test('a change of the size reaches the payload', async (c) => {
  const { dir, id } = prepared(c, ['sh', '-c',
    'trap "stty size; exit 0" WINCH; echo up; while :; do sleep 0.05; done']);
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id), 33, 99);
  c.later(() => talk.kill());
  await talk.expect(/up/);
  talk.child.kill('SIGUSR1');
  assert.equal(await talk.exit, 0);
  assert.match(talk.output, /99 33/);
});

for (const [what, end] of [
  ['the payload leaves', async (_: Context, __: string, talk: Talk) => {
    talk.send('\x03');
  }],
  ['the payload is killed', async (c: Context, id: string) => {
    await c.rt(['kill', id, 'KILL']);
  }],
  ['the container is deleted by force', async (c: Context, id: string) => {
    await c.rt(['delete', '--force', id]);
  }],
  ['the runtime gets SIGHUP, which ends the payload', async (_: Context, id: string) => {
    const [pid] = [...processes()].find(([, line]) => line.includes(` ${id} `) && !line.includes('ptyrun')) ?? [];
    process.kill(pid as number, 'SIGHUP');
  }],
] as const) {
  test(`the terminal is as before after ${what}`, async (c) => {
    const { dir, id } = prepared(c, ['sh', '-c', 'trap "exit 3" HUP INT; echo up; while :; do sleep 0.05; done']);
    const talk = onTerminal(command(c, 'run', '--bundle', dir, id));
    c.later(() => talk.kill());
    await talk.expect(/up/);
    talk.child.kill('SIGUSR1');
    await talk.expect(/raw\n/, 'errors');
    await end(c, id, talk);
    await talk.exit;
    assert.match(talk.errors, /raw\n.*cooked\n$/s);
  });
}

test('the terminal is as before after an error', async (c) => {
  const { dir, id } = prepared(c, ['/none']);
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id));
  assert.equal(await talk.exit, 1);
  assert.match(talk.errors, /cooked\n$/);
});

test('a reader that is slow at the end gets everything', async (c) => {
  const { dir, id } = prepared(c, ['sh', '-c', 'seq 100000 130000; echo last']);
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id));
  c.later(() => talk.kill());
  talk.child.stdout?.pause();
  await sleep(3000);
  talk.child.stdout?.resume();
  assert.equal(await talk.exit, 0);
  assert.equal(talk.output.match(/^1\d{5}\r$/gm)?.length, 30_001);
  assert.match(talk.output, /130000\r\nlast\r\n$/);
}, { peers: [{ peer: 'crun 1.8.1', why: 'drops what it has not written yet' }] });

test('a reader that has stopped does not keep a signal from the payload', async (c) => {
  const { dir, id } = prepared(c, ['sh', '-c',
    'trap "exit 7" TERM; (while :; do echo line; done) & while :; do sleep 0.05; done']);
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id));
  c.later(() => talk.kill());
  talk.child.stdout?.pause();
  await sleep(1000 * timeScale);
  const [pid] = [...processes()].find(([, line]) => line.includes(` ${id} `) && !line.includes('ptyrun')) ?? [];
  process.kill(pid as number, 'SIGTERM');
  // It is gone at once where a busy machine has not let it write as much as the terminal and the pipe hold.
  const isOver = async (): Promise<boolean> => {
    const { code, stdout } = await c.rt(['state', id]);
    return code !== 0 || /"stopped"/.test(stdout);
  };
  for (const end = Date.now() + 10_000 * timeScale; !await isOver(); await sleep(10))
    assert.ok(Date.now() < end, 'the signal does not reach it');
  talk.child.stdout?.resume();
  assert.equal(await talk.exit, 7);
});

test('consoleSize sets the size', async (c) => {
  const { dir, id } = prepared(c, ['stty', 'size'], (config) => {
    config.process.consoleSize = { height: 17, width: 71 };
  });
  const { path, talk } = await receiveConsole(c.dir());
  c.later(() => talk.kill());
  const created = await c.rt(['create', '--bundle', dir, '--console-socket', path, id]);
  assert.equal(created.code, 0, created.stderr);
  await c.rt(['start', id]);
  await talk.expect(/17 71/);
});

test('run on a terminal that does not know its size: consoleSize counts', async (c) => {
  const { dir, id } = prepared(c, ['stty', 'size'], (config) => {
    config.process.consoleSize = { height: 17, width: 71 };
  });
  const talk = onTerminal(command(c, 'run', '--bundle', dir, id), 0, 0);
  c.later(() => talk.kill());
  assert.equal(await talk.exit, 0, talk.output);
  assert.match(talk.output, /17 71/);
}, { peers: [{ peer: 'runc 1.1.5', why: 'sets it to zero' }] });

test('the console socket gets one message with one terminal', async (c) => {
  const { dir, id } = prepared(c, ['sh']);
  const { path, talk } = await receiveConsole(c.dir());
  c.later(() => talk.kill());
  const created = await c.rt(['create', '--bundle', dir, '--console-socket', path, id]);
  assert.equal(created.code, 0, created.stderr);
  await talk.expect(/"fds":1,"tty":1/, 'errors');
  assert.equal((await c.rt(['start', id])).code, 0);
  talk.send('echo $((6*7)); tty\r');
  await talk.expect(/42\r\n\/dev\/pts\/0/);
  talk.send('exit\r');
  assert.equal(await talk.exit, 0);
  await c.until(id, 'stopped');
});

test('exec --tty on a terminal, and with a console socket', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const talk = onTerminal(command(c, 'exec', '--tty', id, 'sh', '-c', 'tty; exit 4'));
  c.later(() => talk.kill());
  assert.equal(await talk.exit, 4, talk.output);
  assert.match(talk.output, /\/dev\/pts\/\d/);

  const file = join(c.dir(), 'process.json');
  writeFileSync(file,
    JSON.stringify({ terminal: true, user: { uid: 0, gid: 0 }, args: ['sh', '-c', 'tty; cat'], cwd: '/',
      env: ['PATH=/bin'] }));
  const { path, talk: receiver } = await receiveConsole(c.dir());
  c.later(() => receiver.kill());
  const detached = await c.rt(['exec', '--process', file, '--tty', '--console-socket', path, '--detach', '--pid-file',
    join(c.dir(), 'pid'), id]);
  assert.equal(detached.code, 0, detached.stderr);
  await receiver.expect(/\/dev\/pts\/\d/);
});

test('the receiver of the console socket of an exec decides about its line ends', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const file = join(c.dir(), 'process.json');
  writeFileSync(
    file,
    JSON.stringify({ terminal: true, user: { uid: 0, gid: 0 }, args: ['sh', '-c', 'echo a; echo b'], cwd: '/' }),
  );
  const { path, talk } = await receiveConsole(c.dir());
  c.later(() => talk.kill());
  const detached = await c.rt(['exec', '--process', file, '--console-socket', path, '--detach', id]);
  assert.equal(detached.code, 0, detached.stderr);
  assert.equal(await talk.exit, 0);
  assert.equal(talk.output, 'a\r\nb\r\n');
});

test("the payload of an exec has the size of the caller's terminal from its first moment", async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  for (let i = 0; i < 10; i++) {
    const talk = onTerminal(command(c, 'exec', '--tty', id, 'stty', 'size'), 33, 99);
    c.later(() => talk.kill());
    assert.equal(await talk.exit, 0, talk.output);
    assert.match(talk.output, /33 99/);
  }
}, { peers: [{ peer: 'crun 1.8.1', why: 'does not set the size at the start' }] });

for (
  const [what, args, input, expected] of [
    ['a shell', ['sh'], '', /#/],
    ['a shell that is given a line', ['sh'], 'echo $((6*7))\n', /^42\r?$/m],
    ['a line without its end', ['cat'], 'no end', /no end/],
    ['a reader that comes late', ['sh', '-c', 'sleep 0.3; stty raw; stty sane; cat; echo over'], '', /over/],
  ] as const
) {
  for (const verb of ['run', 'exec'] as const) {
    test(`${verb} on a terminal, with an input that is none and ends: ${what}`, async (c) => {
      const options = { input, timeLimit: 8000 };
      const { id } = verb === 'exec' ? await c.started(c.command(['/probe', 'pause'])) : { id: '' };
      const result = verb === 'exec'
        ? await c.rt(['exec', '--tty', id, ...args], options)
        : await c.run(c.command([...args], terminal), options);
      assert.equal(result.timedOut, false, `it hangs: ${result.stdout}`);
      assert.equal(result.code, 0, result.stderr);
      assert.match(result.stdout, expected);
    }, { only: 'veloci' });
  }
}

test('run of the configuration that spec writes, without a terminal', async (c) => {
  const { dir } = c.bundle();
  for (const input of ['', 'exit 3\n']) {
    const id = c.id();
    execFileSync('rm', ['-f', join(dir, 'config.json')]);
    assert.equal((await c.rt(['spec', '--bundle', dir])).code, 0);
    const result = await c.rt(['run', '--bundle', dir, id], { input, timeLimit: 8000 });
    assert.equal(result.timedOut, false, `it hangs: ${result.stdout}`);
    assert.equal(result.code, input === '' ? 0 : 3, result.stderr);
  }
}, { only: 'veloci' });

test('a console socket with a long path works', async (c) => {
  const { dir, id } = prepared(c, ['tty']);
  const long = join(c.dir(), 'x'.repeat(100));
  (await import('node:fs')).mkdirSync(long);
  const { path, talk } = await receiveConsole(c.dir());
  c.later(() => talk.kill());
  (await import('node:fs')).linkSync(path, join(long, 'console.sock'));
  const created = await c.rt(['create', '--bundle', dir, '--console-socket', join(long, 'console.sock'), id]);
  assert.equal(created.code, 0, created.stderr);
  await talk.expect(/"fds":1/, 'errors');
}, { peers: [{ peer: 'runc 1.1.5', why: 'a path above 107 bytes is an error' }] });

for (const [what, flags, change] of [
  ['a terminal without a console socket', [], terminal],
  ['a console socket without a terminal', ['--console-socket', '/tmp/none'], () => {}],
  ['a console socket that does not exist', ['--console-socket', '/tmp/none'], terminal],
  ['a console socket that is a file', ['--console-socket', '/etc/hostname'], terminal],
] as const) {
  test(`create with ${what} is refused`, async (c) => {
    const created = await c.create(c.command(['true'], change), { flags: [...flags] });
    assert.equal(created.code, 1);
    assert.notEqual(created.stderr, '');
    await c.nothingLeft();
  });
}

test('a payload without a terminal has none', async (c) => {
  const facts = await c.probe();
  assert.deepEqual(facts.tty, [0, 0, 0]);
});
