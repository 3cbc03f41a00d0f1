import { oldestSpecVersion, parseVersion, specVersion } from '../version.ts';
import type { Spec } from '../types.ts';
import type { Findings } from './findings.ts';

type Version = { readonly major: number; readonly minor: number };

/** ociVersion must be a version 1.x (config.md, Specification version). */
export function checkVersion({ ociVersion }: Spec, findings: Findings): void {
  if (ociVersion === specVersion) return;
  const version = parseVersion(ociVersion);
  if (version === undefined) {
    findings.add('versionInvalid', '/ociVersion', { value: ociVersion });
  } else if (version.major !== (parseVersion(oldestSpecVersion) as Version).major) {
    findings.add('versionUnsupported', '/ociVersion', { value: ociVersion, newest: specVersion });
  } else if (findings.warnings && version.minor > (parseVersion(specVersion) as Version).minor) {
    findings.add('versionNewer', '/ociVersion', { value: ociVersion, newest: specVersion });
  }
}
