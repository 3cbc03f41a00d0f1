import type { Namespace, NamespaceType, Spec } from '../types.ts';
import { mustBeAbsolute, type Findings } from './findings.ts';

/** The entry of a kind of namespace, or undefined when the container shares it with the caller. */
export function namespaceOf(spec: Spec, type: NamespaceType): Namespace | undefined {
  const namespaces = spec.linux?.namespaces;
  if (namespaces === undefined) return undefined;
  for (let index = 0; index < namespaces.length; index++) if (namespaces[index]!.type === type) return namespaces[index];
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
    if (path !== undefined && path !== '') mustBeAbsolute(findings, path, `path of the ${type} namespace`, `${pointer}/path`);
  }
  if (namespaceOf(spec, 'mount') === undefined) {
    const pointer = spec.linux?.namespaces === undefined ? (spec.linux === undefined ? '' : '/linux') : '/linux/namespaces';
    findings.add('namespaceMissing', pointer, { what: 'the container', type: 'mount' });
  }
  if ((spec.hostname ?? '') !== '' || (spec.domainname ?? '') !== '') {
    if (namespaceOf(spec, 'uts') !== undefined) return;
    for (const name of ['hostname', 'domainname'] as const) {
      if ((spec[name] ?? '') !== '') findings.add('namespaceMissing', `/${name}`, { what: name, type: 'uts' });
    }
  }
}
