// Devices, default devices and links in /dev; masked and read-only paths.
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import { timeScale } from '../../support/paths.ts';
import type { Context } from '../../support/context.ts';
import type { Config } from '../../support/spec.ts';

test('the default devices and links are there', async (c) => {
  const out = await c.sh(`cd /dev; for d in null zero full random urandom tty; do stat -c '%n %F %t:%T %a' $d; done
    for l in fd stdin stdout stderr ptmx; do echo $l $(readlink $l); done`);
  assert.equal(out, `null character special file 1:3 666
zero character special file 1:5 666
full character special file 1:7 666
random character special file 1:8 666
urandom character special file 1:9 666
tty character special file 5:0 666
fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx
`);
});

test('the default devices work', async (c) => {
  assert.equal(await c.sh('echo x >/dev/null && head -c 3 /dev/zero | wc -c && head -c 5 /dev/urandom | wc -c;' +
    'echo x 2>/dev/null >/dev/full || echo full'), '3\n5\nfull\n');
});

test('a device of the config is made with its mode and owner', async (c) => {
  const out = await c.sh('stat -c "%n %F %t:%T %a %u:%g" /dev/own /dev/deep/er/block /dev/pipe', (config) => {
    config.linux.devices = [
      { path: '/dev/own', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 3, gid: 4 },
      { path: '/dev/deep/er/block', type: 'b', major: 7, minor: 0, fileMode: 0o600, uid: 0, gid: 0 },
      { path: '/dev/pipe', type: 'p', fileMode: 0o622, uid: 1, gid: 2 },
    ];
  });
  assert.equal(out, `/dev/own character special file 1:5 640 3:4
/dev/deep/er/block block special file 7:0 600 0:0
/dev/pipe fifo 0:0 622 1:2
`);
});

test('type u of a device means a character device', async (c) => {
  const out = await c.sh('stat -c "%F %t:%T" /dev/u', (config) => {
    config.linux.devices = [{ path: '/dev/u', type: 'u', major: 1, minor: 5, fileMode: 0o666, uid: 0, gid: 0 }];
  });
  assert.equal(out, 'character special file 1:5\n');
});

const makeDevice = (config: Config): void => {
  for (const set of ['bounding', 'effective', 'permitted'] as const) {
    config.process.capabilities?.[set]?.push('CAP_MKNOD');
  }
};
const openNode = 'mknod /dev/own c 10 237; (: </dev/own) 2>&1; true';

test('a device that the rules do not allow cannot be opened', async (c) => {
  assert.match(await c.sh(openNode, makeDevice), /Operation not permitted/);
});

const log = { type: 'c', major: 1, minor: 11 };
const noLog = existsSync('/dev/kmsg') ? false : 'there is no /dev/kmsg (1:11) to try with';

/** The ways in which /dev/kmsg can be opened under these rules: "w", "r". */
async function opened(c: Context, rules: readonly object[] | undefined): Promise<string> {
  const out = await c.sh('(: >>/dev/log1) 2>/dev/null && echo w; (: </dev/log1) 2>/dev/null && echo r; true',
    (config) => {
      // Reading the kernel's messages may take the capability.
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process.capabilities?.[set]?.push('CAP_SYSLOG');
      config.linux.devices = [{ path: '/dev/log1', ...log, fileMode: 0o666, uid: 0, gid: 0 }];
      if (rules === undefined) delete config.linux.resources;
      else config.linux.resources = { devices: rules };
    });
  return out.replaceAll('\n', '');
}

test('without resources every device but the default ones is denied', async (c) => {
  assert.equal(await opened(c, [{ allow: true, access: 'rwm' }]), 'wr', 'the control: it can be opened here');
  assert.equal(await opened(c, undefined), '');
}, { skip: noLog, peers: [{ peer: 'crun 1.8.1', why: 'allows every device when there are no rules' }] });

for (const mapped of [false, true]) {
  test(`/dev/ptmx among the devices is the container's own${mapped ? ', in a user namespace' : ''}`, async (c) => {
    const out = await c.sh('readlink /dev/ptmx; readlink /dev/core; test -e /dev/core && echo there; true',
      (config) => {
        config.linux.devices = [{ path: '/dev/ptmx', type: 'c', major: 5, minor: 2, fileMode: 0o666, uid: 0, gid: 0 }];
        if (!mapped) return;
        config.linux.namespaces.push({ type: 'user' });
        config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
      });
    // A link that leads nowhere is none: kernels may be built without /proc/kcore.
    assert.equal(out, `pts/ptmx\n${existsSync('/proc/kcore') ? '/proc/kcore\nthere\n' : ''}`);
  }, { peers: [{ peer: 'crun 1.8.1', why: 'makes the device' }] });
}

test('a device that a rule allows can be opened, with the access allowed', async (c) => {
  for (const [access, expected] of [['w', 'w'], ['r', 'r'], ['rw', 'wr']] as const)
    assert.equal(await opened(c, [{ allow: false, access: 'rwm' }, { allow: true, ...log, access }]), expected, access);
}, { skip: noLog });

test('the rules of devices apply in the order of the list', async (c) => {
  const [all, none] = [{ allow: true, access: 'rwm' }, { allow: false, access: 'rwm' }];
  const [yes, no] = [{ allow: true, ...log, access: 'w' }, { allow: false, ...log, access: 'w' }];
  for (const [rules, expected] of [
    [[none, yes], 'w'],
    [[yes, none], ''],
    [[all, no], 'r'],
    [[no, all], 'wr'],
    [[none, yes, no], ''],
    [[none, no, yes], 'w'],
    [[all, no, yes], 'wr'],
  ] as const) assert.equal(await opened(c, rules), expected, JSON.stringify(rules));
}, { skip: noLog });

const denyNode = { allow: false, type: 'c', major: 240, minor: 7, access: 'm' };

test('a rule behind one that allows everything denies a node', async (c) => {
  const out = await c.sh('mknod /dev/one c 240 7 2>&1; mknod /dev/other c 240 8 && echo made', (config) => {
    makeDevice(config);
    config.linux.resources = { devices: [{ allow: true, access: 'rwm' }, denyNode] };
  });
  assert.match(out, /Operation not permitted\nmade\n$/);
}, { peers: [{ peer: 'crun 1.8.1', why: 'allows every node behind all rules' }] });

test('a node of the container is made even where a rule denies it to the container', async (c) => {
  const out = await c.sh('stat -c "%n %t:%T" /dev/own; mknod /dev/again c 240 7 2>&1; true', (config) => {
    makeDevice(config);
    config.linux.devices = [{ path: '/dev/own', type: 'c', major: 240, minor: 7, fileMode: 0o600, uid: 0, gid: 0 }];
    config.linux.resources = { devices: [{ allow: true, access: 'rwm' }, denyNode] };
  });
  assert.equal(out, '/dev/own f0:7\nmknod: /dev/again: Operation not permitted\n');
}, { peers: [{ peer: 'crun 1.8.1', why: 'allows every node behind all rules' }] });

test('thousands of device rules are written in a moment', async (c) => {
  // The planner has two seconds, also on a machine that is emulated.
  const rules = Array.from({ length: 4000 / timeScale },
    (_, minor) => ({ allow: true, type: 'c', major: 300, minor, access: 'rw' }));
  const begun = Date.now();
  await c.sh('true', (config) => {
    config.linux.resources = { devices: [{ allow: false, access: 'rwm' }, ...rules] };
  });
  assert.ok(Date.now() - begun < 2000 * timeScale, `it took ${Date.now() - begun} ms`);
});

test('masked paths: duplicates, links, missing ones and folders', async (c) => {
  const bundle = c.command(['sh', '-c',
    'cat /etc/passwd /link-to-group 2>&1; ls -A /home /data 2>&1; touch /home/x 2>&1; ls -d /not 2>&1; cat /proc/kcore | wc -c'],
    (config) => {
      config.root.readonly = false;
      config.linux.maskedPaths = ['/etc/passwd', '/etc/passwd', '/link-to-group', '/home', '/home', '/not/there',
        '/data', '/proc/kcore'];
    });
  (await import('node:fs')).symlinkSync('/etc/group', `${bundle.rootfs}/link-to-group`);
  const { stdout, code } = await c.run(bundle);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /root:x/);
  assert.match(stdout, /Read-only file system/);
  assert.match(stdout, /ls: \/not: No such file/);
  assert.match(stdout, /\n0\n$/);
});

test('read-only paths cannot be written, not even by remounting without the capability', async (c) => {
  const out = await c.sh('echo 1 2>&1 >/proc/sys/kernel/domainname; touch /data/x 2>&1; ' +
    'mount -o remount,bind,rw /data 2>&1; touch /data/y 2>&1; true', (config) => {
    config.root.readonly = false;
    config.linux.readonlyPaths = ['/proc/sys', '/data', '/not/there'];
  });
  assert.equal(out.match(/Read-only file system/g)?.length, 3, out);
});

test('/proc/sysrq-trigger and /proc/sys are read-only by default', async (c) => {
  const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  const out = await c.sh(
    'for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern; do (: >>$f) 2>/dev/null && echo bad; done; true',
  );
  assert.equal(out, '');
  assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
});

const withUser = (config: Config): void => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 200000, size: 65536 }];
};

test('devices in a user namespace: kind, number, mode and owner as the config says, and they work', async (c) => {
  const out = await c.sh('stat -c "%n %F %t:%T %a %u:%g" /dev/own /dev/a/block /dev/fifo; head -c 2 /dev/own | wc -c',
    (config) => {
      withUser(config);
      config.linux.devices = [
        { path: '/dev/own', type: 'c', major: 1, minor: 5, fileMode: 0o644, uid: 3, gid: 4 },
        { path: '/dev/a/block', type: 'b', major: 7, minor: 0, fileMode: 0o600 },
        { path: '/dev/fifo', type: 'p', fileMode: 0o622, uid: 1, gid: 2 },
      ];
      config.linux.resources = {
        devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'c', major: 1, minor: 5, access: 'r' }],
      };
    });
  assert.equal(out, `/dev/own character special file 1:5 644 3:4
/dev/a/block block special file 7:0 600 0:0
/dev/fifo fifo 0:0 622 1:2
2
`);
}, {
  peers: [{ peer: 'runc 1.1.5', why: "binds the host's device of that path" }, { peer: 'crun 1.8.1',
    why: "binds the host's device of that path" }],
});

test('without rights over the host its device of that path is used, when it is the one that is asked for',
  async (c) => {
    const start = async (minor: number): Promise<{ code: number | null; stdout: string; stderr: string }> =>
      c.run(c.command(['stat', '-c', '%t:%T', '/dev/full'], (config) => {
        config.linux.devices = [{ path: '/dev/full', type: 'c', major: 1, minor }];
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
        config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
        delete config.linux.resources;
      }), { prefix: ['unshare', '--user', '--map-root-user', '--mount', '--'],
        global: ['--cgroup-manager', 'disabled'] });
    const right = await start(7);
    assert.equal(right.stdout, '1:7\n', right.stderr);
    const wrong = await start(5);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /\/dev\/full/);
  }, {
  peers: [{ peer: 'runc 1.1.5', why: 'has no --cgroup-manager' }, { peer: 'crun 1.8.1',
    why: 'wants more groups than one for its devpts' }],
});

test('something else at the path of a device is an error', async (c) => {
  const result = await c.run(c.command(['true'], (config) => {
    config.linux.devices = [{ path: '/etc/passwd', type: 'c', major: 1, minor: 5 }];
  }));
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /\/etc\/passwd/);
}, { peers: ['runc 1.1.5', 'crun 1.8.1'].map((peer) => ({ peer, why: 'keeps what is there' })) });

test('a /dev that is a symbolic link leads to a place in the root', async (c) => {
  const bundle = c.command(['sh', '-c', 'stat -c "%F" /elsewhere/null; ls /dev/zero'], (config) => {
    config.root.readonly = false;
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  }, { rootfs: 'copy' });
  rmSync(`${bundle.rootfs}/dev`, { recursive: true, force: true });
  symlinkSync('/elsewhere', `${bundle.rootfs}/dev`);
  const result = await c.run(bundle);
  assert.equal(result.stdout, 'character special file\n/dev/zero\n');
  assert.ok(!existsSync('/elsewhere'));
}, { peers: ['runc 1.1.5', 'crun 1.8.1'].map((peer) => ({ peer, why: 'does not start' })) });

test('masked and read-only paths: files, directories, links, twice, missing', async (c) => {
  const out = await c.sh(
    `for f in /m/file /m/target; do stat -L -c "%F %t:%T" $f; done; ls /m/dir; touch /m/dir/x 2>&1 | sed 's/.*: //'
    for f in /r/dir/x /r/file; do (echo x >$f) 2>&1 | sed 's/.*: //'; done; touch /r/other && echo made`,
    (config) => {
      config.root.readonly = false;
      config.mounts.push({ destination: '/m', type: 'tmpfs', source: 'tmpfs' }, { destination: '/r', type: 'tmpfs',
        source: 'tmpfs' });
      config.mounts.push(
        ...['/m/dir', '/r/dir'].map((destination) => ({ destination, type: 'tmpfs', source: 'tmpfs' })),
        ...['/m/file', '/m/target', '/r/file'].map((destination) => ({ destination, type: 'bind',
          source: '/etc/hostname', options: ['bind'] })
        ),
      );
      config.linux.maskedPaths = ['/m/file', '/m/file', '/m/target', '/m/dir', '/m/dir', '/m/none'];
      config.linux.readonlyPaths = ['/r/dir', '/r/dir', '/r/file', '/r/none'];
    },
  );
  assert.match(out, /^character special file 1:3\n/);
  assert.equal(out.match(/Read-only file system/g)?.length, 3);
  assert.match(out, /made\n$/);
});

for (const propagation of ['unbindable', 'runbindable', 'shared', 'rshared', 'slave', 'private']) {
  test(`read-only paths on a root that is ${propagation}`, async (c) => {
    const facts = await c.probe((config) => {
      config.linux.rootfsPropagation = propagation;
      config.linux.readonlyPaths = ['/etc', '/proc/sys'];
      config.linux.maskedPaths = ['/bin/busybox.none', '/root'];
    });
    assert.ok(facts.mounts.some((line) => line.includes(' /etc ro')));
    const root = facts.mounts.map((line) => line.split(' - ')[0]!.split(' ')).find((fields) => fields[4] === '/');
    assert.equal(root?.slice(6).join().replace(/:\d+/g, ''),
      { unbindable: 'unbindable', shared: 'shared', slave: 'master',
        private: '' }[propagation.replace(/^r(?=u|s)/, '')]);
  }, { peers: ['runc 1.1.5', 'crun 1.8.1'].map((peer) => ({ peer, why: 'does not keep the propagation' })) });
}
