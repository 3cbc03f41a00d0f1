// npm run test:vm [-- NAME...]: the compiled black-box tests inside a virtual machine with systemd and
// cgroup v2 alone, all in one run. NAMEs choose test files (lifecycle, exec …); without any, all of them.
//
//   RUNTIME=PATH             the runtime; crun and runc are in the guest (default dist/bin/veloci)
//   VELOCI_TEST_SCALE=N      multiplies time limits (default 10: the guest may be emulated)
//   VM_…                     see test/vm/vm-build and test/vm/vm-run
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { busyboxRootfs } from '../test/support/helpers.ts';
import { repository } from '../test/support/paths.ts';

/** The guest runs the files one after the other; each leaves NAME.tap and NAME.status in the results. */
const guestScript = `
results=$1; shift
mkdir -p /tmp/run
cp "$(readlink -f "$(command -v node)")" /usr/local/lib/node # the sandbox hides /run, where it is
for file; do
  name=$(basename "$file" .test.js)
  echo "# $name" >&2
  /usr/local/lib/node "$file" >/tmp/run/$name.tap 2>/tmp/run/$name.err </dev/null
  echo $? >/tmp/run/$name.status
done
cp /tmp/run/* "$results"/
`;

/** "ok", "failed" and "todo" of a TAP file of ours: one nested test point for each case. */
function count(tap: string): { failed: string[]; todo: number; passed: number } {
  const failed = [...tap.matchAll(/^ {4}not ok \d+ - (?!.*# TODO)(.*)$/gm)].map((match) => match[1] ?? '');
  return { failed, todo: tap.match(/^ {4}not ok .*# TODO/gm)?.length ?? 0, passed: tap.match(/^ {4}ok /gm)?.length ?? 0 };
}

/** Entry point of the script; resolves to the exit status. */
export async function main(args: string[]): Promise<number> {
  const cache = join(repository, 'build/vm-cache');
  process.env['XDG_CACHE_HOME'] = cache; // the guest sees the repository alone
  busyboxRootfs();

  const dir = join(repository, 'build/test/integration');
  const files = readdirSync(dir).filter((name) => name.endsWith('.test.js') && !/debian|podman/.test(name))
    .filter((name) => args.length === 0 || args.includes(name.slice(0, -'.test.js'.length)));
  const results = join(repository, 'build/vm-results');
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });

  // a linked node_modules lies outside of the shared folder
  const modules = dirname(realpathSync(join(repository, 'node_modules')));
  const runtime = process.env['RUNTIME'] || join(repository, 'dist/bin/veloci');
  const child = spawn(join(repository, 'test/vm/vm-run'), ['--', 'env', `RUNTIME=${runtime}`, `XDG_CACHE_HOME=${cache}`,
    `VELOCI_TEST_SCALE=${process.env['VELOCI_TEST_SCALE'] || 10}`, 'bash', '-c', guestScript, 'guest', results,
    ...files.map((name) => join(dir, name))], {
    stdio: 'inherit', cwd: repository,
    env: { ...process.env, XDG_CACHE_HOME: '', VM_PROJECT: repository, ...(modules === repository ? {} : { VM_SHARE: modules }) },
  });
  const status = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  if (status !== 0) return status;

  let passed = 0;
  let failures = 0;
  for (const name of files.map((file) => file.slice(0, -'.test.js'.length))) {
    const { failed, todo, passed: ok } = count(readFileSync(join(results, `${name}.tap`), 'utf8'));
    const exit = Number(readFileSync(join(results, `${name}.status`), 'utf8'));
    const crashed = exit !== 0 && failed.length === 0;
    passed += ok;
    failures += failed.length + Number(crashed);
    console.log(`${name}: ${ok} passed, ${failed.length} failed, ${todo} known to fail${crashed ? `, left with ${exit}` : ''}`);
    for (const title of failed) console.log(`    not ok ${title}`);
  }
  console.log(`results: ${relative(repository, results)}\n${passed} passed, ${failures} failed`);
  return failures === 0 ? 0 : 1;
}
