// The exit statuses that podman derives from the words of veloci and of runc. crun and docker have files of their own.
import { runtimePath, which } from '../../support/paths.ts';
import { exitTableOf } from '../../support/engines/exit-engine.ts';

exitTableOf('podman', 'veloci', runtimePath());
exitTableOf('podman', 'runc', which('runc'));
