// Observations about the process, its limits and the traces that a runtime leaves where others look
// (P02, P03, P07, P08, P09, P10, P12, P17, P19, P20, P21).
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, type PeerMark, test, unified } from '../../support/case.ts';
import type { Facts } from '../../support/facts.ts';
import { abstractSockets, descriptorsOf, processes } from '../../support/leak.ts';
import { runtimePath } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const C = (why: string): PeerMark => ({ peer: 'crun 1.8.1', why });
const R = (why: string): PeerMark => ({ peer: 'runc 1.1.5', why });

for (const count of [340, 341, 6000, 60000]) {
  test(`P02: a user namespace with ${count} mappings`, async (c) => {
    const bundle = c.command(['/probe', 'pause'], (config) => {
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = Array.from({ length: count },
        (_, i) => ({ containerID: i, hostID: 1000 + i * 2, size: 1 }));
      config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    });
    const created = await c.create(bundle);
    if (count > 340) {
      assert.equal(created.code, 1);
      assert.ok(created.stderr.length < 4000, 'the message is too long');
      return c.nothingLeft();
    }
    assert.equal(created.code, 0, created.stderr);
    assert.equal(readFileSync(`/proc/${created.pid}/uid_map`, 'utf8').trim().split('\n').length, 340);
  });
}

test('P02: a namespace path of 70 000 characters is refused', async (c) => {
  const result = await c.run(c.command(['true'], (config) => {
    config.linux.namespaces[1] = { type: 'network', path: `/${'x'.repeat(70_000)}` };
  }));
  assert.equal(result.code, 1);
  await c.nothingLeft();
});

test('P03: a cgroup mount with ro stays read-only without a cgroup namespace', async (c) => {
  const out = await c.sh(
    'for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do [ -e $f ] && (echo 1 >$f) 2>/dev/null && echo WROTE $f; done;' +
      'mkdir /sys/fs/cgroup/x /sys/fs/cgroup/pids/x 2>/dev/null && echo MADE; true',
    (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process.capabilities?.[set]?.push(
          'CAP_DAC_OVERRIDE',
        );
    },
  );
  assert.equal(out, '');
});

test('P07: no abstract socket, before, during and after', async (c) => {
  const before = abstractSockets();
  const { done } = c.begin(['create', '--bundle', c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-sockets`;
  }).dir, c.id()]);
  let over = false;
  done.then(() => {
    over = true;
  });
  while (!over) {
    for (const socket of abstractSockets()) assert.ok(before.has(socket), socket);
    await sleep(0);
  }
});

test('P08: state is closed to others, even with umask 0', async (c) => {
  const { id } = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.process.env?.push('SECRET=hidden');
  }), { prefix: ['sh', '-c', 'umask 0; exec "$@"', 'sh'] });
  assert.equal(statSync(c.root).mode & 0o077, 0, 'the root');
  const open = execFileSync('find', [join(c.root, id), '-perm', '/077', '-not', '-type', 'l']).toString().trim();
  assert.equal(open, '');
}, { peers: [R('0711 folders and a fifo with 0622')] });

test('P08: neither environment nor arguments of the runtime show the config', async (c) => {
  const { pid } = await c.create(c.command(['/probe', 'pause', 'SECRET-ARGUMENT'], (config) => {
    config.process.env?.push('SECRET=hidden');
  }));
  const shown = ['environ', 'cmdline', 'comm'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1')).join();
  assert.doesNotMatch(shown, /hidden|SECRET/);
});

test('P12: what applies to the first process applies to an exec of the same process', async (c) => {
  const change = (config: Config): void => {
    config.process.user = { uid: 5, gid: 6, umask: 0o37, additionalGids: [9] };
    config.process.rlimits = [{ type: 'RLIMIT_CORE', soft: 1, hard: 2 }, { type: 'RLIMIT_NOFILE', soft: 64,
      hard: 128 }];
    config.process.oomScoreAdj = 222;
  };
  const bundle = c.command(['/probe'], change);
  const first = JSON.parse((await c.run(bundle)).stdout) as Facts;
  const { id } = await c.started(c.command(['/probe', 'pause'], change));
  const file = join(c.dir(), 'process.json');
  writeFileSync(file, JSON.stringify(bundle.config.process));
  const second = JSON.parse((await c.rt(['exec', '--process', file, id])).stdout) as Facts;
  for (const key of ['uid', 'gid', 'groups', 'umask', 'rlimits', 'oom', 'status', 'personality', 'cwd',
    'env'] as const)
  {
    assert.deepEqual(second[key], first[key], key);
  }
}, { peers: [R('umask and the soft limit of open files differ'), C('the oom score differs')] });

test('P10: a reader that stalls does not make the runtime grow', async (c) => {
  const { program } = await import('../../support/helpers.ts');
  const id = c.id();
  const bundle = c.command(['/probe', 'stall', '1024'], (config) => {
    config.process.terminal = true;
    config.linux.cgroupsPath = `/${id}`;
  });
  const { onTerminal } = await import('../../support/console.ts');
  const { runtimePath } = await import('../../support/paths.ts');
  const talk = onTerminal([runtimePath(), '--root', c.root, 'run', '--bundle', bundle.dir, id]);
  talk.child.stdout?.pause();
  await sleep(700);
  const pid = [...processes()].find(([, line]) =>
    line.includes(` run --bundle ${bundle.dir}`) && !line.includes(program('ptyrun'))
  )?.[0];
  assert.ok(pid, 'the runtime runs');
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  talk.kill();
  assert.ok(rss < 64 << 10, `${rss} KiB`);
});

test('P17: an AppArmor profile or SELinux label where there is no such module is an error', async (c) => {
  for (const [key, value] of [['apparmorProfile', 'no-such-profile'], ['selinuxLabel',
    'system_u:system_r:x:s0']] as const)
  {
    if (existsSync(key === 'apparmorProfile' ? '/sys/module/apparmor' : '/sys/fs/selinux/enforce')) continue;
    const result = await c.run(c.command(['true'], (config) => {
      config.process[key] = value;
    }));
    assert.equal(result.code, 1, key);
  }
  await c.nothingLeft();
});

test("P19: the session keyring is not the caller's", async (c) => {
  const first = await c.probe();
  const second = await c.probe();
  assert.notEqual(first.keyring, second.keyring);
});

// KEYCTL_JOIN_SESSION_KEYRING joins a keyring of that name that somebody has made before.
test('P19: a keyring that another container has planted is not joined, and nobody else sees the own one', async (c) => {
  const [victim, late] = [c.id(), c.id()];
  const looks = c.command(['/probe', 'planted'], undefined, { rootfs: 'bind' });
  await c.started(c.command(['/probe', 'pause']), { id: late });
  for (const id of [victim, late]) {
    const planter = await c.started(c.command(['/probe', 'plant', `_ses.${id}`], undefined, { rootfs: 'bind' }));
    for (let tries = 0; planter.output() === '' && tries < 500; tries++) await sleep(10);
    assert.match(planter.output(), /^\d+\n$/);
    const result = id === victim ? await c.run(looks, { id }) : await c.rt(['exec', id, '/probe', 'planted']);
    assert.equal(result.stdout, '-1\n');
    await c.destroy(planter.id);
  }
  // Whoever sees one by the rights of its user may link it, and so have its keys.
  const owner = await c.started(c.command(['sh', '-c', '/probe; exec sleep 1000']));
  while (!owner.output().endsWith('}\n')) await sleep(10);
  const serial = (JSON.parse(owner.output()) as Facts).keyring.toString(16).padStart(8, '0');
  assert.ok(!readFileSync('/proc/keys', 'utf8').includes(serial), serial);
}, { only: 'veloci' });

test("--no-new-keyring leaves the caller's", async (c) => {
  const flags = { flags: ['--no-new-keyring'] };
  assert.equal((await c.probe(() => {}, flags)).keyring, (await c.probe(() => {}, flags)).keyring);
});

test('P20: state and list print nothing of the environment', async (c) => {
  const { id } = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.process.env?.push('SECRET=hidden');
  }));
  for (const args of [['state', id], ['list'], ['list', '-f', 'json']]) {
    assert.doesNotMatch((await c.rt(args)).stdout, /hidden|SECRET/);
  }
});

test('P21: a pid file that is a link is replaced, not written through', async (c) => {
  const dir = c.dir();
  const target = join(dir, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, join(dir, 'pid'));
  const id = c.id();
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const result = await c.rt(['create', '--bundle', bundle.dir, '--pid-file', join(dir, 'pid'), id]);
  assert.equal(readFileSync(target, 'utf8'), 'precious');
  if (result.code === 0) assert.match(readFileSync(join(dir, 'pid'), 'utf8'), /^\d+$/);
}, { peers: [C('writes through the link')] });

test('init in created holds no folder of the host', async (c) => {
  const { pid } = await c.create(c.command(['/probe', 'pause']));
  const held = descriptorsOf(pid).filter((link) =>
    link.startsWith('/') && !/^\/dev\/(null|pts)|^\/tmp\/call-/.test(link) && !/exec\.fifo|record|memfd/.test(link)
  );
  assert.deepEqual(held, []);
});

test('init in created is not dumpable, so others cannot look into it', async (c) => {
  const { pid } = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  }));
  assert.equal(statSync(`/proc/${pid}/environ`).uid, 0,
    'the files of /proc/PID of a dumpable process belong to its user');
});

test('an exec cannot be looked into by the container before it runs the program', async (c) => {
  const running = await c.started(
    c.command(['sh', '-c',
      'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || ls -l $p/exe $p/fd/ $p/cwd 2>/dev/null | grep -e "->"; done; done'],
      (config) => {
        for (const set of ['bounding', 'effective', 'permitted'] as const)
          config.process.capabilities?.[set]?.push('CAP_DAC_READ_SEARCH');
      }),
  );
  for (let i = 0; i < 30; i++) await c.rt(['exec', running.id, 'sleep', '0.05']);
  const seen = running.output();
  assert.match(seen, /exe -> \/bin\/busybox/, 'it has not looked');
  // What init holds until its program runs.
  assert.doesNotMatch(seen, /memfd:|socket:|exec\.fifo|anon_inode|-> \/(sys|run|proc)/);
  assert.equal((await c.state(running.id))['status'], 'running');
});

test('the limits of the container hold for exec too', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux.resources = { pids: { limit: 20 } };
  }));
  const cgroup = (await c.rt(['exec', id, 'cat', '/sys/fs/cgroup/pids/cgroup.procs'])).stdout;
  if (!unified) assert.ok(cgroup.trim().split('\n').length >= 2, 'exec is in the cgroup');
});

for (const flags of [[], ['--no-pivot']]) {
  test(`a user namespace of the container mounts no procfs without masks ${flags.join(' ')}`, async (c) => {
    const script =
      'unshare -Urmpf sh -c "mount -t proc none /proc && echo MOUNTED; mount -t sysfs none /sys && echo MOUNTED"; echo tried';
    const { stdout, stderr } = await c.run(c.command(['sh', '-c', script], (config) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process.capabilities?.[set]?.push('CAP_SETFCAP');
      config.linux.maskedPaths = ['/proc/kcore', '/sys/firmware'];
    }), { flags });
    assert.equal(stdout, 'tried\n', stderr);
    assert.match(stderr, /mount.*denied|not permitted/);
  });
}

for (const propagation of [undefined, 'slave', 'shared']) {
  test(`--no-pivot leaves the mounts of a host that shares them, rootfsPropagation ${propagation}`, async (c) => {
    const { dir } = c.command(['true'], (config) => {
      if (propagation) config.linux.rootfsPropagation = propagation;
    });
    const { code, stdout, stderr } = await call(['unshare', '-m', '/bin/sh', '-c',
      'mount --make-rshared /; mount -t proc proc /proc;' +
      `grep -E " - (proc|sysfs) " /proc/self/mountinfo >${dir}/before; ${runtimePath()} --root ${c.root} run --no-pivot --bundle ${dir} ${c.id()} || exit;` +
      `grep -E " - (proc|sysfs) " /proc/self/mountinfo | diff ${dir}/before -`]);
    assert.equal(code, 0, stdout + stderr);
  });
}
