// --learn: a filter under which every system call is noted by the command and then made as without a filter.
import type { SeccompArchitecture, Spec } from '../../../generated/config.ts';
import { annotationNames } from '../../annotations.ts';

/** The other system call tables of a processor. */
const siblings: Readonly<Record<string, readonly SeccompArchitecture[]>> = {
  x86_64: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  aarch64: ['SCMP_ARCH_ARM'],
};

/** The configuration with that filter in place of its own. */
export function learningSpec(spec: Spec, arch: string): Spec {
  const { [annotationNames.seccompProgram]: _own, ...annotations } = spec.annotations ?? {};
  return {
    ...spec,
    ...(spec.annotations === undefined ? {} : { annotations }),
    linux: { ...spec.linux,
      seccomp: { defaultAction: 'SCMP_ACT_NOTIFY', architectures: [...siblings[arch] ?? []], flags: [] } },
  };
}
