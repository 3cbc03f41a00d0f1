// Imported first by every integration test: runs the file again inside the sandbox (see sandbox.c) and
// leaves with its status. Inside, nothing but cgroups, securityfs, /tmp, /run and /dev/shm can be written.
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { busyboxRootfs, debianRootfs, program } from './helpers.ts';
import { cacheDir, repository, runtimePath } from './paths.ts';

const inside = 'VELOCI_TEST_INSIDE';

/** What the tests need and the sandbox would hide, where it lies below a folder that is empty inside. */
function hidden(): string[] {
  const needed = [repository, cacheDir(), dirname(process.execPath), dirname(runtimePath()),
    join(repository, 'node_modules')];
  const paths = needed.map((path) => realpathSync(path)).filter((path) => /^\/(tmp|run|dev\/shm)\//.test(path));
  return paths.filter((path, index) =>
    paths.indexOf(path) === index && !paths.some((other) => path.startsWith(`${other}/`))
  );
}

function reenter(): never {
  const script = process.argv[1] ?? '';
  busyboxRootfs();
  if (/debian/.test(script)) debianRootfs();
  // tap's record keeping writes into the checkout, which is read-only inside; it comes by NODE_OPTIONS.
  const result = spawnSync('env', ['-u', 'NODE_OPTIONS', program('sandbox'), process.execPath, '--enable-source-maps',
    ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [inside]: '1', RUNTIME: runtimePath(), SANDBOX_KEEP: hidden().join(':') },
  });
  if (result.error) throw result.error;
  process.exit(result.status ?? 1);
}

if (!process.env[inside]) {
  if (process.getuid?.() !== 0) {
    console.log('1..0 # SKIP integration tests need root');
    process.exit(0);
  }
  reenter();
}
delete process.env[inside];
