// Seccomp: what is denied returns its errno, actions, arguments to 64 bits, architectures, order.
import { getPriority } from 'node:os';
import { chmodSync, copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { type Config, dockerConfig, dockerSeccomp } from '../../support/spec.ts';

const profile = (syscalls: unknown[], rest: object = {}) => (config: Config): void => {
  config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64'], syscalls, ...rest };
};

/** [result, errno] of one system call made under a filter. getpriority is 140, personality 135. */
const syscall = async (
  c: Parameters<Parameters<typeof test>[1]>[0],
  change: (config: Config) => void,
  ...args: (string | number)[]
): Promise<string> => {
  const result = await c.run(c.command(['/probe', 'syscall', ...args.map(String)], change));
  assert.equal(result.code, 0, result.stderr);
  return result.stdout.trim();
};

test('a denied syscall returns EPERM, or the errno of the rule, or the default errno', async (c) => {
  const rule = (extra: object): unknown => ({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', ...extra });
  assert.equal(await syscall(c, profile([rule({})]), 140), '-1 1');
  assert.equal(await syscall(c, profile([rule({ errnoRet: 38 })]), 140), '-1 38');
  assert.equal(await syscall(c, profile([rule({ errnoRet: 0 })]), 140), '0 0');
});

for (const uid of [0, 1000]) {
  const calls = ['setgroups', 'setgid', 'setregid', 'setresgid', 'setuid', 'setreuid', 'setresuid'];
  test(`without no_new_privs a filter may deny what makes a user, uid ${uid}`, async (c) => {
    const facts = await c.probe((config) => {
      profile([{ names: calls, action: 'SCMP_ACT_ERRNO' }])(config);
      config.process.noNewPrivileges = false;
      config.process.user = { uid, gid: 1001, additionalGids: [7] };
    });
    assert.deepEqual([facts.uid[0], facts.gid[0], facts.groups.includes(7)], [uid, 1001, true]);
    assert.equal(facts.status['Seccomp'], '2');
    assert.equal(facts.status['NoNewPrivs'], '0');
    const kept = BigInt(`0x${facts.status['CapEff']}`);
    if (uid !== 0) assert.equal(kept >> 21n & 1n, 0n, 'CAP_SYS_ADMIN was there for the filter alone');
  }, {
    peers: [{ peer: 'runc 1.1.5', why: 'loads the filter before' }, { peer: 'crun 1.8.1',
      why: 'loads the filter before all but setgroups' }],
  });
}

test('defaultErrnoRet is for what no rule names', async (c) => {
  const change = (config: Config): void => {
    const docker = dockerSeccomp() as { syscalls: { names: string[] }[]; defaultErrnoRet: number };
    for (const rule of docker.syscalls) rule.names = rule.names.filter((name) => name !== 'getpriority');
    docker.defaultErrnoRet = 77;
    config.linux.seccomp = docker;
  };
  assert.equal(await syscall(c, change, 140), '-1 77');
});

test("Docker's profile: clone3 returns ENOSYS, mount EPERM, getpriority works", async (c) => {
  const change = (config: Config): void => {
    config.linux.seccomp = dockerSeccomp();
  };
  assert.equal(await syscall(c, change, 435), '-1 38');
  assert.equal(await syscall(c, change, 165), '-1 1');
  assert.equal(await syscall(c, change, 140), `${20 - getPriority()} 0`);
});

for (const action of ['SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_KILL', 'SCMP_ACT_TRAP']) {
  test(`ENOSYS for system calls that are newer than the profile; for others that it does not name ${action}`,
    async (c) => {
      const change = (config: Config): void => {
        const docker = dockerSeccomp() as { syscalls: { names: string[] }[]; defaultAction: string;
          defaultErrnoRet?: number };
        for (const rule of docker.syscalls) rule.names = rule.names.filter((name) => name !== 'getpriority');
        docker.defaultAction = action;
        delete docker.defaultErrnoRet;
        config.linux.seccomp = docker;
      };
      assert.equal(await syscall(c, change, 5000), '-1 38');
      if (action === 'SCMP_ACT_ERRNO') assert.equal(await syscall(c, change, 140), '-1 1');
      else assert.equal((await c.run(c.command(['/probe', 'syscall', '140'], change))).code, 128 + 31);
    }, { peers: [{ peer: 'crun 1.8.1', why: 'knows no such rule' }] });
}

test("a config as large as Docker's runs", async (c) => {
  const result = await c.run(c.command(['/probe'], () => {}, { base: dockerConfig }));
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stderr, '', 'names that only other architectures have are none to warn of');
  assert.equal(JSON.parse(result.stdout).status.Seccomp, '2');
});

for (const [op, value, passes, fails] of [
  ['SCMP_CMP_EQ', 5, ['5'], ['4', '0x100000005']],
  ['SCMP_CMP_NE', 5, ['4'], ['5']],
  ['SCMP_CMP_LT', 5, ['4'], ['5', '0x100000000']],
  ['SCMP_CMP_LE', 5, ['5'], ['6', '0x100000001']],
  ['SCMP_CMP_GT', 5, ['6', '0x100000000'], ['5']],
  ['SCMP_CMP_GE', 5, ['5', '0x100000000'], ['4']],
] as const) {
  test(`arguments: ${op} compares 64 bits`, async (c) => {
    const change = profile([{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', errnoRet: 99,
      args: [{ index: 1, value, op }] }]);
    for (const argument of passes) assert.equal(await syscall(c, change, 140, 0, argument), '-1 99', argument);
    for (const argument of fails) assert.notEqual(await syscall(c, change, 140, 0, argument), '-1 99', argument);
  });
}

test('arguments: a masked comparison', async (c) => {
  const change = profile([{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', errnoRet: 99,
    args: [{ index: 1, value: 0xf0, valueTwo: 0x30, op: 'SCMP_CMP_MASKED_EQ' }] }]);
  assert.equal(await syscall(c, change, 140, 0, 0x3f), '-1 99');
  assert.notEqual(await syscall(c, change, 140, 0, 0x4f), '-1 99');
});

test('a value above 2^53 is exact', async (c) => {
  const change = profile([{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', errnoRet: 99,
    args: [{ index: 1, value: 'VALUE', op: 'SCMP_CMP_EQ' }] }]);
  const bundle = c.command(['/probe', 'syscall', '140', '0', '9007199254740993'], change);
  bundle.write(JSON.stringify(bundle.config).replace('"VALUE"', '9007199254740993'));
  assert.equal((await c.run(bundle, { raw: true })).stdout.trim(), '-1 99');
  bundle.config.process.args[4] = '9007199254740992';
  bundle.write(JSON.stringify(bundle.config).replace('"VALUE"', '9007199254740993'));
  assert.notEqual((await c.run(bundle, { raw: true })).stdout.trim(), '-1 99');
}, { leaks: 'ignore' });

test('two rules for one syscall are alternatives', async (c) => {
  const rule = (value: number): unknown => ({ names: ['getpriority'], action: 'SCMP_ACT_ERRNO', errnoRet: 90 + value,
    args: [{ index: 1, value, op: 'SCMP_CMP_EQ' }] });
  const change = profile([rule(7), rule(8)]);
  assert.equal(await syscall(c, change, 140, 0, 7), '-1 97');
  assert.equal(await syscall(c, change, 140, 0, 8), '-1 98');
});

test('KILL ends the process with SIGSYS', async (c) => {
  const result = await c.run(
    c.command(['/probe', 'syscall', '140'], profile([{ names: ['getpriority'], action: 'SCMP_ACT_KILL_PROCESS' }])),
  );
  assert.equal(result.code, 128 + 31);
});

test('architectures: the rules match calls of those in the list; calls of others end the process', async (c) => {
  const getpid = 20; // of i386
  const call = (architectures: string[], syscalls: unknown[]) =>
    c.run(c.command(['/probe', 'i386', `${getpid}`], profile(syscalls, { architectures })));
  const both = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'];
  const allowed = await call(both, []);
  assert.equal(allowed.stdout, '1\n', 'the control: i386 can be called here');
  const denied = await call(both, [{ names: ['getpid'], action: 'SCMP_ACT_ERRNO', errnoRet: 99 }]);
  assert.equal(denied.stdout, '-99\n');
  assert.equal((await call(['SCMP_ARCH_X86_64'], [])).code, 128 + 31);
}, { skip: existsSync('/proc/sys/abi/vsyscall32') ? false : 'this kernel has no system calls of i386' });

test('a syscall of the x32 architecture does not pass a filter for x86-64', async (c) => {
  const result = await c.run(c.command(['/probe', 'x32', '39'], profile([], { defaultAction: 'SCMP_ACT_ALLOW' })));
  assert.ok(result.code === 128 + 31 || Number(result.stdout) < 0, `${result.code} ${result.stdout}`);
});

test('a name that the kernel or this architecture does not know is no error', async (c) => {
  assert.equal(await syscall(c, profile([{ names: ['no_such_call', 'getpriority'], action: 'SCMP_ACT_ERRNO' }]), 140),
    '-1 1');
});

test('a misspelt name is a warning that says what was meant; with an annotation of crun an error', async (c) => {
  const misspelt = profile([{ names: ['chown', 'mkdri'], action: 'SCMP_ACT_ERRNO' }]);
  const bundle = c.command(['/true'], misspelt);
  const place =
    /E0521: unknown system call "mkdri".* \(\/linux\/seccomp\/syscalls\/0\/names\/1\): the nearest known name is "mkdir"/;
  const result = await c.run(bundle);
  assert.equal(result.code, 0);
  assert.match(result.stderr, place);
  assert.match((await c.rt(['validate', '-b', bundle.dir])).stdout, place);
  const refused = await c.run(c.command(['/true'], (config) => {
    misspelt(config);
    config.annotations = { 'run.oci.seccomp_fail_unknown_syscall': '1' };
  }));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr,
    /E0586: unknown system call "mkdri".* \(\/linux\/seccomp\/syscalls\/0\/names\/1\): the nearest known name is "mkdir"/);
}, { only: 'veloci' });

for (const noNewPrivileges of [true, false]) {
  test(`the filter is there for a user that is not root, noNewPrivileges ${noNewPrivileges}`, async (c) => {
    const facts = await c.probe((config) => {
      profile([{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO' }])(config);
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.capabilities = {};
      config.process.noNewPrivileges = noNewPrivileges;
    });
    assert.equal(facts.status['Seccomp'], '2');
    assert.equal(facts.status['NoNewPrivs'], noNewPrivileges ? '1' : '0');
  });
}

test('a filter that forbids nearly everything but execve and exit still starts the program', async (c) => {
  const result = await c.run(c.command(['/true'], (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_KILL_PROCESS', architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['execve', 'exit_group'], action: 'SCMP_ACT_ALLOW' }] };
  }));
  assert.equal(result.code, 0, result.stderr);
}, {
  peers: [{ peer: 'runc 1.1.5', why: 'needs more calls between the filter and execve' }, { peer: 'crun 1.8.1',
    why: 'needs more calls between the filter and execve' }],
});

for (const noNewPrivileges of [true, false]) {
  test(`a filter that forbids everything, exit too, fails and does not hang (noNewPrivileges ${noNewPrivileges})`, async (c) => {
    const bundle = c.command(['/true'], (config) => {
      config.process.noNewPrivileges = noNewPrivileges;
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ERRNO' };
    });
    assert.notEqual((await c.run(bundle)).code, 0);
    await c.nothingLeft();
  });
}

test('no_new_privs: a set-uid program of root does not give root', async (c) => {
  const bundle = c.command(['/suid'], (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  });
  copyFileSync(join(bundle.rootfs, 'probe'), join(bundle.rootfs, 'suid'));
  chmodSync(join(bundle.rootfs, 'suid'), 0o4755);
  assert.deepEqual(JSON.parse((await c.run(bundle)).stdout).uid, [1000, 1000, 1000]);
});

for (const [what, seccomp] of [
  ['an unknown action', { defaultAction: 'SCMP_ACT_ALOW' }],
  ['an unknown architecture', { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_NONE_SUCH'] }],
  ['an unknown operator', { defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getpid'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 1, op: 'SCMP_CMP_X' }] }] }],
  ['an argument index of 6', { defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getpid'], action: 'SCMP_ACT_ERRNO', args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] }] }],
] as const) {
  test(`${what} is refused`, async (c) => {
    const result = await c.run(c.command(['/true'], (config) => {
      config.linux.seccomp = seccomp;
    }));
    assert.equal(result.code, 1);
    assert.notEqual(result.stderr, '');
    await c.nothingLeft();
  });
}
