// A new network namespace has a loopback interface that is down; hostname and domainname of a new UTS
// namespace.
import { NamespaceFlag } from '../../generated/plan.ts';
import type { Draft } from '../draft.ts';

export function raiseLoopback(d: Draft): void {
  if ((d.namespaces.made & NamespaceFlag.network) !== 0) d.init.push({ op: 'net.up', from: '/linux/namespaces' });
}

export function nameHost(d: Draft): void {
  const { hostname, domainname } = d.spec;
  const host = hostname === undefined || hostname === '' ? undefined : hostname;
  const domain = domainname === undefined || domainname === '' ? undefined : domainname;
  if (host === undefined && domain === undefined) return;
  d.init.push({
    op: 'hostname.set', from: host === undefined ? '/domainname' : '/hostname', hostname: host, domainname: domain,
  });
}
