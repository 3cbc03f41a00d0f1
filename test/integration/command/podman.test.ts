// podman through the runtime under test: run, output, exit codes, exec, terminals, stop, rm, logs, inspect.
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { onTerminal } from '../../support/console.ts';
import { processes } from '../../support/leak.ts';
import { runtimePath, which } from '../../support/paths.ts';
import { Podman } from '../../support/engines/podman.ts';
import { call, type Result } from '../../support/runtime.ts';

const skip = which('podman') ? false : 'podman is not installed';
let cached: Podman | undefined;

/** The storage is made once, inside the sandbox. */
function podman(): Podman {
  if (!cached) {
    cached = new Podman('/tmp/podman');
    cached.importImage(runtimePath());
  }
  return cached;
}

const run = (...args: string[]): Promise<Result> =>
  call(podman().command(runtimePath(), args), { env: podman().env, timeLimit: 60_000 });
const container = (...args: string[]): Promise<Result> =>
  run('run', ...podman().runFlags, ...args.slice(0, -1), podman().image, ...(args.at(-1) ?? '').split(' '));

const story = (name: string, body: () => Promise<void>): void => {
  test(`podman: ${name}`, async () => {
    await body();
    await run('rm', '--all', '--force', '--time', '0');
    const remaining = (): string[] => [...processes().values()].filter((line) => /conmon|\/probe/.test(line));
    for (let i = 0; i < 200 && remaining().length > 0; i++) await sleep(10);
    assert.deepEqual(remaining(), [], 'processes are left');
  }, { skip, leaks: 'ignore' });
};

story('run --rm: output and exit code', async () => {
  const result = await container('--rm', 'echo hello world');
  assert.equal(result.stdout, 'hello world\n', result.stderr);
  assert.equal(result.code, 0);
  assert.equal((await container('--rm', '/probe exit 42')).code, 42);
});

story('run of a program that does not exist exits with 127, of one that cannot be run with 126', async () => {
  const missing = await container('--rm', 'no-such-program');
  assert.equal(missing.code, 127, missing.stderr);
  assert.equal((await container('--rm', '/bin/not-executable')).code, 126);
});

story('run -i reads stdin', async () => {
  const command = podman().command(runtimePath(), ['run', '--rm', '-i', ...podman().runFlags, podman().image, 'cat']);
  const result = await call(command, { env: podman().env, input: 'through a pipe', timeLimit: 60_000 });
  assert.equal(result.stdout, 'through a pipe', result.stderr);
});

story('run -it: a shell on a terminal', async () => {
  const talk = onTerminal(['env', ...Object.entries(podman().env).map(([key, text]) => `${key}=${text}`),
    ...podman().command(runtimePath(), ['run', '--rm', '-it', ...podman().runFlags, podman().image, 'sh'])], 31, 97);
  await talk.expect(/# /);
  talk.send('echo "pid $$"; tty; stty size\r');
  await talk.expect(/pid 1\r\n\/dev\/pts\/0\r\n31 97/);
  talk.send('exit 6\r');
  assert.equal(await talk.exit, 6);
});

story('exec: output, exit code, env, user, terminal', async () => {
  const started = await container('--detach', '--name', 'long', '/probe pause');
  assert.equal(started.code, 0, started.stderr);
  assert.equal((await run('exec', '-e', 'A=b', '-u', '1000', 'long', 'sh', '-c', 'echo $A $(id -u)')).stdout,
    'b 1000\n');
  assert.equal((await run('exec', 'long', '/probe', 'exit', '9')).code, 9);
  assert.equal((await run('exec', 'long', 'no-such-program')).code, 127);
  const talk = onTerminal(['env', ...Object.entries(podman().env).map(([key, text]) => `${key}=${text}`),
    ...podman().command(runtimePath(), ['exec', '-it', 'long', 'sh'])]);
  await talk.expect(/# /);
  talk.send('tty; exit 3\r');
  assert.equal(await talk.exit, 3, talk.output);
  assert.match(talk.output, /\/dev\/pts\/\d/);
});

story('stop, logs, inspect, start again, rm', async () => {
  await container('--detach', '--name', 'two', '/probe pause');
  assert.equal((await run('inspect', '--format', '{{.State.Status}} {{.State.Running}}', 'two')).stdout,
    'running true\n');
  const stopped = await run('stop', 'two');
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.ok(stopped.ms < 9000, 'TERM was enough');
  assert.equal((await run('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'two')).stdout,
    'exited 143\n');
  const again = await run('start', 'two');
  assert.equal(again.code, 0, again.stderr);
  assert.equal((await run('kill', 'two')).code, 0);
  await run('wait', 'two');
  assert.equal((await run('rm', 'two')).code, 0);
  await container('--name', 'three', 'echo logged');
  assert.equal((await run('logs', 'three')).stdout, 'logged\n');
});

story('limits, volumes, read-only root, capabilities, user', async () => {
  const limited = await container('--rm', '--memory', '64m', '--pids-limit', '50', '--read-only', '--cap-drop', 'all',
    '--user', '1000:1000', '--volume', '/etc:/data:ro', '/probe');
  assert.equal(limited.code, 0, limited.stderr);
  const facts = JSON.parse(limited.stdout);
  assert.equal(facts.status.CapEff, '0000000000000000');
  assert.deepEqual(facts.uid, [1000, 1000, 1000]);
  assert.ok(facts.mounts.some((line: string) => line.split(' ')[4] === '/data' && /\bro\b/.test(line)));
  assert.deepEqual(Object.keys(facts.fds).sort(), ['0', '1', '2'], 'the pipes of conmon stay outside');
});

story('twenty runs at once', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => container('--rm', `echo ${i}`)));
  assert.deepEqual(results.filter(({ code }) => code !== 0).map(({ stderr }) => stderr), []);
  assert.deepEqual(results.map(({ stdout }) => stdout.trim()), Array.from({ length: 20 }, (_, i) => String(i)));
});
