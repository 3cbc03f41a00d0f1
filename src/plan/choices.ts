// Values that flags choose from: src/cli/table.ts offers them, the compiler goes by them. It imports nothing, because the
// generators read it.

/** How cgroups are managed. */
export const cgroupManagers = { cgroupfs: 'by writing to cgroupfs', systemd: 'by systemd',
  disabled: 'not at all' } as const;
export type CgroupManager = keyof typeof cgroupManagers;

/** enum criu_cg_mode. */
export const cgroupsModes = { ignore: 0, soft: 3, full: 4, strict: 5 } as const;
export type CgroupsMode = keyof typeof cgroupsModes;

/** enum criu_network_lock_method. */
export const networkLocks = { iptables: 1, nftables: 2, skip: 3 } as const;
export type NetworkLock = keyof typeof networkLocks;
