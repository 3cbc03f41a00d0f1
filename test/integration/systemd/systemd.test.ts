// --systemd-cgroup on a host with systemd, with cgroup v2, v1 or both, as root and as a user.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Config } from '../../support/spec.ts';
import { bundle, call, callAsUser, cgroupsOf, folder, hierarchy, nothingLeft, pathOf, pidOf, readBack, reason, runtime,
  runtimeDir, setUp, show, start, test, token, unified, unitOf, userRuntime, type As,
  type Result } from '../../support/host/systemd.ts';

const limits = {
  devices: [{ allow: false, access: 'rwm' }],
  memory: { limit: 67108864, swap: 100663296, reservation: 33554432 },
  cpu: { shares: 512, quota: 33333, period: 100000, cpus: '0', mems: '0' },
  pids: { limit: 77 },
};
const expected: Readonly<Record<string, string>> = unified
  ? {
    'memory.max': '67108864',
    'memory.swap.max': '33554432',
    'memory.low': '33554432',
    'cpu.weight': '59',
    'cpu.max': '33333 100000',
    'cpuset.cpus': '0',
    'cpuset.mems': '0',
    'pids.max': '77',
  }
  : {
    'memory.limit_in_bytes': '67108864',
    'memory.memsw.limit_in_bytes': '100663296',
    'memory.soft_limit_in_bytes': '33554432',
    'cpu.shares': '512',
    'cpu.cfs_quota_us': '33333',
    'cpu.cfs_period_us': '100000',
    'cpuset.cpus': '0',
    'cpuset.mems': '0',
    'pids.max': '77',
  };
/** What systemd rounds, and may write again: 34 % of a processor. */
const quota = unified ? 'cpu.max' : 'cpu.cfs_quota_us';

function suite(as: As): void {
  test(`${as}: limits are the kernel's and the unit's, also after a reload`, (id) => {
    const started = start(as, id, (config) => {
      config.linux.resources = limits;
    });
    assert.equal(started.code, 0, started.stderr);
    assert.deepEqual(readBack(as, id, expected), expected);
    assert.equal(show(as, unitOf(id), unified ? 'MemoryMax' : 'MemoryLimit'), '67108864');
    assert.equal(show(as, unitOf(id), 'Delegate'), 'yes');
    if (as === 'root') call('systemctl', ['daemon-reload']);
    else callAsUser(['systemctl', '--user', 'daemon-reload']);
    const { [quota]: rounded, ...exact } = readBack(as, id, expected);
    const { [quota]: _asked, ...wanted } = expected;
    assert.deepEqual(exact, wanted);
    assert.match(rounded!, /^3(3333|4000)( 100000)?$/);
    assert.deepEqual(cgroupsOf(readFileSync(`/proc/${pidOf(as, id)}/cgroup`, 'utf8')), [pathOf(as, id)]);
    assert.deepEqual(cgroupsOf(runtime(as, ['exec', id, 'cat', '/proc/self/cgroup']).stdout), ['/']);
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
    assert.ok(!existsSync(join(hierarchy('pids'), pathOf(as, id))));
  });

  test(`${as}: update changes the unit too`, (id) => {
    assert.equal(start(as, id, (config) => {
      config.linux.resources = limits;
    }).code, 0);
    const updated = runtime(as, ['update', '--memory', '50331648', '--memory-swap', '50331648', '--pids-limit', '55',
      id]);
    assert.equal(updated.code, 0, updated.stderr);
    const files = unified
      ? { 'memory.max': '50331648', 'memory.swap.max': '0', 'pids.max': '55' }
      : { 'memory.limit_in_bytes': '50331648', 'memory.memsw.limit_in_bytes': '50331648', 'pids.max': '55' };
    assert.deepEqual(readBack(as, id, files), files);
    assert.equal(show(as, unitOf(id), 'TasksMax'), '55');
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });

  test(`${as}: kill, then delete`, async (id) => {
    assert.equal(start(as, id).code, 0);
    assert.equal(runtime(as, ['kill', id, 'KILL']).code, 0);
    for (let tries = 0; tries < 100 && !/stopped/.test(runtime(as, ['state', id]).stdout); tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(runtime(as, ['delete', id]).code, 0);
  });

  test(`${as}: a failure behind the unit leaves none`, (id) => {
    const started = start(as, id, (config) => {
      config.process.args = ['/nothing/here'];
    });
    assert.equal(started.code, 1);
  });

  test(`${as}: a limit that the kernel refuses leaves nothing`, (id) => {
    const started = start(as, id, (config) => {
      config.linux.resources = unified ? { unified: { 'cpu.weight': '99999' } } : { cpu: { cpus: '4000-4001' } };
    });
    assert.equal(started.code, 1, started.stderr);
  });

  test(`${as}: the unit of somebody else is left alone`, (id) => {
    assert.equal(start(as, id).code, 0);
    const path = `${as === 'root' ? 'system' : 'user'}.slice:veloci:${id}`;
    const second = start(as, `${id}x`, (config) => {
      config.linux.cgroupsPath = path;
    });
    assert.equal(second.code, 1);
    assert.match(second.stderr, /UnitExists/);
    assert.match(runtime(as, ['state', id]).stdout, /"running"/);
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });
}

/** exec of a user from our own cgroup, from where the kernel lets him move nothing to that of his container. */
function userExecTests(): void {
  const limited = (config: Config): void => {
    config.linux.resources = { pids: { limit: 20 } };
  };
  const unlimited = (): void => {};
  const exec = (
    id: string,
    command: readonly string[],
    env: readonly string[] = [],
    flags: readonly string[] = [],
  ): Result =>
    callAsUser(['env', ...env, userRuntime, '--root', `${runtimeDir}/veloci`, 'exec', ...flags, id, ...command]);
  /** Where a process that exec starts is. */
  const cgroupOfExec = (id: string, env: readonly string[] = []): string => {
    const pidFile = join(folder, `${id}.pid`);
    const { code, stderr } = exec(id, ['/probe', 'pause'], env, ['--detach', '--pid-file', pidFile]);
    assert.equal(code, 0, stderr);
    return readFileSync(`/proc/${readFileSync(pidFile, 'utf8')}/cgroup`, 'utf8').trim().slice('0::'.length);
  };

  for (const [name, change] of [['limits', limited], ['no limits', unlimited]] as const) {
    test(`user: exec from a foreign cgroup goes into the unit of a container with ${name}`, (id) => {
      assert.equal(start('user', id, change).code, 0);
      assert.equal(cgroupOfExec(id), pathOf('user', id));
      // The same with a plan that is known, and by a service of the user, which has no such variable.
      assert.equal(cgroupOfExec(id), pathOf('user', id));
      assert.equal(cgroupOfExec(id, ['--unset=XDG_RUNTIME_DIR']), pathOf('user', id));
      assert.equal(exec(id, ['false']).code, 1);
      assert.equal(runtime('user', ['delete', '--force', id]).code, 0);
    });
  }

  test('user: exec from a foreign cgroup goes where the container has gone, below its unit', (id) => {
    assert.equal(start('user', id, (config) => {
      limited(config);
      config.annotations = { 'run.oci.systemd.subgroup': 'container' };
    }).code, 0);
    assert.equal(cgroupOfExec(id), join(pathOf('user', id), 'container'));
    assert.equal(runtime('user', ['delete', '--force', id]).code, 0);
  });

  test('user: without a manager exec stays outside of a container without limits, and fails when it has some', (id) => {
    const away = ['XDG_RUNTIME_DIR=/nothing/here'];
    assert.equal(start('user', id, limited).code, 0);
    const { code, stderr } = exec(id, ['true'], away);
    assert.equal(code, 255);
    assert.match(stderr, /E0930: .*Delegate=yes/);
    assert.equal(runtime('user', ['delete', '--force', id]).code, 0);
    assert.equal(start('user', id, unlimited).code, 0);
    const outside = exec(id, ['true'], away);
    assert.equal(outside.code, 0, outside.stderr);
    assert.equal(runtime('user', ['delete', '--force', id]).code, 0);
  });

  test('user: exec from a foreign cgroup is refused, when the container has limits and no unit', (id) => {
    const started = runtime('user', ['run', '--detach', '--bundle', bundle('user', limited), id]);
    assert.equal(started.code, 0, started.stderr);
    const { code, stderr } = exec(id, ['true']);
    assert.equal(code, 255);
    assert.match(stderr, /E0930: .*Delegate=yes/);
    assert.equal(runtime('user', ['exec', id, 'true']).code, 0);
    assert.equal(runtime('user', ['delete', '--force', id]).code, 0);
  });
}

if (reason !== undefined) {
  t.pass('systemd as the manager of cgroups', { skip: reason });
} else {
  t.setTimeout(1000_000);
  setUp();

  suite('root');
  const noManager = existsSync(`${runtimeDir}/systemd/private`) ? undefined : 'no manager of a user';
  if (noManager !== undefined) t.pass('user', { skip: noManager });
  else if (unified) {
    suite('user');
    userExecTests();
  } else {
    test('user: on v1 a unit without limits, which cannot be had there', (id) => {
      const started = start('user', id, (config) => {
        config.linux.resources = { pids: { limit: 20 } };
      });
      assert.equal(started.code, 1);
      assert.match(started.stderr, /E0533: .*v1.* at config\.json:1:\d+ \(\/linux\/resources\)/);
      const bare = start('user', id, (config) => {
        delete config.linux.resources;
      });
      assert.equal(bare.code, 0, bare.stderr);
      assert.ok(cgroupsOf(readFileSync(`/proc/${pidOf('user', id)}/cgroup`, 'utf8')).includes(pathOf('user', id)));
      assert.equal(runtime('user', ['exec', id, 'true']).code, 0);
      assert.equal(runtime('user', ['update', '--pids-limit', '20', id]).code, 1);
      assert.equal(runtime('user', ['kill', id, 'KILL']).code, 0);
      assert.equal(runtime('user', ['delete', '--force', id]).code, 0);
    });
  }

  test('slices and names', (id) => {
    const started = start('root', id, (config) => {
      config.linux.cgroupsPath = `${token}-a.slice:pod:x+y`;
    });
    assert.equal(started.code, 0, started.stderr);
    assert.ok(existsSync(join(hierarchy('pids'), `${token}.slice/${token}-a.slice/pod-x\\x2by.scope`)));
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
    call('systemctl', ['stop', `${token}-a.slice`, `${token}.slice`]);
  });

  test('properties of annotations', (id) => {
    const started = start('root', id, (config) => {
      config.annotations = { 'org.systemd.property.TimeoutStopUSec': 'uint64 5000000',
        'org.systemd.property.Description': '\'a "b"\'' };
    });
    assert.equal(started.code, 0, started.stderr);
    assert.equal(show('root', unitOf(id), 'TimeoutStopUSec'), '5s');
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('a sub-cgroup, on v2', (id) => {
    const started = start('root', id, (config) => {
      config.annotations = { 'run.oci.systemd.subgroup': 'container' };
    });
    if (!unified) {
      assert.match(started.stderr, /E0529: run\.oci\.systemd\.subgroup .*config\.json:1:\d+/);
      return;
    }
    assert.equal(started.code, 0, started.stderr);
    assert.deepEqual(cgroupsOf(readFileSync(`/proc/${pidOf('root', id)}/cgroup`, 'utf8')), [
      `${pathOf('root', id)}/container`,
    ]);
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('a property that does not exist is refused by systemd, in its words', (id) => {
    const started = start('root', id, (config) => {
      config.annotations = { 'org.systemd.property.NoSuchThing': '1' };
    });
    assert.equal(started.code, 1);
    assert.match(started.stderr, /E0863: .*NoSuchThing/);
  });

  test('device rules survive a reload, also those of an update', (id) => {
    assert.equal(start('root', id, (config) => {
      config.linux.resources = {
        devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'c', major: 1, minor: 11, access: 'rw' }],
      };
      for (const set of Object.values(config.process.capabilities ?? {}) as string[][]) set.push('CAP_MKNOD');
    }).code, 0);
    // The log of the kernel, which root may write to.
    const opens = (): boolean => {
      call('systemctl', ['daemon-reload']);
      return runtime('root', ['exec', id, 'sh', '-c', 'mknod /tmp/d c 1 11; exec 3>/tmp/d']).code === 0;
    };
    const update = (devices: object[]): void => {
      const file = join(folder, 'devices.json');
      writeFileSync(file, JSON.stringify({ devices: [{ allow: false, access: 'rwm' }, ...devices] }));
      const { code, stderr } = runtime('root', ['update', '--resources', file, id]);
      assert.equal(code, 0, stderr);
    };
    assert.equal(opens(), true);
    update([]);
    assert.equal(opens(), false);
    update([{ allow: true, type: 'c', major: 1, minor: 11, access: 'w' }]);
    assert.equal(opens(), true);
    assert.equal(runtime('root', ['exec', id, 'sh', '-c', 'exec 3>/dev/null']).code, 0);
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('a frozen container is deleted by force', (id) => {
    assert.equal(start('root', id).code, 0);
    assert.equal(runtime('root', ['pause', id]).code, 0);
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('a cgroupsPath of another form is refused', (id) => {
    const started = start('root', id, (config) => {
      config.linux.cgroupsPath = '/a/b';
    });
    assert.match(started.stderr, /expected cgroupsPath to be of format "slice:prefix:name"/);
  });

  t.test('thirty containers leave nothing', async (sub) => {
    const dir = bundle('root', (config) => {
      config.process.args = ['true'];
    });
    for (let index = 0; index < 30; index++) {
      assert.equal(runtime('root', ['--systemd-cgroup', 'run', '--bundle', dir, `${token}-m${index}`]).code, 0);
    }
    await nothingLeft();
    assert.deepEqual(readdirSync(join(folder, 'state')).filter((name) => !name.startsWith('.')), []);
    sub.pass('nothing left');
  });
}
