import type { Spec } from '../types.ts';
import { hasParent, isAbsolute, mustBeAbsolute, type Findings } from './findings.ts';

/** Masked and read-only paths are absolute (config-linux.md). */
export function checkPaths(spec: Spec, findings: Findings): void {
  const { linux } = spec;
  if (linux === undefined) return;
  for (const name of ['maskedPaths', 'readonlyPaths'] as const) {
    const paths = linux[name];
    if (paths === undefined) continue;
    for (let index = 0; index < paths.length; index++) {
      const path = paths[index] as string;
      if (!isAbsolute(path)) mustBeAbsolute(findings, path, `${name}[${index}]`, `/linux/${name}/${index}`);
    }
  }
}

/** The path of the cgroup stays below its place (config-linux.md, Cgroups path). */
export function checkCgroupsPath(spec: Spec, findings: Findings): void {
  const path = spec.linux?.cgroupsPath;
  if (path === undefined || path === '') return;
  if (hasParent(path)) findings.add('cgroupsPath', '/linux/cgroupsPath', { value: path });
}
