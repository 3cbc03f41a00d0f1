// A container in a container, as deep as is wanted: each runs the command again, and the deepest is tried with all verbs.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capabilityNames } from '../../../src/spec/capabilities.ts';
import type { Context } from '../context.ts';
import { busyboxRootfs } from '../helpers.ts';
import { runtimePath } from '../paths.ts';
import type { Result } from '../runtime.ts';
import type { Config } from '../spec.ts';

/** What the containers are like: `privileged` is what engines mean by it. */
export interface Nesting {
  readonly depth: number;
  readonly cgroupNamespace: boolean;
  readonly userNamespace?: boolean;
  readonly privileged?: boolean;
}

/** Runs in each container: its depth and the wanted one. What it prints ends in "done" when all went well. */
const story = `#!/bin/sh
set -e
fail() { echo "depth $depth: $*"; exit 1; }
depth=$1 wanted=$2
mkdir -p /tmp/bundle && cd /tmp/bundle
v() { /data/veloci --root /run/nested "$@"; }
if [ "$depth" -lt "$wanted" ]; then
  sed "s/@DEPTH/$((depth + 1))/" /data/config.json >config.json
  exec /data/veloci --root /run/nested run "inner$depth" </dev/null
fi
sed 's/"\\/data\\/story","@DEPTH","[0-9]*"/"sleep","1000"/' /data/config.json >config.json
v run --detach box </dev/null >/dev/null 2>/tmp/errors || fail "run: $(cat /tmp/errors)"
test "$(v exec box echo executed)" = executed || fail "exec"
status=0; v exec box sh -c 'exit 9' || status=$?
test "$status" = 9 || fail "exec: status $status"
v exec box sh -c 'cat /proc/1/cgroup >/tmp/1; cat /proc/self/cgroup | cmp - /tmp/1' || fail "exec: another cgroup"
if [ "$LIMITS" = yes ]; then
  test "$(v ps --format json box | tr -cd , | wc -c)" = 0 || fail "ps: $(v ps --format json box)"
  v pause box || fail pause
  v state box | grep -q '"paused"' || fail "state"
  v resume box || fail resume
  v events --stats box | grep -q '"type":"stats"' || fail events
fi
if [ "$PIDS" = yes ]; then
  v update --pids-limit 5 box || fail update
  v exec box sh -c 'for i in 1 2 3 4 5 6; do sleep 1 & done' 2>/dev/null && fail "no limit"
fi
v kill box KILL || fail kill
v wait box >/dev/null
v delete box || fail delete
test -z "$(v list -q)" || fail "list: $(v list)"
if find /sys/fs/cgroup -name box | grep .; then fail "a cgroup is left"; fi
echo "done"
`;

function nest(config: Config, { cgroupNamespace, userNamespace, privileged = true }: Nesting): void {
  const { process, linux } = config;
  // Where the sandbox's /sys is read-only, the kernel lets no other user namespace mount one that can be written.
  const written = userNamespace ? ['cgroup'] : ['cgroup', 'sysfs'];
  config.mounts = config.mounts.map((mount) =>
    written.includes(mount.type ?? '')
      ? { ...mount, options: mount.options!.filter((option) => option !== 'ro') }
      : mount
  );
  config.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' }, { destination: '/run', type: 'tmpfs',
    source: 'tmpfs' });
  if (!cgroupNamespace) linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'cgroup');
  if (userNamespace) {
    linux.namespaces.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1000 }];
  }
  process.noNewPrivileges = false;
  if (!privileged) return;
  const all = capabilityNames();
  process.capabilities = { bounding: all, effective: all, permitted: all };
  linux.resources = { devices: [{ allow: true, access: 'rwm' }] };
  linux.maskedPaths = [];
  linux.readonlyPaths = [];
}

/** Runs the story in a container; `env` says what the host's cgroups can do. */
export function runNested(c: Context, nesting: Nesting, env: readonly string[]): Promise<Result> {
  const data = c.dir();
  mkdirSync(join(data, 'rootfs'));
  execFileSync('mount', ['--bind', busyboxRootfs(), join(data, 'rootfs')]);
  c.later(() => {
    execFileSync('umount', ['-l', join(data, 'rootfs')]);
  });
  copyFileSync(runtimePath(), join(data, 'veloci'));
  writeFileSync(join(data, 'story'), story, { mode: 0o755 });
  const bundle = c.command(['/data/story', '1', String(nesting.depth)], (config) => {
    config.process.env?.push(...env);
    nest(config, nesting);
    // Nested, all of them: on v2 beside the process that runs the next one.
    if (env.includes('PIDS=yes')) config.linux.resources!.pids = { limit: 200 };
    config.mounts.push({ destination: '/data', type: 'bind', source: data, options: ['rbind', 'ro'] });
  });
  const inner = structuredClone(bundle.config);
  inner.process.args = ['/data/story', '@DEPTH', String(nesting.depth)];
  inner.root = { path: '/data/rootfs', readonly: true };
  inner.mounts.at(-1)!.source = '/data';
  writeFileSync(join(data, 'config.json'), JSON.stringify(inner));
  return c.run(bundle, { timeLimit: 60_000 });
}
