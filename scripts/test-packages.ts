// npm run test:packages [-- WORD...]: the packages in fresh root file systems, installed by their users' commands; podman there runs
// containers with them, through an upgrade and a removal. As root. Words choose releases of Debian.
//
//   VELOCI_PACKAGES=DIR   packages that exist, in place of new ones
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync,
  writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { debianMirror } from './build/sources.ts';
import { cached } from './lib/cache.ts';
import { command, ExpectedError } from './lib/command.ts';
import { inRoot, root } from './lib/root.ts';
import { main as makePackages } from './package.ts';

/** Releases of Debian, oldest first. */
const releases = ['bullseye', 'bookworm', 'trixie', 'sid'];
const included = 'podman,crun,ca-certificates,busybox-static,rpm,procps,apparmor';

/** A fresh root file system with podman, as an archive in the cache. */
async function freshRoot(release: string): Promise<string> {
  const mirror = await debianMirror();
  const folder = await cached(`roots/${release}-${included.replaceAll(',', '-')}`, async (draft) => {
    console.log(`${release}: making a root file system`);
    await command('mmdebstrap', ['--variant=minbase', `--include=${included}`, // A mirror may be older than its own list allows.
      '--aptopt=Acquire::Check-Valid-Until "false"', release, join(draft, 'root.tar'), mirror]);
  });
  return join(folder, 'root.tar');
}

/** A copy of a package with a higher version: what an upgrade installs. */
function newer(deb: string, folder: string): string {
  const work = join(folder, 'newer');
  const run = (name: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(name, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
  };
  run('dpkg-deb', '-R', deb, work);
  const control = join(work, 'DEBIAN', 'control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^(Version: .*)$/m, '$1+newer'));
  const output = join(folder, 'newer.deb');
  run('dpkg-deb', '--build', '--root-owner-group', '-Zgzip', work, output);
  rmSync(work, { recursive: true });
  return output;
}

/** Runs the steps of packaging/test.sh in a root, in namespaces of their own; what went wrong. */
function tryIn(archive: string, packages: string, release: string): string[] {
  const work = mkdtempSync(join(tmpdir(), 'veloci-packages-'));
  try {
    const inside = join(work, 'root');
    mkdirSync(inside);
    const unpacked = spawnSync('tar', ['-xf', archive, '-C', inside, '--exclude=./dev/*'], { encoding: 'utf8' });
    if (unpacked.status !== 0) return [`${release}: ${unpacked.stderr}`];
    const files = join(inside, 'packages');
    mkdirSync(files);
    for (const name of readdirSync(packages)) {
      if (/\.(deb|rpm|gz)$/.test(name)) copyFileSync(join(packages, name), join(files, name));
      if (name.endsWith('.deb')) copyFileSync(newer(join(packages, name), work), join(files, 'newer.deb'));
    }
    copyFileSync(inRoot('packaging', 'test.sh'), join(files, 'test.sh'));
    const { status, stdout, stderr } = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', '--net',
      '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--propagation', 'private', 'sh',
      inRoot('packaging', 'enter.sh'), inside], { encoding: 'utf8', timeout: 600_000 });
    for (const line of stdout.split('\n').filter((line) => line !== '')) console.log(`${release}: ${line}`);
    const failed = stdout.split('\n').filter((line) => line.startsWith('FAILED')).map((line) => `${release}: ${line}`);
    if (!stdout.includes('\nended'))
      failed.push(`${release}: the steps ended early, with ${status}: ${stderr.slice(-500)}`);
    return failed;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** lintian's errors and warnings. */
function lintian(packages: string): string[] {
  const debs = readdirSync(packages).filter((name) => name.endsWith('.deb')).map((name) => join(packages, name));
  const { stdout } = spawnSync('lintian', debs, { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => /^[EW]:/.test(line));
}

export async function main(args: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0) throw new ExpectedError('root file systems are made and entered as root');
  const given = process.env['VELOCI_PACKAGES'];
  if (given === undefined) await makePackages([]);
  const packages = given === undefined ? inRoot('build', 'packages') : resolve(root, given);
  if (!existsSync(packages)) throw new ExpectedError(`${packages} is no folder`);
  const failures = lintian(packages);
  for (const release of releases.filter((name) => args.length === 0 || args.includes(name))) {
    try {
      failures.push(...tryIn(await freshRoot(release), packages, release));
    } catch (error) {
      failures.push(`${release}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const failure of failures) console.log(`FAILED ${failure}`);
  console.log(`${failures.length} failures`);
  return failures.length > 0 ? 1 : 0;
}
