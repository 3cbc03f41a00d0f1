import { pointerPart } from '../parse/position.ts';
import { sysctlPath } from '../sysctl.ts';
import type { NamespaceType, Spec } from '../types.ts';
import type { Findings } from './findings.ts';
import { namespaceOf } from './namespaces.ts';

/** Parameters of an IPC namespace (ipc_namespaces(7)) below kernel/. */
const ofIpc = [
  'msgmax',
  'msgmnb',
  'msgmni',
  'msg_next_id',
  'sem',
  'sem_next_id',
  'shmall',
  'shmmax',
  'shmmni',
  'shm_rmid_forced',
  'shm_next_id',
];

/** The kind of namespace that a parameter belongs to; undefined when it is the host's. */
export function sysctlNamespace(path: string): NamespaceType | undefined {
  if (path.startsWith('net/')) return 'network';
  if (path.startsWith('user/')) return 'user';
  if (path.startsWith('fs/mqueue/')) return 'ipc';
  if (path === 'kernel/domainname') return 'uts';
  return path.startsWith('kernel/') && ofIpc.includes(path.slice('kernel/'.length)) ? 'ipc' : undefined;
}

/** Kernel parameters must be the container's own (config-linux.md, Sysctl). */
export function checkSysctl(spec: Spec, findings: Findings): void {
  const sysctl = spec.linux?.sysctl;
  if (sysctl === undefined) return;
  for (const key of Object.keys(sysctl)) {
    const pointer = `/linux/sysctl/${pointerPart(key)}`;
    const path = sysctlPath(key);
    const parts = path.split('/');
    if (parts.length < 2 || parts.some((part) => part === '' || part === '.' || part === '..')) {
      findings.addKey('sysctlKey', pointer, { value: key });
      continue;
    }
    if (path === 'kernel/hostname') {
      findings.addKey('sysctlHostname', pointer);
      continue;
    }
    if (path === 'kernel/domainname' && (spec.domainname ?? '') !== '' && spec.domainname !== sysctl[key]) {
      findings.addKey('sysctlDomainname', pointer, { value: sysctl[key], domainname: spec.domainname });
    }
    const type = sysctlNamespace(path);
    if (type === undefined) findings.addKey('sysctlShared', pointer, { value: key });
    else if (namespaceOf(spec, type) === undefined)
      findings.addKey('namespaceMissing', pointer, { what: `sysctl "${key}"`, type });
  }
}
