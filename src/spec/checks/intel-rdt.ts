import type { Spec } from '../types.ts';
import type { Findings } from './findings.ts';

/** Intel RDT: a class that is one directory, lines without line ends (config-linux.md, IntelRdt). */
export function checkIntelRdt(spec: Spec, findings: Findings): void {
  const rdt = spec.linux?.intelRdt;
  if (rdt === undefined) return;
  const pointer = '/linux/intelRdt';
  const { closID, l3CacheSchema, schemata } = rdt;
  if (closID !== undefined && closID !== '/' &&
    (closID.includes('/') || closID.includes('\n') || closID === '.' || closID === '..'))
  {
    findings.add('rdtClass', `${pointer}/closID`, { value: closID });
  }
  if (l3CacheSchema?.includes('\n') === true)
    findings.add('rdtLine', `${pointer}/l3CacheSchema`, { name: 'l3CacheSchema' });
  else if (findings.warnings && l3CacheSchema !== undefined && l3CacheSchema !== '' &&
    !l3CacheSchema.startsWith('L3'))
  {
    findings.add('rdtPrefix', `${pointer}/l3CacheSchema`, { value: l3CacheSchema });
  }
  for (let index = 0; index < (schemata?.length ?? 0); index++) {
    if (schemata![index]!.includes('\n'))
      findings.add('rdtLine', `${pointer}/schemata/${index}`, { name: `schemata[${index}]` });
  }
}
