// Failures around the container's cgroup on cgroup v2 alone: each gives its code, and nothing is left.
import '../../support/v2-alone.ts';
import { join } from 'node:path';
import { systemdIsHere, whileSystemd } from '../../support/bus-here.ts';
import { type Failing, failing, run } from '../../support/failing.ts';

const top = '/sys/fs/cgroup';
type Change = NonNullable<Failing['change']>;
/** A user namespace and a cgroup that the container may write to. */
const owned: Change = (config) => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.mounts = config.mounts.filter(({ destination }) => destination !== top);
  config.mounts.push({ destination: top, type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev'] });
};
const pointer = '/linux/cgroupsPath';

failing([
  { name: 'the cgroup cannot be given away', code: 'E0865', why: 'EIO, step chown', pointer: '/mounts/6',
    inject: 'fchownat:error=EIO', change: owned },
  { name: 'rules of devices are refused', code: 'E0706', why: 'EPERM, step load', pointer: '/linux/resources/devices',
    inject: 'bpf:error=EPERM' },
  { name: 'the cgroup is gone when init shall be made in it', code: 'E0707', why: 'EIO, step open', pointer,
    inject: 'openat2:error=EIO:when=4', on: ({ id }) => [join(top, id)] },
  { name: 'init cannot be moved on', code: 'E0580', why: 'EIO, step write',
    pointer: '/annotations/run.oci.delegate-cgroup', inject: 'write:error=EIO',
    on: ({ id }) => [`${top}/${id}/inner/cgroup.procs`], change: (config) => {
      config.annotations = { 'run.oci.delegate-cgroup': 'inner' };
    }, call: run() },
  { name: 'systemd has made no cgroup', code: 'E0942', why: 'ENOENT, step open', pointer,
    call: whileSystemd({ StartTransientUnit: { job: 'done' }, StopUnit: { job: 'done' } }),
    change: (config, { id }) => {
      config.linux.cgroupsPath = `system.slice:test:${id}`;
    }, stays: /\/run\/systemd/, skip: systemdIsHere },
]);
