// Network devices of the host that move to the container (config-linux.md, "Network Devices").
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Config } from '../../support/spec.ts';

const peers = ['runc 1.1.5', 'crun 1.8.1'].map((peer) => ({ peer, why: 'is from before network devices' }));
const withUser = (config: Config): void => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 200000, size: 65536 }];
};

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A veth device (dummy ones are a module that not every kernel has) with addresses, which is up. */
function device(c: Context, name: string): void {
  ip('link', 'add', name, 'mtu', '1300', 'type', 'veth', 'peer', 'name', `p${name}`);
  c.later(() => {
    try {
      ip('link', 'delete', `p${name}`);
    } catch { /* it went with the container */ }
  });
  ip('address', 'add', '10.11.12.13/24', 'dev', name);
  ip('address', 'add', '2001:db8::5/64', 'dev', name);
  ip('link', 'set', name, 'up');
}

const move =
  (devices: Record<string, { name?: string }>, more: (config: Config) => void = () => {}) => (config: Config): void => {
    config.linux.netDevices = devices;
    more(config);
  };

for (const [kind, more] of [['root', () => {}], ['a user namespace', withUser]] as const) {
  test(`a device moves with its addresses, renamed, and is up: ${kind}`, async (c) => {
    device(c, 'vmove0');
    const out = await c.sh('ip addr show eth7', move({ vmove0: { name: 'eth7' } }, more));
    assert.match(out, /eth7@?\w*: <[A-Z,_-]*,UP[A-Z,_-]*> mtu 1300/);
    assert.match(out, /inet 10\.11\.12\.13\/24/);
    assert.match(out, /inet6 2001:db8::5\/64/);
  }, { peers });
}

test('a device takes any number of addresses along', async (c) => {
  device(c, 'vmove9');
  const commands = Array.from({ length: 700 }, (_, n) => `address add 10.99.${n >> 8}.${n & 255}/32 dev vmove9\n`).join(
    '',
  );
  execFileSync('ip', ['-batch', '-'], { input: commands });
  const out = await c.sh('ip addr show eth9 | grep -c "inet 10.99."', move({ vmove9: { name: 'eth9' } }));
  assert.equal(out, '700\n');
}, { peers });

test('a device keeps its name, and a pattern gets a number', async (c) => {
  device(c, 'vmove1');
  device(c, 'vmove2');
  const out = await c.sh('ls /sys/class/net', move({ vmove1: {}, vmove2: { name: 'net%d' } }));
  assert.deepEqual(out.split('\n').filter((name) => /vmove|net/.test(name)).sort(), ['net0', 'vmove1']);
}, { peers });

test('kernel parameters of the device can be set', async (c) => {
  device(c, 'vmove3');
  // A new network namespace begins with the value of the host.
  const other = readFileSync('/proc/sys/net/ipv4/conf/default/forwarding', 'utf8').trim() === '1' ? '0' : '1';
  assert.equal(
    await c.sh('cat /proc/sys/net/ipv4/conf/eth0/forwarding', move({ vmove3: { name: 'eth0' } }, (config) => {
      config.linux.sysctl = { 'net.ipv4.conf.eth0.forwarding': other };
    })),
    `${other}\n`,
  );
}, { peers });

test('a missing device, a name that is taken, and no network namespace are errors', async (c) => {
  device(c, 'vmove4');
  for (const [change, message] of [
    [move({ vmove9: {} }), /vmove9/],
    [move({ vmove4: { name: 'lo' } }), /"?lo"?/],
    [move({ vmove4: {} }, (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
    }), /network/],
  ] as const) {
    const result = await c.run(c.command(['true'], change));
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, message);
  }
  assert.match(ip('link', 'show', 'vmove4'), /vmove4/);
}, { peers });

test('a start that fails brings the device back as it was', async (c) => {
  device(c, 'vmove5');
  const result = await c.run(c.command(['/no/such/program'], move({ vmove5: { name: 'eth5' } })));
  assert.notEqual(result.code, 0);
  const shown = ip('address', 'show', 'vmove5');
  assert.match(shown, /10\.11\.12\.13\/24/);
  assert.match(shown, /[<,]UP[,>]/);
}, { peers });

/** What `ip` says about a device in the network namespace of a process. */
const shownAt = (pid: number, name: string): string =>
  execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', 'address', 'show', name], { encoding: 'utf8' });

test('what becomes of the device in the container is left alone', async (c) => {
  device(c, 'vmove6');
  const { id, pid } = await c.create(c.command(['/probe', 'pause'], move({ vmove6: { name: 'eth0' } })));
  const inside = (...args: string[]): void => {
    execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', ...args]);
  };
  inside('address', 'delete', '10.11.12.13/24', 'dev', 'eth0');
  inside('link', 'set', 'eth0', 'down', 'mtu', '1400');
  for (const args of [['start', id], ['exec', id, 'true'], ['update', '--pids-limit', '50', id], ['pause', id], [
    'resume',
    id,
  ], ['state', id]]) {
    const result = await c.rt(args);
    assert.equal(result.code, 0, `${args[0]}: ${result.stderr}`);
    assert.match(shownAt(pid, 'eth0'), /mtu 1400/);
    assert.doesNotMatch(shownAt(pid, 'eth0'), /10\.11\.12\.13|[<,]UP[,>]/, args[0]);
  }
}, { peers });

test('delete leaves the device in a network namespace that stays', async (c) => {
  device(c, 'vmove7');
  const keeper = await c.started(c.command(['/probe', 'pause']));
  const { id } = await c.started(c.command(['/probe', 'pause'], move({ vmove7: { name: 'eth3' } }, (config) => {
    for (const namespace of config.linux.namespaces)
      if (namespace.type === 'network') namespace.path = `/proc/${keeper.pid}/ns/net`;
  })));
  await c.destroy(id);
  assert.match(shownAt(keeper.pid, 'eth3'), /10\.11\.12\.13\/24/);
  assert.throws(() => ip('link', 'show', 'vmove7'));
}, { peers });

/** Where a shell of a hook finds its programs. */
const hookEnv = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'];

/** Every name that `ip` knows here. */
const namesHere = (): string[] =>
  ip('-o', 'link', 'show').trim().split('\n').map((line) => /^\d+: ([^:@]+)/.exec(line)![1]!);

test('names that the kernel does not take are refused before anything moves', async (c) => {
  device(c, 'vmove8');
  for (const name of ['a/b', '.', '..', ' ', 'a b', 'a\tb', 'a\n', 'a:b', '%s', 'a%', '%%', '%d%d', 'sixteen-chars-ab',
    'x%dabcdefghijklm', 'all', 'default'])
  {
    const result = await c.run(c.command(['true'], move({ vmove8: { name } })));
    assert.match(result.stderr, /E0475/, JSON.stringify(name));
    if (!name.includes(' ')) assert.match((await c.run(c.command(['true'], move({ [name]: {} })))).stderr, /E0475/);
  }
  assert.match(ip('address', 'show', 'vmove8'), /10\.11\.12\.13\/24/);
}, { peers });

test('a device whose new name is refused after it has moved comes back', async (c) => {
  device(c, 'vmove10');
  // A device cannot be called by its own alternative name: the kernel says so when it has moved.
  ip('link', 'property', 'add', 'dev', 'vmove10', 'altname', 'other10');
  const result = await c.run(c.command(['true'], move({ other10: {} })));
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /E0813/);
  assert.match(ip('address', 'show', 'vmove10'), /10\.11\.12\.13\/24/);
}, { peers });

test('a start that fails brings a device back that is known by an alternative name', async (c) => {
  device(c, 'vmove11');
  ip('link', 'property', 'add', 'dev', 'vmove11', 'altname', 'other11');
  const result = await c.run(c.command(['/no/such/program'], move({ other11: { name: 'eth0' } })));
  assert.notEqual(result.code, 0);
  assert.match(ip('address', 'show', 'vmove11'), /^\d+: vmove11.*10\.11\.12\.13\/24/s);
}, { peers });

for (const taken of [['vmove12'], ['vmove12', 'eth12']]) {
  test(`a start that fails loses no device when others have taken its name: ${taken.join(', ')}`, async (c) => {
    device(c, 'vmove12');
    const before = namesHere();
    const args = ['sh', '-c', taken.map((name) => `ip link add ${name} type veth peer name t${name}`).join(' && ')];
    const result = await c.run(
      c.command(['/no/such/program'], move({ vmove12: { name: 'eth12' } }, (config) => {
        config.hooks = { createRuntime: [{ path: '/bin/sh', args, env: hookEnv }] };
      })),
    );
    assert.match(result.stderr, /E0764/);
    const [came, ...more] = namesHere().filter((name) =>
      !before.includes(name) && !/vmove|teth|^eth12$/.test(name) ||
      (taken.length === 1 && name === 'eth12')
    );
    for (const name of taken) ip('link', 'delete', `t${name}`);
    assert.match(came ?? 'none', taken.length === 1 ? /^eth12$/ : /^dev\d+$/);
    assert.deepEqual(more, []);
    const shown = ip('address', 'show', came!);
    assert.match(shown, /10\.11\.12\.13\/24/);
    assert.match(shown, /[<,]UP[,>]/);
  }, { peers });
}
