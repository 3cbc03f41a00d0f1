// --learn: a filter under which every system call is noted by the command and then made as without a filter.
import type { Spec } from '../../../generated/config.ts';
import { callTables } from '../../../spec/seccomp/docker-profile.ts';
import { annotationNames } from '../../annotations.ts';

/**
 * The configuration with that filter in place of its own.
 *
 * @param paths whether paths are noted, too: without rules of Landlock then
 */
export function learningSpec(spec: Spec, arch: string, paths: boolean): Spec {
  const { [annotationNames.seccompProgram]: _own, ...annotations } = spec.annotations ?? {};
  if (paths) delete annotations[annotationNames.landlock];
  return {
    ...spec,
    ...(spec.annotations === undefined ? {} : { annotations }),
    linux: { ...spec.linux,
      seccomp: { defaultAction: 'SCMP_ACT_NOTIFY', architectures: callTables[arch]?.slice(1) ?? [], flags: [] } },
  };
}
