// containerd, driven by ctr.
import { spawnSync } from 'node:child_process';
import { endDaemon, restartLine } from '../support/engines/daemon.ts';
import { startContainerd } from './containerd-daemon.ts';
import { hitsOf, imageName, steps, type Engine } from './types.ts';

const common = steps(
  ['run', 'r one echo hello', /^hello$/m],
  // ctr's ids are the caller's: the same one each time.
  ['plans by shape', hitsOf(4, 'r same true'), /^hits [2-9]/m],
  ['exit status', 'r two sh -c "exit 7"', 7],
  ['program not found', 'r three no-such-program', /executable file not found/],
  ['run -d', 'd long sleep 1000'],
  ['task ls', 'e task ls', /long.*RUNNING/],
  ['exec', 'e task exec --exec-id a long echo executed', /^executed$/m],
  ['exec: exit status', 'e task exec --exec-id b long sh -c "exit 9"', 9],
  ['exec: program not found', 'e task exec --exec-id c long no-such-program', /not found/],
  ['exec -t', 'script -qec "e task exec -t --exec-id f long tty" /dev/null </dev/null', /\/dev\/pts\/0/],
  ['ps', 'e task ps long', /^\d+/m],
  ['pause', 'e task pause long && e task ls', /PAUSED/],
  ['resume', 'e task resume long && e task ls', /RUNNING/],
  ['kill', 'e task kill -s KILL long; sleep 0.5; e task ls', /long.*STOPPED/],
  ['delete', 'e task delete long; e container delete long'],
  ['kill --all',
    'd many sh -c "sleep 1000 & sleep 1000"; e task kill -a -s KILL many; sleep 0.5; e task delete many; e container delete many'],
  ['run -t', 'script -qec "e run -t $F --rm $I tty tty" /dev/null </dev/null', /\/dev\/pts\/0/],
  ['--memory-limit', 'e run $F --rm --memory-limit 67108864 $I memory true'],
  ['--cpu-quota', 'e run $F --rm --cpu-quota 50000 --cpu-period 100000 $I cpu true'],
  ['--read-only', 'e run $F --rm --read-only $I readonly touch /x', /Read-only/],
  ['--mount',
    'echo inside >$D/file; e run $F --rm --mount type=bind,src=$D,dst=/data,options=rbind:ro $I mount cat /data/file',
    /inside/],
  ['--env', 'e run $F --rm --env A=b $I env env', /^A=b$/m],
  ['--cwd', 'e run $F --rm --cwd /tmp $I cwd pwd', /^\/tmp$/m],
  ['--seccomp', 'e run $F --rm --seccomp $I seccomp grep Seccomp: /proc/self/status', /Seccomp:\s2/],
  ['--privileged', 'e run $F --rm --privileged $I privileged grep CapEff /proc/self/status', /ffff/],
  ['--net-host', 'e run $F --rm --net-host $I net ls /sys/class/net', /lo/],
  ['--cap-drop', 'e run $F --rm --cap-drop CAP_CHOWN $I caps grep CapEff /proc/self/status', /CapEff/],
  ['eight at once', 'for i in 1 2 3 4 5 6 7 8; do r many$i echo $i & done; wait', /[1-8]/],
);

export const containerd: Engine = {
  name: 'containerd',
  needs: ['containerd', 'containerd-shim-runc-v2', 'ctr'],
  async begin(dir, runtime, image) {
    const { daemon, socket } = await startContainerd(dir);
    const command = ['ctr', '--address', socket];
    spawnSync(command[0]!, [...command.slice(1), 'image', 'import', image], { stdio: 'ignore' });
    const flags = `--runc-binary ${runtime} --snapshotter native`;
    return {
      command,
      steps: common,
      env: { F: flags, I: imageName, R: `run ${flags} --rm ${imageName}`, DETACH: `run ${flags} -d ${imageName}` },
      helpers: { 'restart-containerd': restartLine(daemon, 'e version') },
      end: () => endDaemon(daemon),
    };
  },
};
