// linux.sysctl: kernel parameters of the container's namespaces, in the order in which they are written.
import { sysctlPath } from '../../spec/sysctl.ts';
import { pointerPart } from '../../spec/parse/position.ts';
import type { Draft } from '../draft.ts';

export function writeSysctls(d: Draft): void {
  const sysctl = d.spec.linux?.sysctl;
  if (sysctl === undefined) return;
  for (const key in sysctl) {
    d.init.push({
      op: 'sysctl.write',
      from: `/linux/sysctl/${pointerPart(key)}`,
      path: sysctlPath(key),
      value: sysctl[key]!,
    });
  }
}
