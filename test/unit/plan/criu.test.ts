// The message that CRIU gets, in the protobuf encoding, and the plans of checkpoint and restore.
import t from 'tap';
import type { Spec } from '../../../src/generated/config.ts';
import { compileCheckpoint, compileRestore } from '../../../src/plan/compile-criu.ts';
import type { CriuFlags } from '../../../src/plan/concern/criu.ts';
import { CriuMessage } from '../../../src/plan/criu-message.ts';
import { defaultConfig } from '../../support/spec.ts';
import type { Config } from '../../support/spec.ts';
import { context, find } from './support.ts';

t.test('encodes numbers, texts and messages', async (t) => {
  const hex = (message: CriuMessage): string => Buffer.from(message.bytes()).toString('hex');
  t.equal(hex(new CriuMessage()), '');
  t.equal(hex(new CriuMessage().number('leave_running', true)), '1801');
  t.equal(hex(new CriuMessage().number('leave_running', false).number('network_lock', undefined)), '');
  t.equal(hex(new CriuMessage().number('manage_cgroups_mode', 3)), '900203');
  t.equal(hex(new CriuMessage().number('empty_ns', 0x40000000)), 'b0028080808004');
  t.equal(hex(new CriuMessage().text('log_file', 'é')), '5202c3a9');
  t.equal(hex(new CriuMessage().text('root', '/r')), '6a022f72');
  t.equal(hex(new CriuMessage().message('ext_mnt', '/a', '/b')), 'ba01080a022f6112022f62');
  t.equal(hex(new CriuMessage().message('inherit_fd', 'k', 1)), 'da01050a016b1001');
  const long = 'x'.repeat(300);
  t.equal(hex(new CriuMessage().text('root', long)).slice(0, 6), '6aac02');
  t.equal(hex(new CriuMessage().text('lsm_mount_context', '𝄞')), 'fa0304f09d849e');
});

const flags: CriuFlags = {
  criu: 'criu',
  configs: ['/etc/criu/veloci.conf', '/etc/criu/runc.conf'],
  images: '/images',
  preDump: false,
  leaveRunning: false,
  tcpEstablished: false,
  tcpClose: false,
  tcpSkipInFlight: false,
  extUnixSockets: false,
  shellJob: false,
  fileLocks: false,
  linkRemap: false,
  autoDedup: false,
  lazyPages: false,
  cgroupsMode: 'soft',
  emptyNetwork: false,
};

function spec(change: (config: Config) => void = () => {}): Spec {
  const config = defaultConfig();
  config.mounts.push({ destination: '/volume', type: 'bind', source: 'data', options: ['rbind'] });
  change(config);
  return config as unknown as Spec;
}

/** Texts of a message, as they lie in it. */
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

t.test('a dump names what is outside by its place in the container', async (t) => {
  const { checkpoint } = compileCheckpoint(spec(), flags, context()).programs;
  t.same(checkpoint?.map(({ op }) => op), ['criu.start', 'criu.await']);
  const [start] = find(checkpoint, 'criu.start');
  t.match(start, { request: 'dump', images: '/images', log: 'dump.log', rootfs: '/bundle/rootfs',
    cgroups: [{ mount: '/sys/fs/cgroup/freezer', path: 'box' }] });
  t.same(start?.outside, [{ target: '/volume', source: '/bundle/data' }]);
  t.notMatch(textOf(start?.options), '/sys/fs/cgroup/freezer/box',
    'by a descriptor, which nobody can put another cgroup behind');
  t.ok(start!.masked.includes('/proc/kcore'));
  const pre =
    find(compileCheckpoint(spec(), { ...flags, preDump: true }, context()).programs.checkpoint, 'criu.start')[0];
  t.match(pre, { request: 'preDump', masked: [], outside: [] });
});

t.test('a restore makes the cgroups, runs hooks between the namespaces and the end, keeps the later programs', async (t) => {
  const hooks = (config: Config): void => {
    config.hooks = { prestart: [{ path: '/a' }], createRuntime: [{ path: '/b' }] };
  };
  const { programs } = compileRestore(spec(hooks), flags, ['/dev/null', 'pipe:[7]', 'file[a:b]'], context());
  const names = programs.restore!.map(({ op }) => op);
  t.same(names.filter((name) => /criu|hook|state|pid/.test(name)), [
    'state.record',
    'criu.start',
    'criu.await',
    'hook.run',
    'hook.run',
    'criu.await',
    'state.keep',
    'state.write',
  ]);
  t.ok(names.indexOf('cgroup.create') < names.indexOf('criu.start'));
  const [start] = find(programs.restore, 'criu.start');
  const text = textOf(start?.options);
  t.same(start?.outside, [{ target: '/volume', source: '/bundle/data' }]);
  t.match(text, '\x0a\x08pipe:[7]\x10\x01', 'stdout');
  t.match(text, '\x0a\x09file[a:b]\x10\x02', 'stderr');
  t.match(text, '\x0a\x03cpu\x12\x04/box');
  t.equal(start!.cgroups.length, 9);
  t.same(Object.keys(programs), ['restore', 'start', 'kill', 'delete', 'pause', 'resume']);
});

t.test('namespaces of others stay outside, or are joined', async (t) => {
  const shared = spec((config) => {
    for (const namespace of config.linux.namespaces) {
      if (namespace.type === 'network' || namespace.type === 'ipc') namespace.path = `/run/ns/${namespace.type}`;
    }
  });
  const [start] = find(compileRestore(shared, flags, [], context()).programs.restore, 'criu.start');
  t.same(start!.namespaces, [{ type: 'net', key: 'extRootNetNS', path: '/run/ns/network' }]);
  t.match(textOf(start!.options), '\x0a\x03ipc\x12\x0b/run/ns/ipc');
});

t.test('a restore into the pid namespace of others is refused: they would see CRIU', async (t) => {
  const shared = spec((config) => {
    for (const namespace of config.linux.namespaces) if (namespace.type === 'pid') namespace.path = '/proc/7/ns/pid';
  });
  t.throws(() => compileRestore(shared, flags, [], context()), /pid namespace of others/);
  t.ok(compileCheckpoint(shared, flags, context()), 'it can be saved');
});

t.test('an id-mapped mount is refused: it would come back without its map', async (t) => {
  const mapped = spec((config) => {
    config.mounts.at(-1)!.options = ['rbind', 'idmap'];
  });
  t.throws(() => compileCheckpoint(mapped, flags, context()), /id-mapped mount/);
});

t.test('CRIU reads the configuration that the annotation names, or the first usual one, or none', async (t) => {
  for (const [value, named, usual] of [[undefined, undefined, flags.configs], ['/mine.conf', '/mine.conf', []], ['',
    undefined, []]] as const)
  {
    const annotated = spec((config) => {
      if (value !== undefined) config.annotations = { 'org.criu.config': value };
    });
    const [start] = find(compileCheckpoint(annotated, flags, context()).programs.checkpoint, 'criu.start');
    t.equal(/\/[a-z/]+\.conf/.exec(textOf(start?.options))?.[0], named, value ?? 'absent');
    t.same(start?.configs, usual);
  }
});
