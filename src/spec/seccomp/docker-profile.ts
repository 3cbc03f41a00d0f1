import type { Seccomp, SeccompArchitecture } from '../../generated/config.ts';
import { dockerProfile } from '../../generated/docker-profile.ts';

/** The tables of system calls that a processor has, its own first, by the machine of uname(2). */
export const callTables: Readonly<Record<string, readonly SeccompArchitecture[]>> = {
  x86_64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  aarch64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** Docker's seccomp profile, which the build has made into a text, for programs of a machine. */
export function readDockerProfile(machine = 'x86_64'): Seccomp {
  const profile = JSON.parse(dockerProfile) as Seccomp;
  return { ...profile, architectures: [...callTables[machine] ?? []] };
}
