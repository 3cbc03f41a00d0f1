// Who the container's program is on the host, and what it can become.
import type { Rules } from '../types.ts';

export const identityRules = {
  'root-user': {
    risk: 'medium',
    confined: 'none',
    message: 'the program runs as uid 0, which is root of the host',
    why:
      'whatever lets it out of the container (a fault of the kernel, a file of the host that it reaches) makes it root there',
    remedy: 'set process.user to an ordinary uid, or give the container a user namespace',
    references: ['user_namespaces(7)', 'CVE-2019-5736'],
  },
  'no-user-namespace': {
    risk: 'low',
    message: 'the container has no user namespace',
    why: 'its ids are those of the host: files of the host that it reaches, and capabilities that it gets, count there',
    remedy: 'add {"type": "user"} to linux.namespaces, with uidMappings and gidMappings to ids that nobody else has',
    references: ['user_namespaces(7)'],
  },
  'maps-host-root': {
    risk: 'high',
    message: '{kind} {inside} of the container is {kind} 0 of the host',
    why: "the user namespace does not keep it from files of the host's root: binds, procfs and devices are open to it",
    remedy: 'map to a range of subordinate ids, such as hostID 100000 (subuid(5))',
    references: ['user_namespaces(7)', 'subuid(5)'],
  },
  'maps-host-accounts': {
    risk: 'medium',
    message: 'host {kind}s {first} to {last}, which accounts of the host have, are mapped into the container',
    why: "its root can become each of them, and has their files wherever it reaches the host's file systems",
    remedy: 'map to ids from 65536 on that are reserved for this container (subuid(5))',
    references: ['subuid(5)'],
  },
  'maps-one-account': {
    risk: 'low',
    message: '{kind} {inside} of the container is {kind} {host} of the host, an ordinary account',
    why: 'what escapes from the container has the files and processes of this account',
    remedy: 'where it matters, map to an id that no account has',
    references: ['user_namespaces(7)'],
  },
  'maps-shared': {
    risk: 'low',
    message: 'host {kind}s {first} to {last} are those of the container {other}, too',
    why: 'what escapes from one of them owns the processes and the files of the other one',
    remedy: 'give each container a range of its own (subuid(5))',
    references: ['user_namespaces(7)', 'subuid(5)'],
  },
  'host-group': {
    risk: 'medium',
    confined: 'none',
    message: 'the program is in group {gid}, which is {name} on most hosts',
    why: '{what}',
    remedy: 'take {gid} out of the groups',
    references: ['credentials(7)'],
  },
  'new-privileges': {
    risk: 'medium',
    confined: 'low',
    message: 'no_new_privs is not set',
    why:
      'a set-user-id program or a file with capabilities in the image gives an ordinary user all that the bounding set has',
    remedy: 'set process.noNewPrivileges to true',
    references: ['PR_SET_NO_NEW_PRIVS(2const)'],
  },
  'privileged': {
    risk: 'critical',
    confined: 'high',
    message: 'the container has all capabilities, no seccomp filter and no limits of devices: it is a privileged one',
    why:
      "nothing but file names is between it and the host: it mounts the host's disk, loads modules, or writes core_pattern",
    remedy: 'leave out what the program does not need; "veloci spec --from docker-default" shows a sensible beginning',
    references: ['capabilities(7)', 'CVE-2022-0492'],
  },
} as const satisfies Rules;
