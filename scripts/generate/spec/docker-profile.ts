import { readFileSync } from 'node:fs';
import { inRoot } from '../../lib/root.ts';
import { notice } from '../names.ts';

/** Text of src/generated/docker-profile.ts: schema/docker-seccomp.json as one JSON text, which only `spec` parses. */
export function dockerProfile(): string {
  const text = JSON.stringify(JSON.parse(readFileSync(inRoot('schema', 'docker-seccomp.json'), 'utf8')));
  return `// ${notice}

/** linux.seccomp as Docker gives it to a container with its default capabilities on x86-64, as JSON text. */
export const dockerProfile = ${JSON.stringify(text)};
`;
}
