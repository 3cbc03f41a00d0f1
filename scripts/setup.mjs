// Installs what veloci needs to be built and tested. Runs before node_modules exists: no imports but node's own.
// A second call does nothing and takes a few milliseconds.
//
//   node scripts/setup.mjs [--build-only] [--package] [--vm] [--engines] [--arm64]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from './lib/installed.mjs';

/** Debian packages, by what they are needed for. */
const packages = {
  build: ['build-essential', 'musl-tools', 'meson', 'ninja-build', 'gperf', 'dpkg-dev', 'xz-utils', 'busybox-static',
    'debian-archive-keyring'],
  test: [
    'crun',
    'runc',
    'podman',
    'conmon',
    'netavark',
    'iptables',
    'debootstrap',
    'uidmap',
    'procps',
    'iproute2',
    'strace',
    'jq',
    'mandoc',
    'clang-14',
    'clang-format-14',
    'libclang-rt-14-dev',
  ],
  engines: [
    'buildah',
    'containerd',
    'docker.io',
    'containernetworking-plugins',
    'slirp4netns',
    'fuse-overlayfs',
    'catatonit',
    'postgresql-client',
    'bsdutils',
  ],
  package: ['rpm', 'lintian'],
  // To build for arm64 and to try it here; nothing but --arm64 asks for these.
  arm64: ['gcc-aarch64-linux-gnu', 'g++-aarch64-linux-gnu', 'qemu-user-static', 'qemu-system-arm'],
  vm: ['qemu-system-x86', 'mmdebstrap', 'e2fsprogs', 'cpio', 'kmod'],
};

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');

function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

function runOrFail(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  });
  if (error) fail(`cannot run ${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed with status ${status}`);
}

/** The packages of `wanted` that dpkg does not know as installed; undefined where there is no dpkg. */
function missingPackages(wanted) {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...wanted], {
    encoding: 'utf8',
  });
  if (query.error?.code === 'ENOENT') return undefined;
  if (query.error) fail(`cannot run dpkg-query: ${query.error.message}`);
  const installed = new Set();
  for (const line of query.stdout.split('\n')) {
    const [name, status] = line.split(' ');
    if (status === 'installed') installed.add(name);
  }
  return wanted.filter((name) => !installed.has(name));
}

function installPackages(wanted) {
  const missing = missingPackages(wanted);
  if (missing === undefined) {
    console.error(`setup: no dpkg here; the equivalents of these Debian packages are needed: ${wanted.join(' ')}`);
    return;
  }
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid() !== 0) {
    fail(
      `these packages are missing; install them and call again:\n\n  sudo apt-get update && sudo apt-get ${
        install.join(' ')
      }\n`,
    );
  }
  console.error(`setup: installing ${missing.join(' ')}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  runOrFail('apt-get', ['update', '-q'], options);
  runOrFail('apt-get', ['-q', ...install], options);
}

/** The packages of a lock file; none where there is no such file. */
function packagesOf(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages ?? {} : {};
}

/** `npm ci`, when node_modules is not what the lock file asks for: after `npm install` it is. */
function installModules() {
  const modules = join(root, 'node_modules');
  // A linked node_modules belongs to another checkout: use it, never rewrite it.
  if (existsSync(modules) && lstatSync(modules).isSymbolicLink()) return;
  once(join(modules, '.veloci-lock'), ['package-lock.json'], () => {
    const locked = packagesOf(join(root, 'package-lock.json'));
    if (isInstalled(locked, packagesOf(join(modules, '.package-lock.json')))) return;
    // No package here needs an install script, and none is run.
    runOrFail('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  });
  once(join(modules, '.veloci-tap'), ['package-lock.json', '.taprc'], () => {
    // tap compiles its set of plugins when it differs from the default; tests that run meanwhile would fail.
    runOrFail(process.execPath, [join(modules, 'tap', 'dist', 'esm', 'run.mjs'), 'build'], { stdio: 'ignore' });
  });
}

/** Calls `work` unless the stamp says that it was done with the same content of the files. */
function once(stamp, files, work) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(root, file)));
  const content = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === content) return;
  work();
  writeFileSync(stamp, content);
}

const flags = new Set(process.argv.slice(2));
for (const flag of flags)
  if (!['--build-only', '--package', '--vm', '--engines', '--arm64'].includes(flag)) fail(`unknown option ${flag}`);

installPackages([
  ...packages.build,
  ...(flags.has('--build-only') || flags.has('--package') ? [] : packages.test),
  ...(flags.has('--package') ? packages.package : []),
  ...(flags.has('--vm') ? packages.vm : []),
  ...(flags.has('--engines') ? packages.engines : []),
  ...(flags.has('--arm64') ? packages.arm64 : []),
]);
installModules();
