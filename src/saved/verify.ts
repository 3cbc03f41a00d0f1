// Whether a saved plan is what the engine makes now. It is used for one comparison: the file that would be saved now, with the
// facts, the moment and the nonce of the saved one, must be the same text. What follows says why it is not.
import type { Host } from '../engine/protocol.ts';
import type { HostFacts } from '../generated/protocol.ts';
import { comparePlans, differenceWords } from './compare.ts';
import { savedText, type SavedHead, type SavedPlan } from './document.ts';
import { decisiveFacts } from './facts.ts';

/** What the engine makes now. */
export interface Now {
  readonly host: Pick<Host, 'sha256'>;
  readonly head: SavedHead;
  readonly facts: HostFacts;
  /** The document that facts give. @throws PlanError */
  readonly document: (facts: HostFacts) => SavedPlan;
  /** How messages call the file. */
  readonly file: string;
}

/**
 * Why a saved plan cannot be used; undefined when it can.
 *
 * @param text the whole file
 */
export function staleReason({ saved, text }: { saved: SavedPlan; text: string }, now: Now): string | undefined {
  const other = makerReason(saved, now.head) ?? purposeReason(saved, now.head) ?? flagsReason(saved, now.head);
  if (other !== undefined) return other;
  const present = now.document(now.facts);
  const again = (document: SavedPlan): string => savedText({ ...document, facts: saved.facts }, now.host);
  if (again(present) === text) return undefined;
  return configReason(saved, present, now) ?? rootReason(saved, present) ?? factsReason(saved, present, now, text);
}

function makerReason(saved: SavedHead, present: SavedHead): string | undefined {
  if (saved.veloci !== present.veloci) return `it was made by veloci ${saved.veloci}, and this is ${present.veloci}`;
  if (saved.schema !== present.schema)
    return `its plan is of schema ${saved.schema}, and this veloci has ${present.schema}`;
  if (saved.boot !== present.boot)
    return 'it was made before the system was started, or on another one: its boot id is another';
  if (saved.peer !== present.peer)
    return `it was made under the name ${saved.peer ?? 'veloci'}, and this is ${present.peer ?? 'veloci'}`;
  return undefined;
}

function purposeReason(saved: SavedHead, present: SavedHead): string | undefined {
  if (saved.id !== present.id) return `it is for the container "${saved.id}", not for "${present.id}"`;
  if (saved.bundle !== present.bundle) return `it is for the bundle ${saved.bundle}, not for ${present.bundle}`;
  if (saved.config.name !== present.config.name)
    return `it is for the configuration ${saved.config.name}, not for ${present.config.name}`;
  return undefined;
}

/** Flags as they are given. */
const given: Readonly<Record<string, string>> = { preserveFds: 'preserve-fds', noPivot: 'no-pivot',
  noNewKeyring: 'no-new-keyring', cgroupManager: 'cgroup-manager', consoleSocket: 'console-socket',
  pidFile: 'pid-file' };

function flagsReason({ flags: saved }: SavedHead, { flags: present }: SavedHead): string | undefined {
  const [before, after] = [saved, present].map((flags) => flags as unknown as Readonly<Record<string, unknown>>) as [
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
  ];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]].map((value) => JSON.stringify(value) ?? 'not given');
    if (old !== now) return `--${given[name] ?? name} is another: it was ${old}, and is ${now}`;
  }
  return undefined;
}

/** What a changed configuration changes, in words. */
function configReason(saved: SavedPlan, present: SavedPlan, { file }: Now): string | undefined {
  if (saved.config.sha256 === present.config.sha256) return undefined;
  return `${saved.config.name} has changed: ${differences(saved, present, file)}`;
}

function differences(saved: SavedPlan, present: SavedPlan, file: string): string {
  const found = comparePlans(saved.plan, present.plan);
  const sides = { before: file, after: saved.config.name };
  // What a line of the configuration causes says more than what every container has.
  const first = found.find(({ before, after }) => (after ?? before)?.['line'] !== undefined) ?? found[0];
  if (first !== undefined) {
    const more = found.length === 1 ? '' : `; and ${found.length - 1} more`;
    return `${differenceWords(first, sides)}${more}`;
  }
  if (saved.digest === present.digest) return 'no operation is another, but the file is';
  return saved.env === 'redacted'
    ? 'values of environment variables, which the saved plan does not show, are others'
    : 'its operations are encoded otherwise';
}

function rootReason({ root: saved }: SavedHead, { root: present }: SavedHead): string | undefined {
  if (JSON.stringify(saved) === JSON.stringify(present)) return undefined;
  if (saved === null) return `there was no root file system ${present?.path ?? ''}, and now there is`;
  if (present === null) return `the root file system ${saved.path} is gone`;
  return saved.path === present.path
    ? `${saved.path} is another directory (device and inode ${saved.identity} then, ${present.identity} now)`
    : `the root file system is ${present.path}, and was ${saved.path}`;
}

/** The configuration is the same: either the host has changed, or the file is not what the engine gives. */
function factsReason(saved: SavedPlan, present: SavedPlan, now: Now, text: string): string {
  const gives = (facts: HostFacts): string => {
    try {
      return savedText({ ...now.document(facts), facts: saved.facts }, now.host);
    } catch {
      // What these facts do not allow is another plan in any case.
      return '';
    }
  };
  const wrong = differences(saved, present, now.file);
  if (gives(saved.facts) !== text)
    return `the plan in it is not the one that veloci makes of this configuration: ${wrong}`;
  return `the host has changed: ${decisiveFacts(saved.facts, now.facts, gives).join('; ')}: ${wrong}`;
}
