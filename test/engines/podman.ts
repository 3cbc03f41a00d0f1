// podman as root, on private storage; podman build.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Podman } from '../support/engines/podman.ts';
import { sharedOf } from './shared.ts';
import { tutorial } from './tutorial.ts';
import { imageName, steps, type Engine } from './types.ts';

const own = steps(
  ['pod', 'e pod create --name pod --infra=false; e run --rm --pod pod $F $I echo together; e pod rm -f pod',
    /together/],
  ['--uidmap', 'e run --rm $F --uidmap 0:100000:1000 --gidmap 0:100000:1000 $I cat /proc/self/uid_map',
    /0 +100000 +1000/],
  ['--privileged --userns=auto',
    'for f in subuid subgid; do { cat /etc/$f; echo containers:2000000:1048576; } >$D/$f; mount --bind $D/$f /etc/$f; done; '
    + 'e run --rm $F --privileged --userns=auto --device /dev/ptmx $I sh -c "cat /proc/self/uid_map; true <>/dev/ptmx && echo opened"; s=$?; '
    + 'umount /etc/subuid /etc/subgid; exit $s', /0 +20\d+ +\d+[^]*^opened$/m],
  ['--cgroups=disabled', 'e run --rm $F --cgroups=disabled $I echo free', /free/],
  ['--preserve-fds', 'e run --rm $F --preserve-fds 1 $I cat /proc/self/fd/3 3<$D/file', /copied/],
  ['update',
    'e run -d --name updated $F -m 64m $I sleep 100; e update --memory 96m --cpus 0.5 updated; e exec updated sh -c "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"; e rm -f -t 0 updated',
    /^100663296$/m],
  ['pod with infra',
    'e pod create --name group --infra-command "/bin/sleep 100" --infra-image $I --network none; e run -d --pod group --name member --log-driver k8s-file --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 $I sleep 100; '
    + 'e run --rm --pod group --log-driver k8s-file --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 $I ls /sys/class/net; e pod stop -t 0 group; e pod ps; e pod rm -f group',
    /^lo$[^]*Exited/m],
  ['secret',
    'printf hidden | e secret create key -; e run --rm $F --secret key $I cat /run/secrets/key; e secret rm key',
    /hidden/],
  ['generate kube', 'e create --name served $F $I echo served; e generate kube served; e rm served',
    /kind: Pod[^]*name: served/],
  ['--rootfs',
    'mkdir -p $D/tree/bin; cp "$(command -v busybox)" $D/tree/bin/sh; e run --rm $F --rootfs $D/tree sh -c "echo from a tree"',
    /from a tree/],
  ['--hooks-dir',
    'mkdir -p $D/hooks; echo \'{"version":"1.0.0","hook":{"path":"/bin/sh","args":["sh","-c","cat >\'$D\'/hooked"]},"when":{"always":true},"stages":["poststart"]}\' >$D/hooks/h.json; '
    + 'e --hooks-dir $D/hooks run --rm $F $I true; grep ociVersion $D/hooked', /ociVersion/],
  ['--security-opt mask', 'e run --rm $F --security-opt mask=/etc/passwd $I sh -c "wc -c </etc/passwd"', /^0$/m],
  ['--security-opt unmask',
    'e run --rm $F --security-opt unmask=ALL $I sh -c "test -d /proc/acpi && ls /proc/scsi /proc/timer_list"',
    /timer_list/],
  ['--systemd always', 'e run --rm $F --systemd always $I grep " /run " /proc/mounts', /tmpfs/],
  ['build', 'printf "FROM $I\\nRUN echo built >/b\\nUSER user\\nCMD cat /b\\n" >$D/Containerfile; '
    + 'e build --isolation oci --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 -q -t built $D >/dev/null && e run --rm $F built',
    /^built$/m],
);

export const podman: Engine = {
  name: 'podman',
  needs: ['podman', 'conmon', 'netavark'],
  async begin(dir, runtime, image) {
    const engine = new Podman(dir);
    const command = engine.command(runtime, []);
    spawnSync(command[0]!, [...command.slice(1), 'load', '-i', image], { env: { ...process.env, ...engine.env },
      stdio: 'ignore' });
    writeFileSync(join(dir, 'file'), 'copied\n');
    return {
      command,
      steps: [...sharedOf('podman'), ...tutorial, ...own],
      env: { ...engine.env, F: engine.runFlags.slice(2).join(' '), I: imageName, HEALTH: 'e healthcheck run well' },
      end: async () => {
        engine.reset(runtime);
      },
    };
  },
};
