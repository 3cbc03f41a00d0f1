// --learn: a filter under which every system call is noted by the command and then made as without a filter.
import type { Spec } from '../../../generated/config.ts';
import { callTables } from '../../../spec/docker-profile.ts';
import { annotationNames } from '../../annotations.ts';

/** The configuration with that filter in place of its own. */
export function learningSpec(spec: Spec, arch: string): Spec {
  const { [annotationNames.seccompProgram]: _own, ...annotations } = spec.annotations ?? {};
  return {
    ...spec,
    ...(spec.annotations === undefined ? {} : { annotations }),
    linux: { ...spec.linux,
      seccomp: { defaultAction: 'SCMP_ACT_NOTIFY', architectures: callTables[arch]?.slice(1) ?? [], flags: [] } },
  };
}
