// Installs what a build has made: command, manual pages, completions; `--remove` removes it.
//   PREFIX=/usr DESTDIR=/tmp/root node scripts/run.mjs install [--remove]
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExpectedError } from './lib/command.ts';
import { installation } from './lib/installation.ts';
import { inRoot } from './lib/root.ts';

/** Puts a file in its place at one instant: containers may be started with the old one meanwhile. */
function place(from: string, to: string, mode: number): void {
  mkdirSync(dirname(to), { recursive: true });
  const fresh = `${to}.new`;
  copyFileSync(from, fresh);
  chmodSync(fresh, mode);
  renameSync(fresh, to);
}

export function main(args: readonly string[]): number {
  const [flag] = args;
  if (args.length > 1 || (flag !== undefined && flag !== '--remove')) {
    throw new ExpectedError('usage: [PREFIX=/usr/local] [DESTDIR=] npm run install:system [-- --remove]');
  }
  if (!existsSync(inRoot('dist/bin/veloci')))
    throw new ExpectedError('there is nothing to install: npm run build comes first');
  const below = join(process.env['DESTDIR'] ?? '/', process.env['PREFIX'] ?? '/usr/local');
  for (const { from, to, mode } of installation(inRoot())) {
    const path = join(below, to);
    if (flag === '--remove') rmSync(path, { force: true });
    else place(from, path, mode);
    console.log(flag === '--remove' ? `removed ${path}` : path);
  }
  return 0;
}
