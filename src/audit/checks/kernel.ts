import { sysctlNamespace } from '../../spec/checks/sysctl.ts';
import { pointerPart } from '../../spec/parse/position.ts';
import { sysctlPath } from '../../spec/sysctl.ts';
import type { Report } from '../report.ts';
import type { View } from '../view.ts';

/** Labels that confine nothing. */
const unconfined: ReadonlySet<string> = new Set(['', 'unconfined']);

/** The security module of the host, where that is known. */
export function checkLabels({ process, facts }: View, report: Report): void {
  if (process === undefined || facts === undefined) return;
  const { apparmorProfile = '', selinuxLabel = '' } = process;
  const at = (name: 'apparmorProfile' | 'selinuxLabel'): string =>
    process[name] === undefined ? '/process' : `/process/${name}`;
  if (facts.lsm.apparmor && unconfined.has(apparmorProfile))
    report.add('lsm-none', at('apparmorProfile'), { module: 'AppArmor', property: 'apparmorProfile' });
  if (facts.lsm.selinux && (selinuxLabel === '' || /:(unconfined|spc)_t\b/.test(selinuxLabel)))
    report.add('lsm-none', at('selinuxLabel'), { module: 'SELinux', property: 'selinuxLabel' });
}

/** Kernel parameters that are those of the host. */
export function checkSysctls({ spec: { linux }, own }: View, report: Report): void {
  for (const name of Object.keys(linux?.sysctl ?? {})) {
    const type = sysctlNamespace(sysctlPath(name));
    if (type !== undefined && own.has(type)) continue;
    report.add('sysctl-host', `/linux/sysctl/${pointerPart(name)}`, { name,
      type: type === undefined ? 'no namespace has it' : `the container has the ${type} namespace of the host` });
  }
}
