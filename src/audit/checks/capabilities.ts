import { capabilityNames } from '../../spec/capabilities.ts';
import type { Report } from '../report.ts';
import { capabilityRule } from '../table/capabilities.ts';
import type { Risk } from '../types.ts';
import type { View } from '../view.ts';

/** Capabilities that the program has or can get. */
export function checkCapabilities(view: View, report: Report): void {
  const { process, capabilities } = view;
  for (const [name, pointer] of capabilities) {
    const rule = capabilityRule(name);
    if (rule !== undefined) report.add(rule, pointer, {}, worseWith(view, name));
  }
  const sets = process?.capabilities;
  // Kernels of some years ago had fewer: all but three are all.
  const bounding = sets?.bounding ?? [];
  if (bounding.length >= capabilityNames().length - 3)
    report.add('capabilities-all', '/process/capabilities/bounding');
  for (const set of ['ambient', 'inheritable'] as const) {
    const names = sets?.[set] ?? [];
    // Ambient ones are inheritable, too.
    const news = set === 'ambient' ? names : names.filter((name) => sets?.ambient?.includes(name) !== true);
    if (news.length > 0) report.add(`capabilities-${set}`, `/process/capabilities/${set}`, { names: news.join(', ') });
  }
}

/** A capability is worth more in a namespace of the host. */
function worseWith({ own, confined }: View, name: string): Risk | undefined {
  if (confined) return undefined;
  if (name === 'CAP_SYS_PTRACE' && !own.has('pid')) return 'critical';
  return name === 'CAP_NET_ADMIN' && !own.has('network') ? 'high' : undefined;
}
