// Many dangers in one configuration.
import { test } from 'tap';
import { locate } from '../../../src/spec/parse/locate.ts';
import { allSets, bind, find, hardened, none, open, pass, plus } from './config.ts';

void test('forty planted dangers, each with its line', (t) => {
  const config = hardened();
  plus(open, (c) => {
    c.process.user = { uid: 0, gid: 0 };
    c.process.noNewPrivileges = false;
    c.process.cwd = '/proc/self/fd/8';
    c.process.oomScoreAdj = -500;
    c.process.env.push('API_KEY=1');
    c.process.scheduler = { policy: 'SCHED_RR', priority: 9 };
    c.process.rlimits = [];
    allSets(c, 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE', 'CAP_SYS_MODULE', 'CAP_DAC_READ_SEARCH', 'CAP_NET_ADMIN',
      'CAP_SYSLOG');
    c.process.capabilities.inheritable = ['CAP_SYS_ADMIN'];
    c.root = { path: '/usr' };
    for (const type of ['pid', 'network', 'ipc', 'uts', 'cgroup']) none(c, type);
    bind(c, '/run/crio/crio.sock', '/c.sock');
    bind(c, '/', '/host', 'rshared');
    bind(c, '/proc', '/hostproc', 'ro');
    bind(c, '/srv/data', '/data');
    bind(c, '/dev/sda', '/dev/sda');
    c.mounts.push({ destination: '/proc2', type: 'proc', source: 'proc' }, { destination: '/sys/fs/cgroup',
      type: 'cgroup', source: 'cgroup' }, { destination: '/proc/1', type: 'tmpfs', source: 'tmpfs' });
    c.mounts[5].options = [];
    delete c.linux.maskedPaths;
    delete c.linux.readonlyPaths;
    c.linux.rootfsPropagation = 'shared';
    c.linux.resources = { devices: [{ allow: true, access: 'rwm' }] };
    c.linux.devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11 }, { path: '/dev/mem', type: 'c', major: 1,
      minor: 1 }];
    c.linux.sysctl = { 'kernel.core_pattern': '|/x' };
    pass(c, 'bpf', 'unshare', 'io_uring_setup', 'finit_module', 'open_by_handle_at', 'mount', 'keyctl', 'userfaultfd');
    c.hooks = { createRuntime: [{ path: '/opt/hook' }] };
    c.annotations = { 'org.criu.config': '/x' };
  })(config);
  const text = JSON.stringify(config, null, 2);
  const found = find(config);
  const wanted: Readonly<Record<string, string>> = {
    'root-user /process/user/uid': '"uid": 0',
    'new-privileges /process/noNewPrivileges': '"noNewPrivileges"',
    'working-directory /process/cwd': '"cwd"',
    'oom-protected /process/oomScoreAdj': '-500',
    'secret-in-environment /process/env/1': 'API_KEY',
    'real-time /process/scheduler/policy': 'SCHED_RR',
    'rlimits-unset /process/rlimits': '"rlimits"',
    'cap-sys-admin /process/capabilities/effective/0': 'CAP_SYS_ADMIN',
    'cap-sys-ptrace /process/capabilities/effective/1': 'CAP_SYS_PTRACE',
    'cap-sys-module /process/capabilities/effective/2': 'CAP_SYS_MODULE',
    'cap-dac-read-search /process/capabilities/effective/3': 'READ_SEARCH',
    'cap-net-admin /process/capabilities/effective/4': 'NET_ADMIN',
    'cap-syslog /process/capabilities/effective/5': 'SYSLOG',
    'capabilities-inheritable /process/capabilities/inheritable': 'inheritable',
    'root-of-host /root/path': '/usr',
    'root-writable /root': '"root"',
    'host-pid /linux/namespaces': 'namespaces',
    'host-network /linux/namespaces': 'namespaces',
    'host-ipc /linux/namespaces': 'namespaces',
    'host-uts /linux/namespaces': 'namespaces',
    'host-cgroup /linux/namespaces': 'namespaces',
    'no-user-namespace /linux/namespaces': 'namespaces',
    'engine-socket /mounts/6/source': 'crio.sock',
    'host-path /mounts/7/source': '"/"',
    'shared-propagation /mounts/7/options': 'options',
    'host-path /mounts/8/source': '/proc',
    'writable-bind /mounts/9/source': '/srv/data',
    'device-block /mounts/10/source': '/dev/sda',
    'second-procfs /mounts/11/destination': '/proc2',
    'cgroup-of-host-writable /mounts/12': '{',
    'mount-in-procfs /mounts/13/destination': '/proc/1',
    'mount-suid /mounts/13': '{',
    'mount-dev /mounts/13': '{',
    'sysfs-writable /mounts/5/options': 'options',
    'procfs-unmasked /linux': '"linux"',
    'procfs-writable /linux': '"linux"',
    'shared-propagation /linux/rootfsPropagation': 'shared',
    'device-all /linux/resources/devices/0': '{',
    'device-no-deny /linux/resources/devices/0': '{',
    'device-kernel /linux/devices/0': '{',
    'device-memory /linux/devices/1': '{',
    'sysctl-host /linux/sysctl/kernel.core_pattern': 'core_pattern',
    'seccomp-bpf /linux/seccomp/syscalls/4/names/0': 'bpf',
    'seccomp-namespaces /linux/seccomp/syscalls/4/names/1': 'unshare',
    'seccomp-io-uring /linux/seccomp/syscalls/4/names/2': 'io_uring',
    'seccomp-modules /linux/seccomp/syscalls/4/names/3': 'finit',
    'seccomp-handles /linux/seccomp/syscalls/4/names/4': 'handle',
    'seccomp-mount /linux/seccomp/syscalls/4/names/5': 'mount',
    'seccomp-keyring /linux/seccomp/syscalls/4/names/6': 'keyctl',
    'seccomp-userfaultfd /linux/seccomp/syscalls/4/names/7': 'userfault',
    'memory-unlimited /linux/resources': 'resources',
    'pids-unlimited /linux/resources': 'resources',
    'cpu-unlimited /linux/resources': 'resources',
    'hook-host /hooks/createRuntime/0/path': '/opt/hook',
    'criu-configuration /annotations/org.criu.config': '/x',
  };
  t.same(found.map(({ rule, at }) => `${rule} ${at.pointer}`).sort(), Object.keys(wanted).sort());
  const lines = text.split('\n');
  for (const [place, part] of Object.entries(wanted))
    t.match(lines[locate(text, place.slice(place.indexOf(' ') + 1)).line - 1], part, place);
  t.end();
});
