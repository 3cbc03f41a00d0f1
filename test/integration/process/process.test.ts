// What the process gets: ids, groups, umask, capabilities, no_new_privs, rlimits, cwd, env, oom score,
// host and domain name, sysctls, signals, session, file descriptors.
import { closeSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Capabilities, Config } from '../../support/spec.ts';

test('the process is pid 1, leads its session, and is the program itself', async (c) => {
  const facts = await c.probe();
  assert.equal(facts.pid, 1);
  assert.equal(facts.sid, 1);
  assert.equal(facts.pgid, 1);
  assert.deepEqual(facts.args, ['/probe']);
  assert.equal(facts.release, readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
  assert.equal(facts.status['Threads'], '1');
});

test('arguments reach the process unchanged', async (c) => {
  const args = ['/probe', '', ' a  b ', '"\\', 'ü€😀', '--flag', '-', '\n\t'];
  const facts = await c.probe((config) => {
    config.process.args = args;
  });
  assert.deepEqual(facts.args, args);
});

test('a program without a slash is looked up in the PATH of the container', async (c) => {
  assert.equal((await c.run(c.command(['probe', 'exit', '6'], (config) => {
    config.process.env = ['PATH=/nowhere:/'];
  }))).code, 6);
});

test('uid, gid and additional groups are exactly those of the config', async (c) => {
  const facts = await c.probe((config) => {
    config.process.user = { uid: 1000, gid: 1001, additionalGids: [7, 8] };
  }, { prefix: ['setpriv', '--groups', '0,42', '--'] });
  assert.deepEqual(facts.uid, [1000, 1000, 1000]);
  assert.deepEqual(facts.gid, [1001, 1001, 1001]);
  assert.deepEqual([...facts.groups].sort(), [7, 8]);
});

test('groups of the caller do not reach the process', async (c) => {
  const facts = await c.probe(() => {}, { prefix: ['setpriv', '--groups', '0,42', '--'] });
  assert.deepEqual(facts.groups, []);
});

test('the highest id works, one more is refused', async (c) => {
  const facts = await c.probe((config) => {
    config.process.user = { uid: 4294967294, gid: 4294967294 };
  });
  assert.equal(facts.uid[0], 4294967294);
  for (const uid of [4294967295, 4294967296, -1]) {
    const result = await c.run(c.command(['/probe'], (config) => {
      config.process.user = { uid, gid: 0 };
    }));
    assert.notEqual(result.code, 0, `uid ${uid}`);
  }
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'uid 4294967295 means "unchanged" to it' }, { peer: 'runc 1.1.5',
    why: 'uid 4294967294 is above its limit 1<<31-1' }],
});

test('umask: 022 by default, else that of the config, whatever the caller has', async (c) => {
  const prefix = ['sh', '-c', 'umask 077; exec "$@"', 'sh'];
  assert.equal((await c.probe(() => {}, { prefix })).umask, 0o22);
  assert.equal((await c.probe((config) => {
    config.process.user.umask = 0o27;
  }, { prefix })).umask, 0o27);
  assert.equal((await c.probe((config) => {
    config.process.user.umask = 0;
  }, { prefix })).umask, 0);
});

const bit: Record<string, bigint> = { CAP_CHOWN: 0n, CAP_KILL: 5n, CAP_NET_BIND_SERVICE: 10n, CAP_NET_RAW: 13n };
const hex = (...names: string[]): string =>
  names.reduce((sum, name) => sum | 1n << (bit[name] as bigint), 0n).toString(16).padStart(16, '0');

test('each of the five capability sets is exactly that of the config', async (c) => {
  const { status } = await c.probe((config) => {
    config.process.capabilities = {
      bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_NET_BIND_SERVICE'],
      permitted: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'],
      inheritable: ['CAP_CHOWN', 'CAP_KILL'],
      effective: ['CAP_CHOWN', 'CAP_KILL'],
      ambient: ['CAP_KILL'],
    };
    config.process.user = { uid: 1000, gid: 1000 };
  });
  // a program without file capabilities, run by a user that is not root, keeps the ambient ones
  assert.equal(status['CapBnd'], hex('CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_NET_BIND_SERVICE'));
  assert.equal(status['CapInh'], hex('CAP_CHOWN', 'CAP_KILL'));
  assert.equal(status['CapAmb'], hex('CAP_KILL'));
  assert.equal(status['CapPrm'], hex('CAP_KILL'));
  assert.equal(status['CapEff'], hex('CAP_KILL'));
});

test(
  'capabilities that the kernel would refuse are left out: effective ones not permitted, inheritable ones not in the bounding set',
  async (c) => {
    const bundle = c.command(['/probe'], (config) => {
      config.process.capabilities = { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'],
        effective: ['CAP_KILL', 'CAP_CHOWN'], inheritable: ['CAP_KILL', 'CAP_CHOWN'] };
    });
    const result = await c.run(bundle);
    assert.equal(result.code, 0, result.stderr);
    const { status } = JSON.parse(result.stdout) as { status: Record<string, string> };
    for (const set of ['CapEff', 'CapInh']) assert.equal(BigInt(`0x${status[set]}`), 32n, set);
    assert.match(result.stderr, /CAP_CHOWN/);
  },
  {
    peers: [{ peer: 'runc 1.1.5', why: 'fails: the kernel refuses the whole set' }, { peer: 'crun 1.8.1',
      why: 'fails: the kernel refuses the whole set' }],
  },
);

test('no capabilities at all', async (c) => {
  for (const capabilities of [undefined, {} as Capabilities]) {
    const { status } = await c.probe((config) => {
      if (capabilities) config.process.capabilities = capabilities;
      else delete config.process.capabilities;
    });
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb', 'CapBnd']) {
      assert.equal(BigInt(`0x${status[set]}`), 0n, set);
    }
  }
});

test('inheritable is empty when the config does not ask for it', async (c) => {
  assert.equal((await c.probe()).status['CapInh'], '0000000000000000');
});

test('no_new_privs is set when the config says so, and not when not', async (c) => {
  for (const value of [true, false]) {
    const { status } = await c.probe((config) => {
      config.process.noNewPrivileges = value;
    });
    assert.equal(status['NoNewPrivs'], value ? '1' : '0');
  }
});

test("rlimits are those of the config; the caller's are the rest", async (c) => {
  const { rlimits } = await c.probe((config) => {
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }, { type: 'RLIMIT_CORE', soft: 0,
      hard: 0 }, { type: 'RLIMIT_FSIZE', soft: 9007199254740992, hard: 9007199254740992 }];
  }, { prefix: ['prlimit', '--nofile=1000:2000', '--data=8888888888:9999999999', '--'] });
  assert.deepEqual(rlimits['RLIMIT_NOFILE'], ['100', '200']);
  assert.deepEqual(rlimits['RLIMIT_CORE'], ['0', '0']);
  assert.deepEqual(rlimits['RLIMIT_FSIZE'], ['9007199254740992', '9007199254740992']);
  assert.deepEqual(rlimits['RLIMIT_DATA'], ['8888888888', '9999999999']);
});

test("without rlimits the soft limit of open files is the caller's", async (c) => {
  const { rlimits } = await c.probe((config) => {
    config.process.rlimits = [];
  }, { prefix: ['prlimit', '--nofile=1000:2000', '--'] });
  assert.deepEqual(rlimits['RLIMIT_NOFILE'], ['1000', '2000']);
}, { peers: [{ peer: 'runc 1.1.5', why: 'raises the soft limit to the hard one' }] });

test('the cwd is that of the config, made when it is missing', async (c) => {
  assert.equal((await c.probe((config) => {
    config.process.cwd = '/tmp';
  })).cwd, '/tmp');
  const facts = await c.probe((config) => {
    config.process.cwd = '/made/for/it';
    config.root.readonly = false;
  });
  assert.equal(facts.cwd, '/made/for/it');
});

test('a cwd that is a file is refused', async (c) => {
  const result = await c.run(c.command(['true'], (config) => {
    config.process.cwd = '/etc/passwd';
  }));
  assert.equal(result.code, 1);
  await c.nothingLeft();
});

test('the env is that of the config, and HOME', async (c) => {
  const { env } = await c.probe((config) => {
    config.process.env = ['A=1', 'B=a=b c', 'C=', 'PATH=/bin'];
  }, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SECRET: 'x', LD_LIBRARY_PATH: '/x' } });
  assert.deepEqual(env.filter((variable) => !variable.startsWith('HOME=')).sort(), ['A=1', 'B=a=b c', 'C=',
    'PATH=/bin']);
  assert.ok(env.includes('HOME=/root'));
});

test('HOME comes from the passwd of the root, if the env does not have it', async (c) => {
  const user = (config: Config): void => {
    config.process.user = { uid: 1000, gid: 1000 };
  };
  assert.ok((await c.probe(user)).env.includes('HOME=/home/user'));
  const own = await c.probe((config) => {
    user(config);
    config.process.env?.push('HOME=/own');
  });
  assert.deepEqual(own.env.filter((variable) => variable.startsWith('HOME=')), ['HOME=/own']);
});

test('an unreadable passwd does not hang or stop a numeric user', async (c) => {
  const bundle = c.command(['/probe', 'exit', '3'], (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  });
  (await import('node:child_process')).execFileSync('sh', ['-c',
    `rm ${bundle.rootfs}/etc/passwd && mkfifo ${bundle.rootfs}/etc/passwd`]);
  const result = await c.run(bundle, { timeLimit: 5000 });
  assert.equal(result.timedOut, false, 'it hangs on a FIFO as /etc/passwd');
  assert.equal(result.code, 3, result.stderr);
}, { peers: [{ peer: 'crun 1.8.1', why: 'hangs on a FIFO' }, { peer: 'runc 1.1.5', why: 'hangs on a FIFO' }],
  leaks: 'ignore' });

test('a passwd that links out of the root is not followed on the host', async (c) => {
  const bundle = c.command(['/probe'], (config) => {
    config.process.user = { uid: 12345, gid: 1 };
  });
  const outside = join(c.dir(), 'passwd');
  writeFileSync(outside, 'x:x:12345:1::/outside:/bin/sh\n');
  (await import('node:fs')).unlinkSync(join(bundle.rootfs, 'etc/passwd'));
  symlinkSync(outside, join(bundle.rootfs, 'etc/passwd'));
  const result = await c.run(bundle);
  assert.equal(result.code, 0, result.stderr);
  assert.doesNotMatch(result.stdout, /outside/);
});

for (const score of [100, 0, 1000]) {
  test(`oomScoreAdj ${score}`, async (c) => {
    assert.deepEqual((await c.probe((config) => {
      config.process.oomScoreAdj = score;
    })).oom, [String(score)]);
  });
}

test("without oomScoreAdj the caller's stays", async (c) => {
  const facts = await c.probe(() => {}, { prefix: ['choom', '-n', '77', '--'] });
  assert.deepEqual(facts.oom, ['77']);
});

test('host and domain name', async (c) => {
  const facts = await c.probe((config) => {
    config.hostname = 'own-name';
    config['domainname'] = 'own.domain';
  });
  assert.equal(facts.hostname, 'own-name');
  assert.equal(facts.domainname, 'own.domain');
}, { peers: [{ peer: 'runc 1.1.5', why: 'knows no domainname' }] });

// A new network namespace begins with the value of the host: only the other one shows that it is set.
const other = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1' ? '0' : '1';

test('sysctls of the network and ipc namespaces', async (c) => {
  const out = await c.sh('cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max',
    (config) => {
      config.linux.sysctl = { 'net.ipv4.ip_forward': other, 'kernel.msgmax': '4096', 'fs.mqueue.msg_max': '20' };
    });
  assert.equal(out, `${other}\n4096\n20\n`);
});

test('a sysctl with slashes in a component', async (c) => {
  const out = await c.sh('cat /proc/sys/net/ipv4/conf/lo/forwarding', (config) => {
    config.linux.sysctl = { 'net/ipv4/conf/lo/forwarding': other };
  });
  assert.equal(out, `${other}\n`);
});

for (const key of ['kernel.core_pattern', 'vm.swappiness', 'kernel.hostname', 'net..ipv4', 'net/../kernel/core_pattern',
  'fs.mqueue', 'kernel.msgmax.x', ''])
{
  test(`the sysctl "${key}" is refused`, async (c) => {
    const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const result = await c.run(c.command(['true'], (config) => {
      config.linux.sysctl = { [key]: '1' };
    }));
    assert.notEqual(result.code, 0);
    assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
    await c.nothingLeft();
  }, {
    never: /\.\./.test(key)
      ? [{ peer: 'crun 1.8.1', why: 'could change the host' }, { peer: 'runc 1.1.5', why: 'could change the host' }]
      : [],
  });
}

test('a net sysctl without an own network namespace is refused', async (c) => {
  const result = await c.run(c.command(['true'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
    config.mounts = config.mounts.filter(({ type }) => type !== 'sysfs');
    config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
  }));
  assert.equal(result.code, 1);
  await c.nothingLeft();
});

test('no signal is blocked or ignored, even if the caller ignores it', async (c) => {
  const { status } = await c.probe(() => {}, { prefix: ['sh', '-c', 'trap "" PIPE HUP USR1; exec "$@"', 'sh'] });
  assert.equal(BigInt(`0x${status['SigIgn']}`), 0n);
  assert.equal(BigInt(`0x${status['SigBlk']}`), 0n);
});

test('only stdio reaches the process, even if the caller leaks', async (c) => {
  const fd = openSync('/etc/hostname', 'r');
  const facts = await c.probe(() => {}, { fds: { 3: fd, 9: fd, 30: fd } });
  assert.deepEqual(Object.keys(facts.fds).sort(), ['0', '1', '2']);
  closeSync(fd);
});

test('--preserve-fds passes exactly so many', async (c) => {
  const fd = openSync('/etc/hostname', 'r');
  const facts = await c.probe(() => {}, { flags: ['--preserve-fds', '2'], fds: { 3: fd, 4: fd, 5: fd, 9: fd } });
  assert.deepEqual(Object.keys(facts.fds).sort(), ['0', '1', '2', '3', '4']);
  closeSync(fd);
});

test('the descriptors of create do not reach the process either', async (c) => {
  const fd = openSync('/etc/hostname', 'r');
  const created = await c.create(c.command(['sh', '-c', 'ls -l /proc/self/fd | grep -c hostname; true']), {
    fds: { 3: fd, 9: fd },
  });
  assert.equal(created.code, 0, created.stderr);
  await c.rt(['start', created.id]);
  await c.until(created.id, 'stopped');
  assert.equal(created.output(), '0\n');
  closeSync(fd);
});

test('LISTEN_FDS passes the sockets and tells the process', async (c) => {
  const fd = openSync('/etc/hostname', 'r');
  const facts = await c.probe(() => {}, { fds: { 3: fd },
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LISTEN_FDS: '1' },
    prefix: ['sh', '-c', 'export LISTEN_PID=$$; exec "$@"', 'sh'] });
  assert.deepEqual(Object.keys(facts.fds).sort(), ['0', '1', '2', '3']);
  assert.ok(facts.env.includes('LISTEN_FDS=1') && facts.env.includes('LISTEN_PID=1'));
  closeSync(fd);
}, { peers: [{ peer: 'crun 1.8.1', why: 'does not set LISTEN_PID' }] });

test('the process has a session keyring of its own', async (c) => {
  const first = await c.probe();
  const second = await c.probe();
  assert.ok(first.keyring > 0);
  assert.notEqual(first.keyring, second.keyring);
});

test('run.oci.keep_original_groups: the process has the groups of the caller', async (c) => {
  const prefix = ['setpriv', '--groups', '4321,8765'];
  const groups = async (keep: string): Promise<string> => {
    const bundle = c.command(['sh', '-c', 'sed -n s/^Groups://p /proc/self/status'], (config) => {
      config.annotations = { 'run.oci.keep_original_groups': keep };
    });
    const run = await c.run(bundle, { prefix });
    assert.equal(run.code, 0, run.stderr);
    return run.stdout.trim();
  };
  assert.equal(await groups('1'), '4321 8765');
  assert.doesNotMatch(await groups('0'), /4321|8765/);
}, { peers: [{ peer: 'runc 1.1.5', why: 'does not know it' }] });
