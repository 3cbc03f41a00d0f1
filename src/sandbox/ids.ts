// Whose ids a sandbox has on the host.
import { randomInt } from 'node:crypto';
import type { HostFacts } from '../generated/protocol.ts';

/** Root of the sandbox and those that follow it, as ids of the host. */
export interface IdMap {
  readonly uid: number;
  readonly gid: number;
  readonly count: number;
}

/** Where the ranges for sandboxes begin: above all that useradd(8) and systemd give away (systemd's UIDS-GIDS.md). */
const first = 0x7000_0000;
const size = 65536;
const ranges = 4096;

/**
 * As root a range that no account has, another one for each sandbox; a user has his own id alone, which takes no rights.
 */
export function chooseIds({ euid, egid }: HostFacts): IdMap {
  if (euid !== 0) return { uid: euid, gid: egid, count: 1 };
  const start = first + randomInt(ranges) * size;
  return { uid: start, gid: start, count: size };
}
