// npm run test:vm [-- --guest GUEST] [NAME...]: the compiled black-box tests inside a virtual machine with systemd, all
// in one run. NAMEs choose test files (process/exec, cgroup, conformance/config …): files of that name, and those of a
// folder; without any, all of them. The results stay in build/vm-results/GUEST, those of files that are not chosen as long
// as the runtime is the same build: npm run conformance -- --vm counts them. What veloci did stands in test/vm/results.tsv,
// too, and in docs/guests.md. GUEST is what the machine boots:
//
//   v2         cgroup v2 alone, AppArmor (the default)
//   5.10       the same with Linux 5.10, the oldest that is supported
//   hybrid     the controllers of cgroup v1, v2 beside them, and the kernel of Debian 12
//   v1         cgroup v1 alone, and the same kernel
//   selinux    cgroup v2 alone, SELinux with Debian's policy, not enforced
//   arm64      the same as v2 on an emulated arm64 machine, Debian 13; --arch arm64 says that, too
//   arm64-16k  the same with pages of 16 KB
//
//   RUNTIME=PATH             the runtime; crun and runc are in the guest (default dist/bin/veloci)
//   VELOCI_TEST_SCALE=N      multiplies time limits (default 10: the guest may be emulated)
//   VELOCI_TEST_HUNTS=N      rounds of each case of security/hunter
//   VELOCI_VM_SECONDS=N      the most that one file may take (default 1800)
//   VM_…                     see test/vm/vm-build and test/vm/vm-run
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { arch } from 'node:process';
import { parseArgs } from 'node:util';
import { compiledPath } from '../conformance/matrix.ts';
import { busyboxRootfs, program } from '../test/support/helpers.ts';
import { repository } from '../test/support/paths.ts';
import { programsOf } from './build.ts';
import { machineOf, ownMachine, toolchain } from './build/toolchain.ts';
import { ExpectedError } from './lib/command.ts';
import { filesBelow } from './lib/files.ts';
import { fingerprint, guestMachine, guests, isGuest, readGuestFile, resultsOf,
  type Guest } from './lib/guest-results.ts';
import { keepGuestLines, type GuestLine } from './lib/guest-table.ts';
import { inRoot } from './lib/root.ts';
import type { Result } from './lib/tap-results.ts';

/** The guest runs the files one after the other; each leaves NAME.tap, NAME.err and NAME.status in the results. */
const guestScript = `
results=$1 seconds=$2 image=$3 tree=$4; shift 4
mkdir -p "$tree"
mount -o loop,ro "$image" "$tree" || exit
cd "$tree"
[[ -e node ]] && PATH=$tree:$PATH
# What the image lacks of the cache is made here, where only the guest can make it.
[[ $XDG_CACHE_HOME = "$tree"/* ]] || { mkdir -p "$XDG_CACHE_HOME" && cp -a build/vm-cache/. "$XDG_CACHE_HOME"; }
uname -r >"$results/kernel"
while (($#)); do
  echo "# $1" >&2
  timeout --kill-after=10 "$seconds" node --enable-source-maps "$2" \
    >"$results/$1.tap" 2>"$results/$1.err" </dev/null
  echo $? >"$results/$1.status"
  sync "$results/$1".*
  echo "ended $1"
  shift 2
done
`;

/** Where the guest has all that the tests read: every look into the shared folder goes through the host. */
const tree = '/usr/local/lib/veloci-tests';

/** Packages that only builds need: not for the guest. */
const ofBuilds = ['typescript', '@typescript', '@esbuild', '@dprint', 'prettier', 'tshy', '@types', '.cache'];

/**
 * The checkout with what is built, node_modules and Node.js itself, as a file system. Of another machine `programs` has what is
 * built, and its guest Node.js.
 */
const imageScript = `
set -e
image=$1 modules=$2 node=$3 programs=$4 cache=$5; shift 5
rm -rf "$image" "$image.tree"
mkdir "$image.tree" "$image.tree/build"
trap 'rm -rf "$image.tree"' EXIT
copy() { cp -a --link "$@" 2>/dev/null || cp -a "$@"; }
for each in *; do case $each in build|node_modules) ;; *) copy "$each" "$image.tree/" ;; esac; done
for each in build/*; do case $each in "$image"*|build/meson|build/vm-results|build/vm-cache*|build/packages) ;; *) copy "$each" "$image.tree/build/" ;; esac; done
copy "$modules/" "$image.tree/node_modules"
cd "$image.tree/node_modules"
rm -rf "$@"
cd "$OLDPWD"
copy "$cache" "$image.tree/build/vm-cache"
if [[ $programs ]]; then
  for each in bin/veloci bin/veloci-unpack veloci.node; do
    rm "$image.tree/dist/$each"
    cp "$programs/$each" "$image.tree/dist/$each"
  done
else
  cp "$node" "$image.tree/node"
fi
truncate -s 0 "$image"
size=$(du -sm --apparent-size "$image.tree")
mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$image.tree" "$image" $((\${size%%[^0-9]*} * 3 / 2 + 32))M
`;

/** What the compiled test files are named here: `integration/process/exec`, `conformance/config`. */
const places = { integration: 'build/test/integration', conformance: 'build/conformance/tests' } as const;

/** Names of the test files, in the order of the arguments. What needs Debian's packages in the guest is left out. */
function testFiles(args: readonly string[]): string[] {
  const all = Object.entries(places)
    .flatMap(([place, folder]) =>
      filesBelow(folder, '.test.js').map((path) => join(place, relative(inRoot(folder), path).slice(0, -8)))
    )
    .filter((name) => !/debian|podman/.test(name));
  const files = args.length === 0
    ? all
    : [...new Set(args.flatMap((name) => all.filter((file) => `/${file}/`.includes(`/${name.replace(/\/$/, '')}/`))))];
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

/** Prints how a file ended. */
function report(guest: Guest, file: string, commit: string): GuestLine {
  const ran = readGuestFile(guest, file);
  if (ran === undefined) throw new ExpectedError(`the guest has left no results of ${file}`);
  const { results, status } = ran;
  const of = (outcome: Result['outcome']): Result[] => results.filter((result) => result.outcome === outcome);
  const failed = of('failed').map(({ path }) => path[0] ?? '');
  const skipped = of('skipped').map(({ path, reason }) => `${path[0]}: ${reason}`);
  const passed = of('passed').length;
  if (status !== 0 && failed.length === 0) failed.push(`it left with ${status}`);
  console.log(`${file}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  for (const name of failed) console.log(`    not ok ${name}`);
  for (const words of skipped) console.log(`    skipped ${words}`);
  const kernel = readFileSync(join(resultsOf(guest), 'kernel'), 'utf8').trim();
  const date = new Date().toISOString().slice(0, 10);
  return { guest, file, kernel, date, commit, passed, failed, skipped };
}

/** The commit that the runtime was built from, as it tells it. */
function commitOf(runtime: string): string {
  return /^commit: (.*)$/m.exec(execFileSync(runtime, ['--version'], { encoding: 'utf8' }))?.[1] ?? '';
}

/** Entry point of the script; resolves to the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { guest: { type: 'string' }, arch: { type: 'string', default: arch } },
    allowPositionals: true,
  });
  const guest = values.guest ?? (machineOf(values.arch) === 'aarch64' ? 'arm64' : 'v2');
  if (!isGuest(guest))
    throw new ExpectedError(`unknown guest "${guest}": there are ${Object.keys(guests).join(', ')}`);
  const machine = guestMachine(guest);
  const foreign = machine !== ownMachine;
  // The guest sees the repository alone. What only it can run it makes there.
  const cache = join(repository, 'build', foreign ? `vm-cache-${machine}` : 'vm-cache');
  process.env['XDG_CACHE_HOME'] = cache;
  if (foreign) {
    process.env['VELOCI_TEST_CC'] = `${(await toolchain(machine)).prefix}gcc`;
    program('probe');
  } else {
    busyboxRootfs();
    // The guest's own loses no_new_privs.
    const criu = spawnSync(join(repository, 'test/support/host/get-newer'), ['criu', 'usr/sbin/criu'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (criu.status !== 0) console.log('no newer CRIU for the guest: tests of checkpoints are skipped');
  }

  const files = testFiles(positionals);
  const given = process.env['RUNTIME'];
  const runtime = given || join(repository, programsOf(machine), 'bin/veloci');
  makeRoom(guest, files, existsSync(runtime) ? fingerprint(runtime) : runtime);
  const commit = given ? '' : commitOf(runtime);

  const image = 'build/vm-image';
  execFileSync('bash', ['-c', imageScript, 'image', image, realpathSync(join(repository, 'node_modules')),
    process.execPath, foreign ? programsOf(machine) : '', cache, ...ofBuilds], { cwd: repository, stdio: 'inherit' });
  const child = spawn(join(repository, 'test/vm/vm-run'), [
    '--',
    'env',
    `RUNTIME=${given || join(tree, 'dist/bin/veloci')}`,
    `XDG_CACHE_HOME=${foreign ? '/var/cache/veloci-tests' : join(tree, 'build/vm-cache')}`,
    `VELOCI_TEST_SCALE=${process.env['VELOCI_TEST_SCALE'] || 10}`,
    ...(process.env['VELOCI_TEST_HUNTS'] === undefined
      ? []
      : [`VELOCI_TEST_HUNTS=${process.env['VELOCI_TEST_HUNTS']}`]),
    'bash',
    '-c',
    guestScript,
    'guest',
    resultsOf(guest),
    process.env['VELOCI_VM_SECONDS'] || '1800',
    join(repository, image),
    tree,
    ...files.flatMap((file) => [file, compiledPath(file)]),
  ], {
    stdio: ['inherit', 'pipe', 'inherit'],
    cwd: repository,
    env: {
      ...guests[guest],
      ...process.env,
      XDG_CACHE_HOME: '',
      VM_PROJECT: repository,
    },
  });
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  // Each file is kept when it ends: a guest may be stopped before its last.
  const lines: GuestLine[] = [];
  for await (const said of createInterface({ input: child.stdout })) {
    const file = /^ended (.+)$/.exec(said)?.[1];
    if (file === undefined) continue;
    const line = report(guest, file, commit);
    lines.push(line);
    if (!given) keepGuestLines([line]);
  }
  const status = await ended;
  const missing = files.filter((file) => !lines.some((line) => line.file === file));
  for (const file of missing) console.log(`${file}: did not run`);
  const passed = lines.reduce((total, line) => total + line.passed, 0);
  const failed = lines.reduce((total, line) => total + line.failed.length, missing.length);
  console.log(`results: ${relative(repository, resultsOf(guest))}\n${passed} passed, ${failed} failed`);
  return status || Number(failed !== 0);
}
