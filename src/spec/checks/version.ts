import { oldestSpecVersion, parseVersion, specVersion } from '../version.ts';
import type { Spec } from '../types.ts';
import type { Findings } from './findings.ts';

/** ociVersion must be a version 1.x (config.md, Specification version). */
export function checkVersion({ ociVersion }: Spec, findings: Findings): void {
  if (ociVersion === specVersion) return;
  const version = parseVersion(ociVersion);
  const oldest = parseVersion(oldestSpecVersion) as { major: number };
  const newest = parseVersion(specVersion) as { minor: number };
  if (version === undefined) findings.add('versionInvalid', '/ociVersion', { value: ociVersion });
  else if (version.major !== oldest.major) findings.add('versionUnsupported', '/ociVersion', { value: ociVersion, newest: specVersion });
  else if (findings.warnings && version.minor > newest.minor) findings.add('versionNewer', '/ociVersion', { value: ociVersion, newest: specVersion });
}
