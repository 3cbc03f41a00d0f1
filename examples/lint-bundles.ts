// A step of CI: checks every bundle below some folders. A line per finding, in the form of compilers, which editors and CI
// services read; the status is 1 when one of them is an error, 2 when there is no bundle.
//
//   lint-bundles.js [--text-only] FOLDER...
//
// --text-only does not look at the root file system, the program, hooks, and the sources of bind mounts.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { validate } from 'veloci';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'text-only': { type: 'boolean' } } });

/** Each config.json below a folder. A bundle's own root file system is not searched. */
function* configurations(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  const config = entries.find(({ name }) => name === 'config.json');
  if (config !== undefined) {
    yield join(folder, config.name);
    return;
  }
  for (const entry of entries) if (entry.isDirectory()) yield* configurations(join(folder, entry.name));
}

let bundles = 0, errors = 0;
for (const folder of positionals) {
  for (const path of configurations(folder)) {
    bundles++;
    const findings = validate(readFileSync(path), values['text-only'] ? {} : { bundle: dirname(path) });
    for (const { severity, code, message, at, hint } of findings) {
      if (severity === 'error') errors++;
      const advice = hint === undefined ? '' : ` (${hint})`;
      console.log(`${relative('', path)}:${at?.line ?? 0}:${at?.column ?? 0}: ${severity}: ${code}: ${message}${advice}`);
    }
  }
}
console.error(`${bundles} bundles, ${errors} errors`);
if (bundles === 0) process.exitCode = 2;
else if (errors > 0) process.exitCode = 1;
