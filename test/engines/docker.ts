// dockerd with its own containerd, network namespace and folders.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { endDaemon, restartLine, startDaemon } from '../support/engines/daemon.ts';
import { startContainerd } from './containerd-daemon.ts';
import { sharedOf } from './shared.ts';
import { tutorial } from './tutorial.ts';
import { imageName, steps, type Engine } from './types.ts';

const own = steps(
  ['--workdir is made', 'e run --rm $F -w /made/here $I pwd', /^\/made\/here$/m],
  ['info', 'e info', /Default Runtime: tested/],
  ['update',
    'e run -d --name updated $I sleep 100; e update --memory 100m --memory-swap 100m updated; s=$?; e rm -f updated; exit $s'],
  ['stats', 'e run -d --name counted $I sleep 100; e stats --no-stream counted; e rm -f counted', /counted/],
  ['restart', 'e run -d --name again $I sleep 100; e restart -t 0 again; s=$?; e rm -f again; exit $s'],
  ['--restart on-failure',
    'e run -d --name failing --restart on-failure:2 $I false; sleep 3; e inspect -f "{{.RestartCount}}" failing; e rm -f failing',
    /^[12]$/m],
  ['build',
    'printf "FROM $I\\nRUN echo built >/b\\nUSER user\\nCMD cat /b\\n" | DOCKER_BUILDKIT=0 e build -q -t built - && e run --rm built',
    /^built$/m],
);

export const docker: Engine = {
  name: 'docker',
  needs: ['dockerd', 'docker', 'containerd', 'containerd-shim-runc-v2', 'iptables'],
  async begin(dir, runtime, image) {
    const { daemon, socket: containerd } = await startContainerd(dir);
    const socket = join(dir, 'docker.sock');
    const dockerd = await startDaemon(join(dir, 'dockerd'), ['dockerd', '-H', `unix://${socket}`, '--data-root',
      join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'docker.pid'), '--containerd',
      containerd, '--storage-driver', 'vfs', '--exec-opt', 'native.cgroupdriver=cgroupfs', '--add-runtime',
      `tested=${runtime}`, '--default-runtime', 'tested', '--live-restore'], socket);
    const command = ['docker', '-H', `unix://${socket}`];
    spawnSync(command[0]!, [...command.slice(1), 'load', '-i', image], { stdio: 'ignore' });
    return {
      command,
      steps: [...sharedOf('docker'), ...tutorial, ...own],
      env: { F: '', I: imageName },
      helpers: { 'restart-dockerd': restartLine(dockerd, 'e info') },
      end: async () => {
        spawnSync('sh', ['-c', `docker -H unix://${socket} ps -aq | xargs -r docker -H unix://${socket} rm -f`], {
          stdio: 'ignore',
        });
        await endDaemon(dockerd);
        await endDaemon(daemon);
      },
    };
  },
};
