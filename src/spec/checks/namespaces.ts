import { utf8Of } from '../../base/utf8.ts';
import type { Namespace, NamespaceType, Spec } from '../types.ts';
import { mustBeAbsolute, type Findings } from './findings.ts';

/** The entry of a kind of namespace, or undefined when the container shares it with the caller. */
export function namespaceOf(spec: Spec, type: NamespaceType): Namespace | undefined {
  const namespaces = spec.linux?.namespaces;
  if (namespaces === undefined) return undefined;
  for (let index = 0; index < namespaces.length; index++)
    if (namespaces[index]!.type === type) return namespaces[index];
  return undefined;
}

/** Each kind once, absolute paths; what needs a namespace of its own (config-linux.md, Namespaces). */
export function checkNamespaces(spec: Spec, findings: Findings): void {
  const namespaces = spec.linux?.namespaces ?? [];
  for (let index = 0; index < namespaces.length; index++) {
    const { type, path } = namespaces[index]!;
    const pointer = `/linux/namespaces/${index}`;
    for (let other = 0; other < index; other++) {
      if (namespaces[other]!.type === type) {
        findings.add('namespaceDuplicate', `${pointer}/type`, { value: type });
        break;
      }
    }
    if (path !== undefined && path !== '')
      mustBeAbsolute(findings, path, `path of the ${type} namespace`, `${pointer}/path`);
  }
  if (namespaceOf(spec, 'mount') === undefined) {
    const pointer = spec.linux?.namespaces === undefined
      ? (spec.linux === undefined ? '' : '/linux')
      : '/linux/namespaces';
    findings.add('namespaceMissing', pointer, { what: 'the container', type: 'mount' });
  }
  checkTimeOffsets(spec, findings);
  for (const name of ['hostname', 'domainname'] as const) {
    const value = spec[name] ?? '';
    if (/[\0-\x1f\x7f]/.test(value)) findings.add('nameControl', `/${name}`, { name });
    if (utf8Of(value).length > longestName) findings.add('nameLong', `/${name}`, { name, value, most: longestName });
  }
  if ((spec.hostname ?? '') !== '' || (spec.domainname ?? '') !== '') {
    if (namespaceOf(spec, 'uts') !== undefined) return;
    for (const name of ['hostname', 'domainname'] as const) {
      if ((spec[name] ?? '') !== '') findings.add('namespaceMissing', `/${name}`, { what: name, type: 'uts' });
    }
  }
}

/** Most bytes of a host name or domain name (__NEW_UTS_LEN). */
const longestName = 64;

/** Offsets belong to a new time namespace (config-linux.md, Offset for Time Namespace). */
function checkTimeOffsets(spec: Spec, findings: Findings): void {
  const offsets = spec.linux?.timeOffsets;
  if (offsets === undefined || Object.keys(offsets).length === 0) return;
  if (namespaceOf(spec, 'time') === undefined)
    findings.addKey('namespaceMissing', '/linux/timeOffsets', { what: 'timeOffsets', type: 'time' });
  for (const clock of ['monotonic', 'boottime'] as const) {
    const nanosecs = offsets[clock]?.nanosecs;
    if (nanosecs !== undefined && nanosecs > 999999999) {
      findings.add('valueRange', `/linux/timeOffsets/${clock}/nanosecs`, { name: `timeOffsets.${clock}.nanosecs`,
        value: nanosecs, expected: 'below 1000000000' });
    }
  }
}
