// What the black-box tests did in the virtual machines of test/vm: build/vm-results/GUEST/FOLDER/NAME.tap and .status,
// and the hash of the runtime that they ran.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineOf, ownMachine, type Machine } from '../build/toolchain.ts';
import { ExpectedError } from './command.ts';
import { inRoot } from './root.ts';
import { TapReader, type Result } from './tap-results.ts';

// The kernel of Debian 12 still has every controller of v1, and systemd 252 is the last that mounts them when asked.
const old = { VM_SUITE: 'bookworm', VM_KERNEL: 'linux-image-amd64/bookworm' };

// Node.js of another machine comes from Debian: 13 is the first whose is new enough.
const arm64 = { VM_ARCH: 'arm64', VM_SUITE: 'trixie', VM_PACKAGES: 'nodejs' };

/** The guests, and what test/vm is told to make and boot each. */
export const guests = {
  v2: {},
  '5.10': { VM_SUITE: 'bookworm', VM_KERNEL: 'linux-image-amd64/bullseye' },
  hybrid: { ...old, VM_CMDLINE: 'systemd.unified_cgroup_hierarchy=0' },
  v1: { ...old, VM_CMDLINE: 'systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1' },
  selinux: {
    VM_PACKAGES: 'selinux-policy-default policycoreutils',
    VM_CMDLINE: 'security=selinux selinux=1 enforcing=0',
  },
  arm64,
  'arm64-16k': { ...arm64, VM_KERNEL: 'linux-image-arm64-16k/trixie' },
} as const;
export type Guest = keyof typeof guests;

/** Whether there is such a guest. */
export function isGuest(name: string): name is Guest {
  return Object.hasOwn(guests, name);
}

/** The machine of a guest. */
export function guestMachine(guest: Guest): Machine {
  return machineOf({ VM_ARCH: 'amd64', ...guests[guest] }.VM_ARCH);
}

/** The folder of a guest's results. */
export const resultsOf = (guest: Guest): string => inRoot('build', 'vm-results', guest);

/** What tells one build of a runtime from another. */
export function fingerprint(runtime: string): string {
  return createHash('sha256').update(readFileSync(runtime)).digest('hex');
}

/** Results of a test file, such as `integration/process/hooks`; undefined when it did not run there. */
export function readGuestFile(guest: Guest, file: string): { results: Result[]; status: number } | undefined {
  const path = join(resultsOf(guest), `${file}.tap`);
  if (!existsSync(path)) return undefined;
  const reader = new TapReader();
  for (const line of readFileSync(path, 'utf8').split('\n')) reader.line(line);
  return { results: reader.results, status: Number(readFileSync(join(resultsOf(guest), `${file}.status`), 'utf8')) };
}

/** The guests of this machine that have run tests. Results of another build are refused. */
export function guestsThatRan(runtime: string): Guest[] {
  const hash = fingerprint(runtime);
  const guestsRun = Object.keys(guests).filter(isGuest).filter((guest) =>
    guestMachine(guest) === ownMachine && existsSync(join(resultsOf(guest), 'runtime'))
  );
  if (guestsRun.length === 0) throw new ExpectedError('no results of a virtual machine: npm run test:vm leaves them');
  for (const guest of guestsRun) {
    if (readFileSync(join(resultsOf(guest), 'runtime'), 'utf8') === hash) continue;
    throw new ExpectedError(
      `the results of the virtual machine "${guest}" are those of another build: npm run test:vm renews them`,
    );
  }
  return guestsRun;
}
