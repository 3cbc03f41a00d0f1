// npm run test:vm [-- --guest GUEST] [NAME...]: the compiled black-box tests inside a virtual machine with systemd, all
// in one run. NAMEs choose test files (process/exec, cgroup, conformance/config …): files of that name, and those of a
// folder; without any, all of them. The results stay in build/vm-results/GUEST, those of files that are not chosen as long
// as the runtime is the same build: npm run conformance -- --vm counts them. GUEST is what the machine boots:
//
//   v2         cgroup v2 alone, AppArmor (the default)
//   5.10       the same with Linux 5.10, the oldest that is supported
//   hybrid     the controllers of cgroup v1, v2 beside them, and the kernel of Debian 12
//   v1         cgroup v1 alone, and the same kernel
//   selinux    cgroup v2 alone, SELinux with Debian's policy, not enforced
//
//   RUNTIME=PATH             the runtime; crun and runc are in the guest (default dist/bin/veloci)
//   VELOCI_TEST_SCALE=N      multiplies time limits (default 10: the guest may be emulated)
//   VELOCI_VM_SECONDS=N      the most that one file may take (default 1800)
//   VM_…                     see test/vm/vm-build and test/vm/vm-run
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { compiledPath } from '../conformance/matrix.ts';
import { busyboxRootfs } from '../test/support/helpers.ts';
import { repository } from '../test/support/paths.ts';
import { ExpectedError } from './lib/command.ts';
import { filesBelow } from './lib/files.ts';
import { fingerprint, guests, readGuestFile, resultsOf, type Guest } from './lib/guest-results.ts';
import { inRoot } from './lib/root.ts';

/** The guest runs the files one after the other; each leaves NAME.tap, NAME.err and NAME.status in the results. */
const guestScript = `
results=$1 seconds=$2; shift 2
cp "$(readlink -f "$(command -v node)")" /usr/local/lib/node # the sandbox hides /run, where it is
while (($#)); do
  echo "# $1" >&2
  timeout --kill-after=10 "$seconds" /usr/local/lib/node --enable-source-maps "$2" >/tmp/tap 2>/tmp/err </dev/null
  status=$?
  cp /tmp/tap "$results/$1.tap"
  cp /tmp/err "$results/$1.err"
  echo $status >"$results/$1.status"
  shift 2
done
`;

/** What the compiled test files are named here: `integration/process/exec`, `conformance/config`. */
const places = { integration: 'build/test/integration', conformance: 'build/conformance/tests' } as const;

/** Names of the test files. What needs Debian's packages in the guest is left out. */
function testFiles(args: readonly string[]): string[] {
  const all = Object.entries(places)
    .flatMap(([place, folder]) =>
      filesBelow(folder, '.test.js').map((path) => join(place, relative(inRoot(folder), path).slice(0, -8)))
    )
    .filter((name) => !/debian|podman/.test(name));
  const files = args.length === 0
    ? all
    : all.filter((file) => args.some((name) => `/${file}/`.includes(`/${name.replace(/\/$/, '')}/`)));
  if (files.length === 0) throw new ExpectedError(`no test file is named ${args.join(' or ')}`);
  return files;
}

/** Removes the results of these files, and all results of another runtime. */
function makeRoom(guest: Guest, files: readonly string[], runtime: string): void {
  const guestResults = resultsOf(guest);
  const kept = join(guestResults, 'runtime');
  if (!existsSync(kept) || readFileSync(kept, 'utf8') !== runtime)
    rmSync(guestResults, { recursive: true, force: true });
  for (const file of files) {
    mkdirSync(join(guestResults, dirname(file)), { recursive: true });
    for (const ending of ['tap', 'err', 'status']) rmSync(join(guestResults, `${file}.${ending}`), { force: true });
  }
  mkdirSync(guestResults, { recursive: true });
  writeFileSync(kept, runtime);
}

/** Prints how a file ended; returns the numbers of tests that passed and failed. */
function report(guest: Guest, file: string): { passed: number; failed: number } {
  const found = readGuestFile(guest, file);
  if (found === undefined) {
    console.log(`${file}: did not run`);
    return { passed: 0, failed: 1 };
  }
  const { results, status } = found;
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const passed = results.filter(({ outcome }) => outcome === 'passed').length;
  const crashed = status !== 0 && failed.length === 0;
  console.log(
    `${file}: ${passed} passed, ${failed.length} failed, ${results.length - passed - failed.length} skipped${
      crashed ? `, left with ${status}` : ''
    }`,
  );
  for (const { path } of failed) console.log(`    not ok ${path[0]}`);
  for (const { path, reason } of results.filter(({ outcome }) => outcome === 'skipped'))
    console.log(`    skipped ${path[0]}: ${reason}`);
  return { passed, failed: failed.length + Number(crashed) };
}

/** Entry point of the script; resolves to the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { guest: { type: 'string', default: 'v2' } },
    allowPositionals: true,
  });
  const guest = values.guest as Guest;
  if (!(guest in guests))
    throw new ExpectedError(`unknown guest "${guest}": there are ${Object.keys(guests).join(', ')}`);
  const cache = join(repository, 'build/vm-cache');
  process.env['XDG_CACHE_HOME'] = cache; // the guest sees the repository alone
  busyboxRootfs();

  const files = testFiles(positionals);
  const runtime = process.env['RUNTIME'] || join(repository, 'dist/bin/veloci');
  makeRoom(guest, files, existsSync(runtime) ? fingerprint(runtime) : runtime);

  // a linked node_modules lies outside of the shared folder
  const modules = dirname(realpathSync(join(repository, 'node_modules')));
  const child = spawn(join(repository, 'test/vm/vm-run'), [
    '--',
    'env',
    `RUNTIME=${runtime}`,
    `XDG_CACHE_HOME=${cache}`,
    `VELOCI_TEST_SCALE=${process.env['VELOCI_TEST_SCALE'] || 10}`,
    'bash',
    '-c',
    guestScript,
    'guest',
    resultsOf(guest),
    process.env['VELOCI_VM_SECONDS'] || '1800',
    ...files.flatMap((file) => [file, join(repository, compiledPath(file))]),
  ], {
    stdio: 'inherit',
    cwd: repository,
    env: {
      ...guests[guest],
      ...process.env,
      XDG_CACHE_HOME: '',
      VM_PROJECT: repository,
      ...(modules === repository ? {} : { VM_SHARE: modules }),
    },
  });
  const status = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  if (status !== 0) return status;

  const counts = files.map((file) => report(guest, file));
  const sum = (pick: (one: { passed: number; failed: number }) => number): number =>
    counts.reduce((total, one) => total + pick(one), 0);
  const failed = sum((one) => one.failed);
  console.log(
    `results: ${relative(repository, resultsOf(guest))}\n${sum((one) => one.passed)} passed, ${failed} failed`,
  );
  return failed === 0 ? 0 : 1;
}
