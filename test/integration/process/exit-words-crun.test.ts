// The exit statuses that podman derives from the words of crun. On a host with both versions of cgroups crun 1.8.1 starts
// nothing as long as v2 has a controller ("cgroups in hybrid mode not supported": hugetlb where nobody has mounted it), and
// every status is podman's own for that. Here it sees v1 alone.
import '../../support/host/v1-alone.ts';
import { which } from '../../support/paths.ts';
import { exitTableOf } from '../../support/engines/exit-engine.ts';

exitTableOf('podman', 'crun', which('crun'));
