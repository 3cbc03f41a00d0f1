// The exit statuses that podman derives from the words of veloci and of runc. crun has a file of its own.
import { runtimePath, which } from '../../support/paths.ts';
import { exitTableOf } from '../../support/exit-podman.ts';

exitTableOf('veloci', runtimePath());
exitTableOf('runc', which('runc'));
