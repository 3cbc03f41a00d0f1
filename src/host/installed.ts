import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where dist/ lies, seen from dist/lib/host/ and, for a checkout's tests, from build/src/host/. */
const places = ['../../', '../../../dist/'];

/**
 * Absolute path of a file that is installed beside the library.
 * @param name path below dist/
 */
export function installed(name: string): string {
  const paths = places.map((place) => fileURLToPath(new URL(place + name, import.meta.url)));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`${name} of veloci is missing: expected ${paths[0]}`);
  return path;
}
