// podman of an ordinary user: no daemon, no root, no systemd, slirp4netns for the network.
import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sharedOf } from './shared.ts';
import { tutorial } from './tutorial.ts';
import { imageName, steps, type Engine } from './types.ts';
import { makeUser } from './user.ts';

/** On cgroup v1 an ordinary user has no cgroup, and podman or the kernel refuses what needs one; so with every runtime. */
const needCgroup = new Set(['pause', 'unpause', '--memory', '--cpus', '--pids-limit', 'out of memory', 'stats',
  '--cpuset-cpus', '--cpu-shares', '--memory-reservation', '--device-cgroup-rule', '--cgroup-parent', 'maximal limits',
  'exec into a full container']);
/** He may neither make device nodes nor rename his machine's name space. */
const needRoot = new Set(['devices are denied', '--privileged']);

const own = steps(
  ['info', 'e info -f "rootless={{.Host.Security.Rootless}}"', /rootless=true/],
  ['build FROM scratch', 'mkdir -p $D/ctx; cp "$(command -v busybox)" $D/ctx/busybox; '
    + 'printf "FROM scratch\\nCOPY busybox /bin/sh\\nRUN echo built >/b\\nCMD [\\"/bin/sh\\",\\"-c\\",\\"read x </b; echo \\$x\\"]\\n" >$D/ctx/Containerfile; '
    + 'e build -q -t scratched $D/ctx >/dev/null; e run --rm scratched', /^built$/m],
  ['root in the container is the user', 'e run --rm $F -v $D/tmp:/m $I touch /m/mine; stat -c "owner %u" $D/tmp/mine',
    /owner 64321/],
  ['a user of the container is a sub id',
    'mkdir -p $D/open; chmod 777 $D/open; e run --rm $F --user user -v $D/open:/m $I touch /m/his; stat -c "owner %u" $D/open/his',
    /owner 700999/],
  ['--privileged', 'e run --rm $F --privileged $I grep CapEff /proc/self/status', /ffff/],
  ['--userns keep-id', 'e run --rm $F --userns keep-id $I id -u', /^64321$/m],
  ['--userns keep-id, volume',
    'e run --rm $F --userns keep-id -v $D/tmp:/m $I sh -c "touch /m/kept; stat -c %u /m/kept"', /^64321$/m],
  ['--uidmap', 'e run --rm $F --uidmap 0:1:1000 --gidmap 0:1:1000 $I cat /proc/self/uid_map', /0 +1 +1000/],
  ['--network none', 'e run --rm --network none $I ls /sys/class/net', /^lo$/m],
  ['--network host', 'e run --rm --network host $I ls /sys/class/net', /^lo$/m],
  ['--network slirp4netns', 'e run --rm --network slirp4netns $I ip address', /10\.0\.2\.100/],
  ['pod', 'e pod create --name pod --infra=false; e run --rm --pod pod $F $I echo together; e pod rm -f pod',
    /together/],
  ['secret',
    'printf hidden | e secret create key -; e run --rm $F --secret key $I cat /run/secrets/key; e secret rm key',
    /hidden/],
  ['--cgroups=disabled', 'e run --rm $F --cgroups=disabled $I echo free', /free/],
  ['--preserve-fds', 'echo copied >$D/file; e run --rm $F --preserve-fds 1 $I cat /proc/self/fd/3 3<$D/file', /copied/],
  ['--rootfs',
    'mkdir -p $D/tree/bin; cp "$(command -v busybox)" $D/tree/bin/sh; e run --rm $F --rootfs $D/tree sh -c "echo from a tree"',
    /from a tree/],
  ['healthcheck: unhealthy',
    'e run -d --name ill $F --health-cmd "false" --health-retries 1 $I sleep 100; e healthcheck run ill; e inspect -f "{{.State.Health.Status}}" ill; e rm -f ill',
    /^unhealthy$/m],
  ['unshare', 'e unshare cat /proc/self/uid_map', /700000/],
  ['system reset', 'e system reset -f; e ps -aq'],
);

export const rootless: Engine = {
  name: 'rootless podman',
  needs: ['podman', 'conmon', 'slirp4netns', 'newuidmap', 'newgidmap'],
  async begin(dir, runtime, image) {
    const user = makeUser(join(dir, 'etc'));
    const mine = (path: string): string => {
      chownSync(path, user.uid, user.gid);
      return path;
    };
    mine(dir);
    for (const [name, mode] of [['home', 0o700], ['tmp', 0o711]] as const) { // sub ids pass tmp on their way to a root
      mkdirSync(join(dir, name), { mode });
      mine(join(dir, name));
    }
    const runDir = mine(mkdtempSync(join(dirname(dir), 'x-'))); // podman refuses a longer path, though only at clean-up
    // the user need not be able to reach the folder that the runtime was built in
    const program = join(dir, basename(runtime));
    copyFileSync(runtime, program);
    const conf = join(dir, 'containers.conf');
    writeFileSync(conf, `[engine]
events_logger = "file"
cgroup_manager = "cgroupfs"
runtime_supports_json = ["crun", "runc", "veloci"]
runtime_supports_nocgroups = ["crun", "veloci"]
runtime_supports_nocgroup = ["crun", "veloci"]
[containers]
log_driver = "k8s-file"
`);
    const command = ['podman', '--runtime', program];
    const env = { HOME: join(dir, 'home'), XDG_RUNTIME_DIR: runDir, TMPDIR: join(dir, 'tmp'), USER: user.name,
      CONTAINERS_CONF: conf, PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };
    const path = { PATH: process.env['PATH'] ?? '' };
    const call = (args: readonly string[]): void => {
      spawnSync(command[0]!, [...command.slice(1), ...args], { uid: user.uid, gid: user.gid, cwd: dir,
        env: { ...env, ...path }, stdio: 'ignore' });
    };
    call(['load', '-i', image]);
    const skipped = new Set([...needCgroup, ...needRoot]);
    return {
      command,
      user: { uid: user.uid, gid: user.gid },
      env: { ...env, F: '', I: imageName, HEALTH: 'e healthcheck run well' },
      steps: [...[...sharedOf('podman'), ...tutorial].filter((step) => !skipped.has(step.name)), ...own],
      end: async () => {
        call(['rm', '--all', '--force', '--time', '0']);
        user.remove();
      },
    };
  },
};
