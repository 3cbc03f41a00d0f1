import { capabilityNames, capabilityNumber } from '../capabilities.ts';
import { suggest } from '../suggest.ts';
import type { Process } from '../types.ts';
import type { Findings } from './findings.ts';

const sets = ['bounding', 'permitted', 'effective', 'inheritable', 'ambient'] as const;

/** Unknown capabilities are left out with a warning (config.md, Linux process); ambient ones need two other sets. */
export function checkCapabilities(process: Process, at: string, findings: Findings): void {
  const { capabilities } = process;
  if (!findings.warnings || capabilities === undefined) return;
  for (const set of sets) {
    capabilities[set]?.forEach((name, index) => {
      const pointer = `${at}/capabilities/${set}/${index}`;
      if (capabilityNumber(name) === undefined) {
        const prefixed = name.toUpperCase().startsWith('CAP_') ? name : `CAP_${name}`;
        findings.add('capabilityUnknown', pointer, { value: name, suggestion: suggest(prefixed, capabilityNames()) });
        return;
      }
      if (set !== 'ambient') return;
      const lacking = (['permitted', 'inheritable'] as const).filter((other) => capabilities[other]?.includes(name) !== true);
      if (lacking.length > 0) findings.add('capabilityAmbient', pointer, { value: name, set: lacking.join(' and ') });
    });
  }
}
