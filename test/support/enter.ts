// Imported first by every integration test: runs the file again inside the sandbox (see sandbox.c) and
// leaves with its status. Inside, nothing but cgroups, /tmp, /run and /dev/shm can be written.
import { spawnSync } from 'node:child_process';
import { busyboxRootfs, debianRootfs, program } from './helpers.ts';
import { runtimePath } from './paths.ts';

const inside = 'VELOCI_TEST_INSIDE';

function reenter(): never {
  const script = process.argv[1] ?? '';
  busyboxRootfs();
  if (/debian/.test(script)) debianRootfs();
  // tap's record keeping writes into the checkout, which is read-only inside; it comes by NODE_OPTIONS.
  const result = spawnSync('env', ['-u', 'NODE_OPTIONS', program('sandbox'), process.execPath, '--enable-source-maps',
    ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [inside]: '1', RUNTIME: runtimePath() },
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
