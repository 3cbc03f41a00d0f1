import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where dist/ lies, seen from dist/lib/host/ and, for a checkout's tests, from build/src/host/. */
const places = ['../../', '../../../dist/'];

/** The folder of npm's package with the programs for this processor; undefined when it is not installed. */
function platformFolder(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** What to do about programs that are not there. */
function explain(name: string, platform: string): string {
  if (process.platform !== 'linux') return `veloci runs on Linux alone, and this is ${process.platform}`;
  if (!['x64', 'arm64'].includes(process.arch)) return `there is no veloci for the processor ${process.arch}`;
  return `${name} of veloci is missing: it comes with the optional package ${platform}. npm leaves that out with --omit=optional, and `
    + 'when node_modules or the lock file were made on another system: install again here, without that flag. In a checkout, '
    + 'npm run build makes it';
}

/**
 * Absolute path of a file that is installed with the library: by npm in a package for the processor, in a checkout in dist/.
 * @param name path below dist/, or below that package
 * @throws Error that says why there is none
 */
export function installed(name: string): string {
  const beside = places.map((place) => fileURLToPath(new URL(place + name, import.meta.url))).find((path) =>
    existsSync(path)
  );
  if (beside !== undefined) return beside;
  const platform = `@veloci/${process.platform}-${process.arch}`;
  const folder = platformFolder(platform);
  if (folder === undefined || !existsSync(join(folder, name))) throw new Error(explain(name, platform));
  return join(folder, name);
}
