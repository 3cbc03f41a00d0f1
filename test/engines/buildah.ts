// buildah with OCI isolation: it calls the runtime itself.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { imageName, steps, type Engine } from './types.ts';

const all = steps(
  ['from', 'e from --pull-never --name work $I'],
  ['run', 'e run --isolation oci --runtime $RUNTIME work echo hello', /^hello$/m],
  ['run: exit status', 'e run --isolation oci --runtime $RUNTIME work sh -c "exit 7"', 7],
  ['run: a change stays',
    'e run --isolation oci --runtime $RUNTIME work sh -c "echo kept >/kept"; e run --isolation oci --runtime $RUNTIME work cat /kept',
    /kept/],
  ['run: user', 'e run --isolation oci --runtime $RUNTIME --user user work id', /uid=1000/],
  ['run: volume', 'e run --isolation oci --runtime $RUNTIME -v $D:/m:ro work touch /m/x', /Read-only/],
  ['commit', 'e commit -q work made'],
  ['bud',
    'printf "FROM $I\\nRUN echo built >/b && cat /b\\n" >$D/Containerfile; e bud --isolation oci --runtime $RUNTIME --pull-never $D',
    /built/],
);

export const buildah: Engine = {
  name: 'buildah',
  needs: ['buildah'],
  async begin(dir, runtime, image) {
    for (const name of ['storage', 'run', 'tmp']) mkdirSync(join(dir, name), { recursive: true });
    const command = ['buildah', '--root', join(dir, 'storage'), '--runroot', join(dir, 'run'), '--storage-driver',
      'vfs'];
    spawnSync(command[0]!, [...command.slice(1), 'pull', `docker-archive:${image}`], { stdio: 'ignore' });
    return {
      command,
      steps: all,
      env: { I: imageName, RUNTIME: runtime, TMPDIR: join(dir, 'tmp') },
      end: async () => {
        spawnSync(command[0]!, [...command.slice(1), 'rm', '--all'], { stdio: 'ignore' });
      },
    };
  },
};
