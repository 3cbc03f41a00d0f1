import { capabilityNames, capabilityNumber, lostCapabilities, uselessAmbient } from '../capabilities.ts';
import type { Process } from '../types.ts';
import type { Findings } from './findings.ts';

const sets = ['bounding', 'permitted', 'effective', 'inheritable', 'ambient'] as const;

/**
 * Unknown capabilities are left out with a warning (config.md, Linux process), or refused under some names; ambient ones need
 * two other sets. Root needs no ambient ones: its programs get what is in the bounding set (capabilities(7)), and
 * `runc spec` of 1.1 lists some without effect.
 */
export function checkCapabilities(process: Process, pointer: string, findings: Findings): void {
  const { capabilities } = process;
  const strict = findings.habits.refusesUnknownCapabilities;
  if (capabilities === undefined || (!findings.warnings && !strict)) return;
  for (const set of sets) {
    capabilities[set]?.forEach((name, index) => {
      if (capabilityNumber(name) !== undefined) return;
      const prefixed = name.toUpperCase().startsWith('CAP_') ? name : `CAP_${name}`;
      findings.add(strict ? 'capabilityRefused' : 'capabilityUnknown', `${pointer}/capabilities/${set}/${index}`, {
        value: name,
        suggestion: findings.suggest(prefixed, capabilityNames()),
      });
    });
  }
  if (!findings.warnings) return;
  for (const { set, needs, names } of lostCapabilities(capabilities))
    findings.add('capabilityLost', `${pointer}/capabilities/${set}`, { set, needs, value: names.join(', ') });
  if ((process.user?.uid ?? 0) === 0) return;
  const useless = uselessAmbient(capabilities);
  if (useless.length > 0)
    findings.add('capabilityAmbient', `${pointer}/capabilities/ambient`, { value: useless.join(', ') });
}
