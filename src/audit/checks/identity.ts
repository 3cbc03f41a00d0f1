import { capabilityNames } from '../../spec/capabilities.ts';
import type { IdMapping } from '../../spec/types.ts';
import type { Report } from '../report.ts';
import type { View } from '../view.ts';

/** Ids from here on are not given to accounts (login.defs(5), sysusers.d(5)); subordinate ids begin later. */
const firstSubordinate = 65536;

/** Groups whose members have more of a host than others, by their usual numbers. */
const groups: Readonly<Record<number, readonly [name: string, what: string]>> = {
  0: ['root', 'files that root gives to its group are open to it'],
  6: ['disk', 'it reads and writes the disks of the host, if it has their nodes'],
  15: ['kmem', 'it reads the memory of the kernel, if it has its nodes'],
  42: ['shadow', 'it reads the passwords of the host, where it reaches them'],
};

/** Ids, and what they can become. */
export function checkIdentity(view: View, report: Report): void {
  const { process, own } = view;
  const uid = process?.user?.uid ?? 0;
  if (!own.has('user')) {
    report.add('no-user-namespace', '/linux/namespaces');
    if (process !== undefined && uid === 0)
      report.add('root-user', process.user?.uid === undefined ? '/process' : '/process/user/uid');
  } else {
    checkMaps(view, report);
  }
  if (process === undefined) return;
  if (process.noNewPrivileges !== true)
    report.add('new-privileges', process.noNewPrivileges === undefined ? '/process' : '/process/noNewPrivileges');
  checkGroups(view, report);
}

function checkMaps({ spec: { linux } }: View, report: Report): void {
  const check = (maps: readonly IdMapping[] | undefined, kind: string, name: string): void => {
    maps?.forEach(({ containerID, hostID, size }, index) => {
      const pointer = `/linux/${name}/${index}`;
      if (size <= 0) return;
      if (hostID === 0) report.add('maps-host-root', pointer, { kind, inside: containerID });
      const first = Math.max(hostID, 1);
      const last = Math.min(hostID + size, firstSubordinate) - 1;
      if (last < first) return;
      if (size === 1) report.add('maps-one-account', pointer, { kind, inside: containerID, host: hostID });
      else report.add('maps-host-accounts', pointer, { kind, first, last });
    });
  };
  check(linux?.uidMappings, 'uid', 'uidMappings');
  check(linux?.gidMappings, 'gid', 'gidMappings');
}

/** Root has these groups without being in them; for others they count. */
function checkGroups({ process }: View, report: Report): void {
  const user = process!.user;
  if ((user?.uid ?? 0) === 0) return;
  const given: (readonly [gid: number, pointer: string])[] = [[user?.gid ?? 0, '/process/user/gid']];
  user?.additionalGids?.forEach((gid, index) => given.push([gid, `/process/user/additionalGids/${index}`]));
  for (const [gid, pointer] of given) {
    const group = groups[gid];
    if (group !== undefined) report.add('host-group', pointer, { gid, name: group[0], what: group[1] });
  }
}

/** Everything at once: what engines call privileged. */
export function checkPrivileged(view: View, report: Report): void {
  const { spec: { linux }, capabilities } = view;
  const all = capabilityNames().length;
  const open = linux?.resources?.devices?.some(({ allow, type = 'a', major = -1 }) =>
    allow && (type === 'a' || type === '') && major < 0
  );
  if (capabilities.size >= all - 3 && linux?.seccomp === undefined && open === true)
    report.add('privileged', '/process/capabilities');
}
