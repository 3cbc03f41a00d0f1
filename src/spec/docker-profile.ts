import type { Seccomp } from '../generated/config.ts';
import { dockerProfile } from '../generated/docker-profile.ts';

/** Docker's seccomp profile, which the build has made into a text. */
export function readDockerProfile(): Seccomp {
  return JSON.parse(dockerProfile) as Seccomp;
}
