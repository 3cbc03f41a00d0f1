/** A configuration that is valid and has every part that the checks look at. */
export interface Config {
  [key: string]: any;
}

export function validConfig(): Config {
  return {
    ociVersion: '1.0.2',
    root: { path: 'rootfs', readonly: true },
    hostname: 'box',
    process: {
      terminal: false,
      cwd: '/',
      args: ['sh', '-c', 'true'],
      env: ['PATH=/bin', 'EMPTY='],
      user: { uid: 0, gid: 0, additionalGids: [1, 2] },
      capabilities: { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'], effective: [], inheritable: ['CAP_KILL'],
        ambient: ['CAP_KILL'] },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 18446744073709551615n }, { type: 'RLIMIT_CORE', soft: 0,
        hard: 0 }],
      noNewPrivileges: true,
      oomScoreAdj: -5,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'hidepid=2'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k', 'tmpcopyup'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts',
        options: ['noexec', 'newinstance', 'ptmxmode=0666', 'gid=5'] },
      { destination: '/data', type: 'ext4', source: '/dev/sda', options: ['data=ordered', 'discard', 'rprivate'] },
      { destination: '/etc/hosts', type: 'bind', source: '/etc/hosts', options: ['rbind', 'ro', 'rro', 'slave'] },
      { destination: '/proc/cpuinfo', source: '/tmp/cpuinfo', options: ['bind'] },
    ],
    hooks: { poststop: [{ path: '/bin/true', args: ['true'], env: ['A=b'], timeout: 5 }] },
    annotations: { 'org.example.a': 'b' },
    linux: {
      namespaces: ['mount', 'pid', 'network', 'ipc', 'uts', 'user', 'cgroup'].map((type) => ({ type })),
      uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
      gidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
      devices: [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 438 }, { type: 'p',
        path: '/dev/fifo' }],
      cgroupsPath: '/group/box',
      resources: {
        devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'c', major: 1, minor: -1, access: 'r' }],
        memory: { limit: 1000000, swap: -1, swappiness: 60 },
        cpu: { shares: 1024, quota: 50000, period: 100000, cpus: '0-1', idle: 0 },
        pids: { limit: -1 },
        blockIO: { weight: 100, weightDevice: [{ major: 8, minor: 0, weight: 10 }] },
        hugepageLimits: [{ pageSize: '2MB', limit: 9223372036854772000n }],
        unified: { 'memory.high': 'max' },
      },
      rootfsPropagation: 'rslave',
      seccomp: {
        defaultAction: 'SCMP_ACT_ERRNO',
        defaultErrnoRet: 1,
        architectures: ['SCMP_ARCH_X86_64'],
        flags: ['SECCOMP_FILTER_FLAG_LOG'],
        syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW',
          args: [{ index: 1, value: 18446744073709551615n, op: 'SCMP_CMP_EQ' }] }],
      },
      sysctl: { 'net.ipv4.conf.eth0/1.forwarding': '1', 'kernel.shmmax': '1', 'fs/mqueue/msg_max': '5',
        'kernel.domainname': 'x' },
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
    },
  };
}

/** JSON text with two spaces; bigints as integers. */
export function textOf(config: Config): string {
  return JSON.stringify(config, (_key, value: unknown) => (typeof value === 'bigint' ? `bigint:${value}` : value), 2)
    .replace(/"bigint:(-?\d+)"/g, '$1');
}
