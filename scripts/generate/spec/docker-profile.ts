import { readFileSync } from 'node:fs';
import { inRoot } from '../../lib/root.ts';
import { notice } from '../names.ts';

/** Text of src/generated/docker-profile.ts: schema/docker-seccomp.json as one JSON text, which only `spec` parses. */
export function dockerProfile(): string {
  const text = JSON.stringify(JSON.parse(readFileSync(inRoot('schema', 'docker-seccomp.json'), 'utf8')));
  return `// ${notice}

/**
 * linux.seccomp as Docker gives it to a container with its default capabilities on x86-64 and Linux 4.8 or later, as JSON text:
 * the default profile of Docker 24 (moby/moby at 00f3d189), without io_uring_*, which later versions refuse.
 */
export const dockerProfile = ${JSON.stringify(text)};
`;
}
