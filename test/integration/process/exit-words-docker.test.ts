// The exit statuses that docker derives from the words of each runtime. They all see cgroup v1 alone where there is any:
// crun 1.8.1 takes nothing else beside it (exit-words-crun.test.ts says why).
import '../../support/host/v1-alone.ts';
import { runtimePath, which } from '../../support/paths.ts';
import { exitTableOf } from '../../support/engines/exit-engine.ts';

exitTableOf('docker', 'veloci', runtimePath());
exitTableOf('docker', 'runc', which('runc'));
exitTableOf('docker', 'crun', which('crun'));
