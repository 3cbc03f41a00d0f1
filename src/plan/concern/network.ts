// A new network namespace has a loopback interface that is down; hostname and domainname of a new UTS
// namespace.
import { NamespaceFlag } from '../../generated/plan.ts';
import type { Draft } from '../draft.ts';
import { pointerPart } from '../../spec/parse/position.ts';

/** linux.netDevices: before init uses the network, since kernel parameters may be those of a device. */
export function moveDevices(d: Draft): void {
  const devices = d.spec.linux?.netDevices;
  if (devices === undefined) return;
  let moved = false;
  for (const device in devices) {
    const asked = devices[device]!.name;
    const from = `/linux/netDevices/${pointerPart(device)}`;
    d.host.push({ op: 'net.move', from, device, name: asked === undefined || asked === '' ? device : asked });
    moved = true;
  }
  if (!moved) return;
  d.host.push({ op: 'sync.signal', from: '/linux/netDevices', point: 'devicesMoved' });
  d.init.push({ op: 'sync.await', from: '/linux/netDevices', point: 'devicesMoved' });
}

export function raiseLoopback(d: Draft): void {
  if ((d.namespaces.created & NamespaceFlag.network) !== 0) d.init.push({ op: 'net.up', from: '/linux/namespaces' });
}

export function nameHost(d: Draft): void {
  const { hostname, domainname } = d.spec;
  const host = hostname === undefined || hostname === '' ? undefined : hostname;
  const domain = domainname === undefined || domainname === '' ? undefined : domainname;
  if (host === undefined && domain === undefined) return;
  d.init.push({
    op: 'hostname.set',
    from: host === undefined ? '/domainname' : '/hostname',
    hostname: host,
    domainname: domain,
  });
}
