// Failures around the container's cgroup on cgroup v2 alone: each gives its code, and nothing is left.
import '../../support/host/v2-alone.ts';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemdIsHere, whileSystemd } from '../../support/host/bus-here.ts';
import { create, type Failing, failing, run } from '../../support/failing.ts';

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
  // As where a container's first process runs another one in the root of its cgroup namespace. The only controller of
  // v2 where all others are v1's.
  { name: 'processes above keep a controller', code: 'E0705', why: 'EBUSY, step open',
    pointer: '/linux/resources/hugepageLimits/0', hint: /processes in \S+above\/cgroup\.procs keep .*"hugetlb"/,
    change: (config, { id }) => {
      config.linux.cgroupsPath = `/${id}-above/own`;
      config.linux.resources!.hugepageLimits = [{ pageSize: '2MB', limit: 0 }];
    }, call: (scene) => {
      const above = join(top, `${scene.id}-above`);
      mkdirSync(above);
      const { child } = scene.c.beginProgram(['sleep', '60']);
      writeFileSync(join(above, 'cgroup.procs'), String(child.pid));
      scene.c.later(async () => {
        child.kill('SIGKILL');
        while (readFileSync(join(above, 'cgroup.procs'), 'utf8') !== '') await sleep(20);
        rmdirSync(above);
      });
      return create()(scene);
    }, stays: /sleep 60|-above/ },
  { name: 'nobody hands a controller down', code: 'E0705', why: 'ENOENT, step open', inject: 'openat2:error=EACCES',
    on: () => ['cgroup.subtree_control'], pointer: '/linux/resources/hugepageLimits/0',
    hint: /\/cgroup\.controllers lacks the controller "hugetlb"/, change: (config, { id }) => {
      config.linux.cgroupsPath = `/${id}-above/own`;
      config.linux.resources!.hugepageLimits = [{ pageSize: '2MB', limit: 0 }];
    } },
  { name: 'systemd has made no cgroup', code: 'E0942', why: 'ENOENT, step open', pointer,
    call: whileSystemd({ StartTransientUnit: { job: 'done' }, StopUnit: { job: 'done' } }),
    change: (config, { id }) => {
      config.linux.cgroupsPath = `system.slice:test:${id}`;
    }, stays: /\/run\/systemd/, skip: systemdIsHere },
]);
