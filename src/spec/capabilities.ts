import type { Process } from '../generated/config.ts';

type Capabilities = NonNullable<Process['capabilities']>;

/** Numbers of the capabilities (linux/capability.h). */
const numbers: Readonly<Record<string, number>> = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_LINUX_IMMUTABLE: 9,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_BROADCAST: 11,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_IPC_OWNER: 15,
  CAP_SYS_MODULE: 16,
  CAP_SYS_RAWIO: 17,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_PACCT: 20,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_BOOT: 22,
  CAP_SYS_NICE: 23,
  CAP_SYS_RESOURCE: 24,
  CAP_SYS_TIME: 25,
  CAP_SYS_TTY_CONFIG: 26,
  CAP_MKNOD: 27,
  CAP_LEASE: 28,
  CAP_AUDIT_WRITE: 29,
  CAP_AUDIT_CONTROL: 30,
  CAP_SETFCAP: 31,
  CAP_MAC_OVERRIDE: 32,
  CAP_MAC_ADMIN: 33,
  CAP_SYSLOG: 34,
  CAP_WAKE_ALARM: 35,
  CAP_BLOCK_SUSPEND: 36,
  CAP_AUDIT_READ: 37,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
  CAP_CHECKPOINT_RESTORE: 40,
};

/** Number of a capability by its name (`CAP_CHOWN`, in capitals), or undefined. */
export function capabilityNumber(name: string): number | undefined {
  const number: unknown = numbers[name];
  return typeof number === 'number' ? number : undefined;
}

/** All names, in the order of their numbers. */
export function capabilityNames(): string[] {
  return Object.keys(numbers);
}

/** Sets of which the kernel takes only what another set has, too (capset(2)). */
const bounded = [['effective', 'permitted'], ['inheritable', 'bounding']] as const;

/** Capabilities that the kernel would refuse, together with the whole set. */
export function lostCapabilities(
  capabilities: Capabilities,
): { readonly set: string; readonly needs: string; readonly names: readonly string[] }[] {
  return bounded.map(([set, needs]) => ({ set, needs,
    names: capabilities[set]?.filter((name) => capabilities[needs]?.includes(name) !== true) ?? [] })
  )
    .filter(({ names }) => names.length > 0);
}

/** Ambient capabilities that the kernel will not take, since they are not both permitted and inheritable (capabilities(7)). */
export function uselessAmbient({ ambient = [], permitted = [], inheritable = [] }: Capabilities): readonly string[] {
  return ambient.filter((name) => !permitted.includes(name) || !inheritable.includes(name));
}
