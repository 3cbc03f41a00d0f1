// linux.devices, and the devices and links that every container has (runtime-spec config-linux "Default
// Devices").
import type { DeviceNode, InitOperation } from '../../generated/plan.ts';
import type { Device } from '../../generated/config.ts';
import { alt, errno } from '../draft.ts';
import type { Draft } from '../draft.ts';
import { inContainer } from '../path.ts';
import { mapsUsers } from './namespaces.ts';

const defaults: readonly (readonly [path: string, major: number, minor: number])[] = [
  ['/dev/null', 1, 3], ['/dev/zero', 1, 5], ['/dev/full', 1, 7], ['/dev/random', 1, 8], ['/dev/urandom', 1, 9], ['/dev/tty', 5, 0],
];

const links: readonly (readonly [path: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'], ['/dev/stdin', '/proc/self/fd/0'], ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'], ['/dev/core', '/proc/kcore'],
];

/** Makes the devices, unless /dev is the host's by a bind mount: then it has what it has. */
export function makeDevices(d: Draft): void {
  if (isDevBound(d)) return;
  const devices = d.spec.linux?.devices;
  for (const [path, major, minor] of defaults) {
    if (devices !== undefined && devices.some((device) => inContainer(device.path) === path)) continue;
    make(d, { op: 'device.node', from: '/linux/devices', path, kind: 'char', major, minor, mode: 0o666, uid: 0, gid: 0 });
  }
  if (devices !== undefined) {
    for (let index = 0; index < devices.length; index++) make(d, nodeOf(devices[index]!, `/linux/devices/${index}`));
  }
  for (const [path, target] of links) {
    d.init.push({ op: 'path.symlink', from: '/linux/devices', path, target, existing: 'keep' });
  }
  d.init.push({
    op: 'path.symlink', from: '/linux/devices', path: '/dev/ptmx', target: 'pts/ptmx', existing: 'replace',
  });
}

function isDevBound(d: Draft): boolean {
  for (const mount of d.spec.mounts ?? []) {
    if (inContainer(mount.destination) !== '/dev') continue;
    if (mount.type === 'bind' || mount.options?.includes('bind') || mount.options?.includes('rbind')) return true;
  }
  return false;
}

function nodeOf(device: Device, from: string): DeviceNode {
  return {
    op: 'device.node', from, path: inContainer(device.path),
    kind: device.type === 'b' ? 'block' : device.type === 'p' ? 'fifo' : 'char',
    major: Number(device.major ?? 0), minor: Number(device.minor ?? 0), mode: Number(device.fileMode ?? 0o666) & 0o7777,
    uid: Number(device.uid ?? 0), gid: Number(device.gid ?? 0),
  };
}

/**
 * In a user namespace nobody may make devices: the host's own is bound. The same where the kernel refuses. A
 * FIFO can be made everywhere.
 */
function make(d: Draft, node: DeviceNode): void {
  if (node.kind === 'fifo') {
    d.init.push(node);
    return;
  }
  const bind: InitOperation = {
    op: 'mount.bind', from: node.from, source: node.path, recursive: false, set: 0, clear: 0, setAll: 0, clearAll: 0,
    propagation: 'keep', links: 0, target: node.path,
  };
  d.init.push(mapsUsers(d.namespaces) || d.context.facts.userNamespace ? bind : alt(node, [errno.EPERM], bind));
}
