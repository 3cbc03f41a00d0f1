// linux.devices, and the devices and links that every container has (runtime-spec config-linux "Default
// Devices").
import { MountAttrFlag, NamespaceFlag } from '../../../generated/plan.ts';
import type { DeviceNode, InitOperation, MountBind } from '../../../generated/plan.ts';
import type { Device, Spec } from '../../../generated/config.ts';
import { alt, errno, slot } from '../../draft.ts';
import type { Draft } from '../../draft.ts';
import { onHost } from '../process/id-maps.ts';
import { inContainer } from '../../path.ts';
import { isNested } from '../namespaces.ts';
import { plainBind } from './plain.ts';
import { ofClone } from './propagation.ts';

const defaults: readonly (readonly [path: string, major: number, minor: number])[] = [
  ['/dev/null', 1, 3],
  ['/dev/zero', 1, 5],
  ['/dev/full', 1, 7],
  ['/dev/random', 1, 8],
  ['/dev/urandom', 1, 9],
  ['/dev/tty', 5, 0],
];

const links: readonly (readonly [path: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
];

/** The memory of the kernel, where it is built to show it. */
const core: readonly [path: string, target: string] = ['/dev/core', '/proc/kcore'];

const ptmx = '/dev/ptmx';

/** CAP_MKNOD among the first 32 capabilities. */
const mknodBit = 1 << 27;

/** The nodes that the container gets: none when /dev is the host's by a bind mount, then it has what it has. */
export function nodesOf(spec: Spec): readonly DeviceNode[] {
  if (isDevBound(spec)) return [];
  const nodes: DeviceNode[] = [];
  const devices = spec.linux?.devices;
  for (const [path, major, minor] of defaults) {
    if (devices !== undefined && devices.some((device) => inContainer(device.path) === path)) continue;
    nodes.push({ op: 'device.node', from: '/linux/devices', path, kind: 'char', major, minor, mode: 0o666, uid: 0,
      gid: 0 });
  }
  if (devices !== undefined) {
    for (let index = 0; index < devices.length; index++) {
      const node = nodeOf(devices[index]!, `/linux/devices/${index}`);
      // The container's is that of its own devpts.
      if (node.path !== ptmx) nodes.push(node);
    }
  }
  return nodes;
}

/** Makes the devices and the links beside them. */
export function makeDevices(d: Draft): void {
  if (isDevBound(d.spec)) return;
  for (const node of nodesOf(d.spec)) make(d, node, node.from !== '/linux/devices');
  for (const [path, target] of d.context.facts.kcore ? [...links, core] : links) {
    d.init.push({ op: 'path.symlink', from: '/linux/devices', path, target, existing: 'keep' });
  }
  d.init.push({
    op: 'path.symlink',
    from: '/linux/devices',
    path: ptmx,
    target: 'pts/ptmx',
    existing: 'replace',
  });
}

function isDevBound(spec: Spec): boolean {
  for (const mount of spec.mounts ?? []) {
    if (inContainer(mount.destination) !== '/dev') continue;
    if (mount.type === 'bind' || mount.options?.includes('bind') || mount.options?.includes('rbind')) return true;
  }
  return false;
}

function nodeOf(device: Device, from: string): DeviceNode {
  return {
    op: 'device.node',
    from,
    path: inContainer(device.path),
    kind: device.type === 'b' ? 'block' : device.type === 'p' ? 'fifo' : 'char',
    major: Number(device.major ?? 0),
    minor: Number(device.minor ?? 0),
    mode: Number(device.fileMode ?? 0o666) & 0o7777,
    uid: Number(device.uid ?? 0),
    gid: Number(device.gid ?? 0),
  };
}

/**
 * In a user namespace nobody may make devices: the host's own of that path is bound, if it is the one; or one that the host's side makes for the
 * container when the configuration asks for it. The same where the kernel refuses. A FIFO can be made everywhere.
 */
function make(d: Draft, node: DeviceNode, asked: boolean): void {
  if (node.kind === 'fifo') d.init.push(node);
  else if (!isNested(d)) d.init.push(alt(node, [errno.EPERM], bindHost(node)));
  else if (asked && mayMake(d)) makeOutside(d, node);
  else d.init.push(bindHost(node));
}

/**
 * Makes a device in a container that runs, where the host's own node can be opened from the host's side alone.
 */
export function makeDevice(d: Draft, node: DeviceNode): void {
  if (node.kind === 'fifo' || !isNested(d)) {
    d.init.push(node);
  } else if (mayMake(d)) {
    makeOutside(d, node);
  } else {
    const { from, path, kind, major, minor } = node;
    d.host.push({ op: 'fd.open', from, slot: slot.source, path, form: 'tree', follow: false,
      propagation: ofClone(d, 'keep') });
    d.host.push({ op: 'fd.send', from, slot: slot.source });
    d.init.push({ op: 'fd.receive', from, slot: slot.source });
    d.init.push({ ...bindTo(node), slot: slot.source, device: { block: kind === 'block', major, minor } });
  }
}

function bindHost(node: DeviceNode): InitOperation {
  const { kind, major, minor } = node;
  return { ...bindTo(node), source: node.path, device: { block: kind === 'block', major, minor } };
}

function bindTo(node: DeviceNode): MountBind {
  return plainBind(node.from, node.path, MountAttrFlag.nosuid | MountAttrFlag.noexec);
}

/** Whether the host's side may make devices: with rights over the host itself, and id maps that determine the owner. */
function mayMake(d: Draft): boolean {
  const { facts } = d.context;
  return !facts.userNamespace && (facts.capabilities[0] & mknodBit) !== 0 &&
    (d.namespaces.created & NamespaceFlag.user) !== 0;
}

function makeOutside(d: Draft, node: DeviceNode): void {
  const { linux } = d.spec;
  const { from, major, minor, mode } = node;
  d.host.push({
    op: 'device.open',
    from,
    slot: slot.source,
    number: Number(from.slice(from.lastIndexOf('/') + 1)) || 0,
    kind: node.kind === 'block' ? 'block' : 'char',
    major,
    minor,
    mode,
    uid: onHost(linux?.uidMappings ?? [], node.uid) ?? 0,
    gid: onHost(linux?.gidMappings ?? [], node.gid) ?? 0,
  });
  d.host.push({ op: 'fd.send', from, slot: slot.source });
  d.init.push({ op: 'fd.receive', from, slot: slot.source });
  d.init.push({ ...bindTo(node), slot: slot.source });
}
