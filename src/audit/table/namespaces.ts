// Namespaces that the container shares with the host or with others.
import type { Rules } from '../types.ts';

const remedy = 'add {"type": "{type}"} to linux.namespaces, without a path of the host';

export const namespaceRules = {
  'host-pid': {
    risk: 'high',
    confined: 'medium',
    message: 'the container has the pid namespace of the host',
    why:
      'it sees all processes of the host, their arguments and, by /proc/PID/root and environ, files and secrets; it can signal them',
    remedy,
    references: ['pid_namespaces(7)'],
  },
  'host-network': {
    risk: 'high',
    confined: 'medium',
    message: 'the container has the network of the host',
    why:
      'it reaches what listens on localhost and on abstract sockets (engines, agents), the metadata address of a cloud, and all traffic',
    remedy,
    references: ['network_namespaces(7)', 'CVE-2020-15257'],
  },
  'host-ipc': {
    risk: 'medium',
    confined: 'low',
    message: 'the container has the System V objects and message queues of the host',
    why: 'it reads and writes shared memory of programs of the host, such as databases',
    remedy,
    references: ['ipc_namespaces(7)'],
  },
  'host-uts': {
    risk: 'low',
    confined: 'none',
    message: 'the container has the host name of the host',
    why: 'with CAP_SYS_ADMIN it changes the name of the host, which others trust',
    remedy,
    references: ['uts_namespaces(7)'],
  },
  'host-mount': {
    risk: 'critical',
    message: 'the container has the mounts of the host',
    why:
      'there is no root file system of its own: every file of the host is in reach, and what it mounts is mounted there',
    remedy,
    references: ['mount_namespaces(7)'],
  },
  'host-cgroup': {
    risk: 'low',
    message: 'the container has the cgroup namespace of the host',
    why: 'it sees the tree of cgroups of the host, and a writable cgroup mount is one of the whole tree',
    remedy,
    references: ['cgroup_namespaces(7)', 'CVE-2022-0492'],
  },
  'host-user': {
    risk: 'medium',
    message: 'linux.namespaces joins the user namespace of a process of the host: {path}',
    why: 'the ids and capabilities of the container may be those of the host',
    remedy: 'leave the path out, and add uidMappings and gidMappings',
    references: ['user_namespaces(7)'],
  },
  'joins-namespace': {
    risk: 'low',
    message: 'the container joins the {type} namespace of another process: {path}',
    why: 'if that is no container, it has what the process has; if it is one, each can attack the other',
    remedy: 'leave the path out, unless both are parts of one thing, as in a pod',
    references: ['setns(2)'],
  },
} as const satisfies Rules;
