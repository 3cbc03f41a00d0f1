// podman as root, on private storage; podman build.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Podman } from '../support/podman.ts';
import { shared } from './shared.ts';
import { tutorial } from './tutorial.ts';
import { imageName, steps, type Engine } from './types.ts';

const own = steps(
  ['pod', 'e pod create --name pod --infra=false; e run --rm --pod pod $F $I echo together; e pod rm -f pod', /together/],
  ['--uidmap', 'e run --rm $F --uidmap 0:100000:1000 --gidmap 0:100000:1000 $I cat /proc/self/uid_map', /0 +100000 +1000/],
  ['--cgroups=disabled', 'e run --rm $F --cgroups=disabled $I echo free', /free/],
  ['--preserve-fds', 'e run --rm $F --preserve-fds 1 $I cat /proc/self/fd/3 3<$D/file', /copied/],
  ['build', 'printf "FROM $I\\nRUN echo built >/b\\nUSER user\\nCMD cat /b\\n" >$D/Containerfile; '
    + 'e build --isolation oci --network none -q -t built $D >/dev/null && e run --rm $F built', /^built$/m],
);

export const podman: Engine = {
  name: 'podman',
  needs: ['podman', 'conmon', 'netavark'],
  async begin(dir, runtime, image) {
    const engine = new Podman(dir);
    const command = engine.command(runtime, []);
    spawnSync(command[0]!, [...command.slice(1), 'load', '-i', image], { env: { ...process.env, ...engine.env }, stdio: 'ignore' });
    writeFileSync(join(dir, 'file'), 'copied\n');
    return {
      command, steps: [...shared, ...tutorial, ...own],
      env: { ...engine.env, F: engine.runFlags.slice(2).join(' '), I: imageName, HEALTH: 'e healthcheck run well' },
      end: async () => { engine.reset(runtime); },
    };
  },
};
