// Failures around the container's cgroups on v1: each gives its code, and nothing is left.
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unified } from '../../support/case.ts';
import { create, type Failing, failing, onContainer, type Scene } from '../../support/failing.ts';

const top = '/sys/fs/cgroup';
const v1 = unified ? 'cgroup v2 alone' : false;
const controllers = readdirSync(top);
const file = (name: string) => ({ id }: Scene): string[] => [join(top, name.split('.')[0]!, id, name)];
const limits = (resources: object): NonNullable<Failing['change']> => (config) => {
  config.linux.resources = { ...config.linux.resources, ...resources };
};

/** Makes the container's cgroup before the container; it goes after the case. */
function occupied({ c, id }: Scene, controller: string, fill: (dir: string) => void): void {
  const dir = join(top, controller, id);
  mkdirSync(dir);
  c.later(() => {
    try {
      rmdirSync(dir);
    } catch { /* gone */ }
  });
  fill(dir);
}

const memory = limits({ memory: { limit: 64 << 20 } });

failing([
  { name: 'cgroups may not be made here', code: 'E0866', pointer: '/linux/cgroupsPath', why: 'EACCES, step mkdir',
    inject: 'mkdirat:error=EACCES', on: ({ id }) => [`${id}-cg`], change: (config, { id }) => {
      config.linux.cgroupsPath = `/${id}-cg`;
    } },
  { name: 'another process is in the cgroup', code: 'E0702', pointer: '/linux/cgroupsPath',
    why: 'EBUSY, step populated', call: (scene) => {
      occupied(scene, 'freezer', (dir) => {
        const { child } = scene.c.beginProgram(['sleep', '60']);
        writeFileSync(join(dir, 'cgroup.procs'), String(child.pid));
      });
      return create()(scene);
    }, stays: /sleep 60|freezer\/vt/ },
  { name: 'the cgroup is frozen', code: 'E0703', pointer: '/linux/cgroupsPath', why: 'EBUSY, step frozen',
    call: (scene) => {
      occupied(scene, 'freezer', (dir) => writeFileSync(join(dir, 'freezer.state'), 'FROZEN'));
      return create()(scene);
    }, stays: /freezer\/vt/ },
  { name: 'a limit cannot be written', code: 'E0704', why: 'EIO, step write', inject: 'write:error=EIO',
    on: file('memory.limit_in_bytes'), change: memory, pointer: '/linux/resources/memory/limit' },
  { name: 'a file of the cgroup is missing', code: 'E0705', why: 'ENOENT, step open', inject: 'openat2:error=ENOENT',
    on: () => ['memory.limit_in_bytes'], change: memory, pointer: '/linux/resources/memory/limit' },
  { name: 'the cgroup cannot be joined', code: 'E0708', pointer: '/linux/cgroupsPath', why: 'EIO, step write',
    inject: 'write:error=EIO', on: ({ id }) => [join(top, 'memory', id, 'tasks')] },
  { name: 'the sub cgroup of exec is missing', code: 'E0869', pointer: '/linux/cgroupsPath', exit: 255,
    why: 'ENOENT, step open', call: onContainer('running', 'exec', '--cgroup', 'nope', 'ID', 'true') },
  { name: 'exec cannot follow', code: 'E0709', pointer: '/linux/cgroupsPath', exit: 255, why: 'EIO, step open',
    inject: 'openat2:error=EIO', on: () => [join(top, 'memory')], call: onContainer('running', 'exec', 'ID', 'true') },
  { name: 'exec cannot move', code: 'E0930', pointer: '/linux/namespaces', exit: 255, why: 'EIO, step cgroup',
    inject: 'write:error=EIO', on: ({ id }) => [join(top, 'memory', id, 'tasks')],
    call: onContainer('running', 'exec', 'ID', 'true') },
  // In the container or outside of its cgroups, where a full one gets its process from.
  { name: 'there is no room for the process of exec', code: 'E0958', exit: 255, why: 'EAGAIN, step clone',
    refuse: ['clone.0=0x9000=11'], call: onContainer('running', 'exec', 'ID', 'true') },
  { name: 'the list of processes cannot be read', code: 'E0710', why: 'EIO, step kill', inject: 'read:error=EIO',
    on: ({ id }) =>
      [...controllers, 'unified'].flatMap((name) =>
        ['cgroup.procs', 'cgroup.events'].map((list) => join(top, name, id, list))
      ), change: (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    }, call: onContainer('stopped', 'delete', 'ID') },
  { name: 'the cgroup cannot be removed', code: 'E0711', pointer: '/linux/cgroupsPath', why: 'EIO, step rmdir',
    inject: 'unlinkat:error=EIO', on: ({ id }) => [join(top, 'memory', id), join(top, 'memory')],
    call: onContainer('stopped', 'delete', 'ID') },
  { name: 'the freezer cannot be written', code: 'E0850', pointer: '/linux/cgroupsPath', why: 'EIO, step write',
    inject: 'write:error=EIO', on: file('freezer.state'), call: onContainer('running', 'pause', 'ID') },
  { name: 'the freezer cannot be read', code: 'E0850', pointer: '/linux/cgroupsPath', why: 'EIO, step wait',
    inject: 'read:error=EIO:when=2+', on: file('freezer.state'), call: onContainer('running', 'pause', 'ID') },
  { name: 'whether it is frozen cannot be read', code: 'E0906', why: 'EIO', inject: 'read:error=EIO:when=1',
    on: file('freezer.state'), hint: /with ENOMEM, EMFILE/, call: onContainer('running', 'pause', 'ID') },
  { name: 'a limit cannot be changed', code: 'E0704', why: 'EIO, step write', inject: 'write:error=EIO',
    on: file('pids.max'), call: onContainer('running', 'update', '--pids-limit', '50', 'ID') },
  { name: 'a limit cannot be restored', code: 'E0704', why: 'EIO, step write', inject: 'write:error=EIO:when=2+',
    on: (scene) => [...file('memory.limit_in_bytes')(scene), ...file('pids.max')(scene)],
    call: onContainer('running', 'update', '--memory', '67108864', '--pids-limit', '50', 'ID'),
    warning: /^E0663: cannot restore pids\.max of the cgroup to "max" \(.*EIO\)/ },
  { name: 'a file of the cgroup is gone', code: 'E0705', why: 'ENOENT, step open', inject: 'openat2:error=ENOENT',
    on: () => ['pids.max'], call: onContainer('running', 'update', '--pids-limit', '50', 'ID') },
  { name: 'more is in use than the new limit', code: 'E0704', why: 'EBUSY, step write', change: memory,
    hint: /more than that is in use/, call: onContainer('running', 'update', '--memory', '4096', 'ID') },
  { name: 'the use of memory cannot be read', code: 'E0855', why: 'EIO, step read', inject: 'read:error=EIO',
    on: file('memory.usage_in_bytes'), change: limits({ memory: { limit: 64 << 20, checkBeforeUpdate: true } }),
    call: onContainer('running', 'update', '--memory', '33554432', 'ID') },
], v1);
