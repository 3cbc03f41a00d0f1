import type { Spec } from '../types.ts';
import type { Findings } from './findings.ts';

/** The root file system must be there, the keys of annotations must not be empty (config.md). */
export function checkPresence(spec: Spec, findings: Findings): void {
  if (spec.root === undefined) findings.add('rootMissing', '');
  else if (spec.root.path === '')
    findings.add('emptyValue', '/root/path', { name: 'root.path', remedy: 'write the path of the root file system' });
  // It is needed by start alone (runtime.md, Create).
  if (spec.process === undefined && findings.warnings) findings.add('processMissing', '');
  if (spec.annotations !== undefined && Object.hasOwn(spec.annotations, ''))
    findings.addKey('annotationKey', '/annotations/');
}
