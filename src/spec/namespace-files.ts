/** The types of namespaces, and what the kernel calls each below /proc/PID/ns. */
export const namespaceFiles = {
  mount: 'mnt',
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  user: 'user',
  time: 'time',
} as const;
