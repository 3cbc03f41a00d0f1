// SCMP_ACT_NOTIFY: the listener and the container process state on listenerPath; ENOSYS for newer calls; other flags,
// actions and architectures; filters in annotations.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import type { Call } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

interface ReceivedState {
  fds: number;
  closed: boolean;
  state: { ociVersion: string; fds: string[]; pid: number; metadata?: string; state: Record<string, unknown> };
}

/** Starts an agent; `lines` are what it has said so far. */
async function agent(c: Context, value: number): Promise<{ path: string; call: Call; lines(): string[] }> {
  const dir = c.dir();
  const path = join(dir, 'listener.sock');
  const out = join(dir, 'said');
  const call = c.beginProgram(['sh', '-c', `exec "$0" "$1" "$2" > ${out}`, program('agent'), path, String(value)]);
  const lines = (): string[] => (existsSync(out) ? readFileSync(out, 'utf8').split('\n') : []);
  for (let i = 0; i < 500 && lines()[0] !== 'ready'; i++) await sleep(10);
  return { path, call, lines };
}

const notify = (listenerPath: string, extra: object = {}, names = ['getpriority']) => (config: Config): void => {
  config.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    listenerPath,
    listenerMetadata: 'meta "data"',
    syscalls: [{ names, action: 'SCMP_ACT_NOTIFY' }],
    ...extra,
  };
  config.annotations = { a: 'b' };
};

const parseStates = (lines: string[]): ReceivedState[] =>
  lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as ReceivedState);

const oldPeers = [{ peer: 'runc 1.1.5', why: 'it keeps the connection open, or names no status' }];

for (const noNewPrivileges of [true, false]) {
  test(`NOTIFY: the agent decides, and was told who asks (noNewPrivileges ${noNewPrivileges})`, async (c) => {
    const { path, lines } = await agent(c, 42);
    const created = await c.create(c.command(['/probe', 'syscall', '140', '0', '0'], (config) => {
      notify(path)(config);
      config.process.noNewPrivileges = noNewPrivileges;
    }));
    assert.equal(created.code, 0, created.stderr);
    assert.equal((await c.rt(['start', created.id])).code, 0);
    await c.until(created.id, 'stopped');
    assert.equal(created.output().trim(), '42 0');
    const [state, ...more] = parseStates(lines());
    assert.equal(more.length, 0);
    assert.equal(state?.fds, 1);
    assert.equal(state?.closed, true, 'the connection is closed after one message');
    assert.deepEqual(state?.state.fds, ['seccompFd']);
    assert.equal(state?.state.pid, created.pid);
    assert.equal(state?.state.metadata, 'meta "data"');
    assert.equal(state?.state.state['id'], created.id);
    assert.equal(state?.state.state['status'], 'creating');
    assert.equal(state?.state.state['pid'], created.pid);
    assert.deepEqual(state?.state.state['annotations'], { a: 'b' });
    assert.ok(lines().includes('call 140'));
  }, { peers: oldPeers });
}

test('NOTIFY: the agent may refuse with an errno', async (c) => {
  const { path } = await agent(c, -77);
  const result = await c.run(c.command(['/probe', 'syscall', '140', '0', '0'], notify(path)));
  assert.equal(result.stdout.trim(), '-1 77', result.stderr);
}, { peers: oldPeers });

test('NOTIFY: for write and sendmsg, too: the listener is on its way before they are needed', async (c) => {
  const { path, lines } = await agent(c, 0);
  const result = await c.run(c.command(['/probe', 'exit', '0'], notify(path, {}, ['write', 'futex'])));
  assert.equal(result.code, 0, result.stderr);
  assert.equal(parseStates(lines()).length, 1);
}, { only: 'veloci' });

test('NOTIFY: exec sends a listener of its own, for its own pid', async (c) => {
  const { path, lines } = await agent(c, 9);
  const created = await c.started(c.command(['/probe', 'pause'], notify(path)));
  const result = await c.rt(['exec', created.id, '/probe', 'syscall', '140', '0', '0']);
  assert.equal(result.stdout.trim(), '9 0', result.stderr);
  const [, second] = parseStates(lines());
  assert.equal(second?.state.state['status'], 'running');
  assert.equal(second?.state.state['pid'], created.pid);
  assert.notEqual(second?.state.pid, created.pid);
  assert.ok((second?.state.pid ?? 0) > 1);
}, { peers: oldPeers });

test('NOTIFY: WAIT_KILLABLE_RECV, TSYNC and LOG are taken with it', async (c) => {
  const { path } = await agent(c, 5);
  const flags = ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 'SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG'];
  const result = await c.run(c.command(['/probe', 'syscall', '140', '0', '0'], notify(path, { flags })));
  assert.equal(result.stdout.trim(), '5 0', result.stderr);
}, { peers: [...oldPeers, { peer: 'crun 1.8.1', why: 'it does not know WAIT_KILLABLE_RECV' }] });

test('NOTIFY: without an agent, without listenerPath, or as the default action create fails', async (c) => {
  for (const change of [
    notify('/nowhere/listener.sock'),
    notify('', { listenerPath: undefined, listenerMetadata: undefined }),
    notify('/tmp/x', { defaultAction: 'SCMP_ACT_NOTIFY' }),
  ]) {
    const result = await c.create(c.command(['/probe'], change));
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /listener|SCMP_ACT_NOTIFY|default/i);
    await c.destroy(result.id).catch(() => undefined);
  }
}, { peers: [{ peer: 'crun', why: 'its message names the error alone' }, ...oldPeers] });

test('flags: each is taken', async (c) => {
  for (const flag of ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV']) {
    const facts = await c.probe((config) => {
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        flags: [`SECCOMP_FILTER_FLAG_${flag}`],
        syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }],
      };
    });
    assert.equal(facts.status['Seccomp'], '2', flag);
  }
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'it does not know WAIT_KILLABLE_RECV' }, { peer: 'runc 1.1.5',
    why: 'it does not know WAIT_KILLABLE_RECV' }],
});

/** A profile that allows everything that it knows up to openat2 (437) and denies the rest. */
function oldProfile(rest: object = {}): (config: Config) => void {
  return (config) => {
    const docker = JSON.parse(readFileSync(join(process.cwd(), 'schema/docker-seccomp.json'), 'utf8')) as {
      syscalls: { names: string[] }[];
    };
    const newer = ['openat2', 'pidfd_getfd', 'faccessat2', 'process_madvise', 'epoll_pwait2', 'mount_setattr',
      'quotactl_fd', 'landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self', 'memfd_secret',
      'process_mrelease', 'futex_waitv', 'set_mempolicy_home_node', 'cachestat', 'fchmodat2', 'map_shadow_stack',
      'futex_wake', 'futex_wait', 'futex_requeue', 'close_range'];
    for (const rule of docker.syscalls)
      rule.names = rule.names.filter((name) => !newer.includes(name) && name !== 'getpriority');
    docker.syscalls = docker.syscalls.filter(({ names }) => names.length > 0);
    config.linux.seccomp = { ...docker, ...rest };
  };
}

test('calls newer than the profile return ENOSYS, older ones that it does not name EPERM', async (c) => {
  const call = async (number: number, change: (config: Config) => void): Promise<string> =>
    (await c.run(c.command(['/probe', 'syscall', String(number)], change))).stdout.trim();
  assert.equal(await call(140, oldProfile()), '-1 1');
  assert.equal(await call(451, oldProfile()), '-1 38');
  assert.equal(await call(600, oldProfile()), '-1 38');
  assert.equal(await call(451, oldProfile({ defaultErrnoRet: 38 })), '-1 38');
}, { peers: [{ peer: 'crun', why: 'it has no such rule' }] });

test('every architecture of the specification is accepted', async (c) => {
  const names = ['X86_64', 'X86', 'X32', 'ARM', 'AARCH64', 'LOONGARCH64', 'M68K', 'MIPS', 'MIPS64', 'MIPS64N32',
    'MIPSEL', 'MIPSEL64', 'MIPSEL64N32', 'PPC', 'PPC64', 'PPC64LE', 'S390', 'S390X', 'SH', 'SHEB', 'PARISC', 'PARISC64',
    'RISCV64'];
  const { status } = await c.probe((config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: names.map((name) => `SCMP_ARCH_${name}`),
      syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }],
    };
  });
  assert.equal(status['Seccomp'], '2');
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'its libseccomp knows less' }, { peer: 'runc 1.1.5',
    why: 'its libseccomp knows less' }],
});

/** struct sock_filter: code, jt, jf, k. */
const instruction = (code: number, jt: number, jf: number, k: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(jt, 2);
  bytes.writeUInt8(jf, 3);
  bytes.writeUInt32LE(k >>> 0, 4);
  return bytes;
};

test('run.oci.seccomp_bpf_data: the filter is the given program', async (c) => {
  const bpf = Buffer.concat([instruction(0x20, 0, 0, 0), instruction(0x15, 0, 1, 140),
    instruction(6, 0, 0, 0x00050000 | 99), instruction(6, 0, 0, 0x7fff0000)]);
  const change = (text: string) => (config: Config): void => {
    config.annotations = { 'run.oci.seccomp_bpf_data': text };
  };
  const result = await c.run(c.command(['/probe', 'syscall', '140', '0', '0'], change(bpf.toString('base64'))));
  assert.equal(result.stdout.trim(), '-1 99', result.stderr);
  for (const text of ['%%%', bpf.subarray(0, 7).toString('base64')]) {
    assert.match((await c.run(c.command(['/probe'], change(text)))).stderr, /run\.oci\.seccomp_bpf_data/);
  }
}, { only: 'veloci' });

test('run.oci.seccomp_fail_unknown_syscall: an unknown name is an error, else it is left out', async (c) => {
  const change = (value?: string) => (config: Config): void => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['no_such_call'], action: 'SCMP_ACT_ERRNO' }] };
    if (value) config.annotations = { 'run.oci.seccomp_fail_unknown_syscall': value };
  };
  assert.equal((await c.run(c.command(['/probe'], change()))).code, 0);
  const result = await c.run(c.command(['/probe'], change('1')));
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /no_such_call/);
}, { peers: [{ peer: 'runc', why: "the annotation is crun's" }] });
