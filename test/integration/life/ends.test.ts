// What is said of a container that the kernel has ended for the sake of its configuration: run, exec, wait and events.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context } from '../../support/context.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;
const limit = 16 << 20;
/** Takes memory without end. */
const hungry = 'tail /dev/zero';

function limited(config: Config): void {
  config.linux.resources = { ...config.linux.resources, memory: { limit, swap: limit } };
}

function filtered(config: Config): void {
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: ['acct'], action: 'SCMP_ACT_ERRNO' },
      { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' },
    ],
  };
}

/** Where a value stands: `config.json:LINE:COLUMN (POINTER)`. */
function place(bundle: Bundle, value: string, pointer: string): string {
  const lines = readFileSync(join(bundle.dir, 'config.json'), 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes(value));
  return `config.json:${line + 1}:${(lines[line] as string).lastIndexOf(value) + 1} (${pointer})`;
}
const memoryPlace = (bundle: Bundle): string => place(bundle, String(limit), '/linux/resources/memory/limit');
const seccompPlace = (bundle: Bundle): string =>
  place(bundle, '"SCMP_ACT_KILL_PROCESS"', '/linux/seccomp/syscalls/1/action');

test('run: the program itself, or a child of its shell, ran out of memory', async (c) => {
  for (const script of [`exec ${hungry}`, `${hungry}; exit $?`]) {
    const bundle = c.command(['sh', '-c', script], limited);
    const { code, stderr } = await c.run(bundle);
    assert.equal(code, 137, stderr);
    const warning = stderr.split('\n').find((line) => line.includes('E0643')) ?? stderr;
    assert.ok(
      warning.startsWith('warning: E0643: ') &&
        warning.includes(`at ${memoryPlace(bundle)}: it reached the limit of ${limit} bytes`),
      warning,
    );
  }
}, only);

test('run: a system call that the profile forbids', async (c) => {
  for (const script of ['exec mkdir /tmp/x', 'mkdir /tmp/x; exit $?']) {
    const bundle = c.command(['sh', '-c', script], filtered);
    const { code, stderr } = await c.run(bundle);
    assert.equal(code, 159, stderr);
    assert.ok(
      stderr.includes(`E0644: the process was ended by SIGSYS`) && stderr.includes(`at ${seccompPlace(bundle)}: `),
      stderr,
    );
  }
}, only);

test('nothing is said of other ends, nor with --log-level error, nor to engines', async (c) => {
  const quiet = async (script: string, change: (config: Config) => void, global: string[] = []): Promise<void> => {
    const { stderr } = await c.run(c.command(['sh', '-c', script], change), { global });
    assert.doesNotMatch(stderr, /E064[34]/);
  };
  await quiet('kill -9 $$', limited);
  await quiet('exit 137', limited);
  await quiet('kill -SYS $$', limited);
  await quiet('exit 159', () => {});
  await quiet(`${hungry}; exit 0`, limited);
  await quiet(`exec ${hungry}`, limited, ['--log-level', 'error']);
  await quiet(`exec ${hungry}`, limited, ['--log', join(c.dir(), 'log')]);
}, only);

/** A container that ends as `script` says once it is told to. */
async function waiting(
  c: Context,
  script: string,
  change: (config: Config) => void,
): Promise<{ id: string; bundle: Bundle }> {
  const bundle = c.command(['sh', '-c', `while ! [ -e /go ]; do sleep 0.05; done; ${script}`], (config) => {
    config.root.readonly = false;
    change(config);
  });
  const { id } = await c.started(bundle);
  return { id, bundle };
}
const go = async (c: Context, id: string): Promise<void> => {
  const { code, stderr } = await c.rt(['exec', id, 'touch', '/go']);
  assert.equal(code, 0, stderr);
};

test('exec, wait and events name the limit', async (c) => {
  // One that needs no memory itself while another process takes all that there is.
  const calm = c.command(['/probe', 'pause'], limited);
  const exec = await c.rt(['exec', (await c.started(calm)).id, 'sh', '-c', `exec ${hungry}`]);
  assert.equal(exec.code, 137, exec.stderr);
  assert.ok(exec.stderr.includes('E0643') && exec.stderr.includes(memoryPlace(calm)), exec.stderr);
  const { id, bundle } = await waiting(c, `exec ${hungry}`, limited);
  const wait = c.begin(['wait', id]);
  const events = c.begin(['events', '--interval', '1h', id]);
  await go(c, id);
  const waited = await wait.done;
  assert.ok(waited.stderr.includes('E0643') && waited.stderr.includes(memoryPlace(bundle)), waited.stderr);
  const exit = JSON.parse((await events.done).stdout.trim().split('\n').at(-1) as string);
  assert.equal(exit.type, 'exit');
  const { reason, code, pointer, line } = exit.data;
  assert.deepEqual({ reason, code, pointer }, { reason: 'oom', code: 'E0643',
    pointer: '/linux/resources/memory/limit' });
  assert.ok(line > 0);
}, only);

test('wait and events name the rule of the seccomp profile', async (c) => {
  const { id, bundle } = await waiting(c, 'exec mkdir /tmp/x', filtered);
  const wait = c.begin(['wait', id]);
  const events = c.begin(['events', '--interval', '1h', id]);
  await go(c, id);
  const { stdout, stderr } = await wait.done;
  const { data } = JSON.parse((await events.done).stdout.trim().split('\n').at(-1) as string);
  if (stdout === 'unknown\n') return; // the kernel does not tell the status (before Linux 6.15)
  assert.equal(stdout, '159\n');
  assert.ok(stderr.includes('E0644') && stderr.includes(seccompPlace(bundle)), stderr);
  assert.deepEqual([data.exitStatus, data.reason, data.pointer], [159, 'seccomp', '/linux/seccomp/syscalls/1/action']);
}, only);

test('state keeps the status and the reason, also of what nobody has seen end', async (c) => {
  const { id } = await waiting(c, `exec ${hungry}`, limited);
  await go(c, id);
  await c.until(id, 'stopped');
  assert.equal((await c.state(id))['reason'], 'oom', 'the cgroup tells it');
  const kept = c.id();
  const bundle = c.command(['sh', '-c', 'exec mkdir /tmp/x'], filtered);
  assert.equal((await c.run(bundle, { id: kept, flags: ['--keep'] })).code, 159);
  const { exitStatus, reason } = await c.state(kept);
  assert.deepEqual({ exitStatus, reason }, { exitStatus: 159, reason: 'seccomp' });
  const fine = c.id();
  assert.equal((await c.run(c.command(['true'], limited), { id: fine, flags: ['--keep'] })).code, 0);
  const state = await c.state(fine);
  assert.deepEqual([state['exitStatus'], state['reason']], [0, undefined]);
}, only);
