// process.apparmorProfile, process.selinuxLabel, linux.mountLabel: security labels of the program and of the mounts.
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import type { FsOption } from '../../../generated/plan.ts';
import { annotatedChoice } from '../../annotations.ts';
import { PlanError } from '../../context.ts';
import { alt, errno } from '../../draft.ts';
import type { Draft } from '../../draft.ts';

const lsmNames = { apparmor: 'AppArmor', selinux: 'SELinux' } as const;

/** @throws PlanError when the kernel does not have the security module */
function need(d: Draft, lsm: 'apparmor' | 'selinux', name: string, pointer: string): void {
  if (!d.context.facts.lsm[lsm])
    throw new PlanError(diagnose('lsmMissing', { name, lsm: lsmNames[lsm] }, placeAt(pointer)));
}

/**
 * What the program gets at execve. Written while init still has a procfs of its own and its capabilities; an empty
 * label is none, and where there is no AppArmor everything is unconfined.
 */
export function labelProgram(d: Draft): void {
  const { apparmorProfile: profile, selinuxLabel: label } = d.process;
  const { lsm } = d.context.facts;
  if (label !== undefined && label !== '') {
    const from = `${d.processPointer}/selinuxLabel`;
    need(d, 'selinux', 'selinuxLabel', from);
    d.init.push({ op: 'label.exec', from, file: 'exec', value: label });
  }
  if (profile === undefined || profile === '' || (profile === 'unconfined' && !lsm.apparmor)) return;
  const from = `${d.processPointer}/apparmorProfile`;
  need(d, 'apparmor', 'apparmorProfile', from);
  const value = `exec ${profile}`;
  // Before Linux 5.8 AppArmor has no folder of its own.
  d.init.push(
    alt({ op: 'label.exec', from, file: 'apparmorExec', value }, [errno.ENOENT], { op: 'label.exec', from, file: 'exec',
      value }),
  );
}

/**
 * The session keyring gets the label of the program, which could not use it otherwise. execve sets back what later keys
 * get.
 */
export function labelKeyring(d: Draft): void {
  const { selinuxLabel: label } = d.process;
  if (label === undefined || label === '' || !d.context.facts.lsm.selinux) return;
  d.init.push({ op: 'label.exec', from: `${d.processPointer}/selinuxLabel`, file: 'keyCreate', value: label });
}

/** File systems that belong to the kernel: their labels are the policy's. */
const ownLabels: ReadonlySet<string> = new Set(['proc', 'sysfs', 'mqueue', 'cgroup', 'cgroup2']);

const contextTypes = ['context', 'fscontext', 'defcontext', 'rootcontext'] as const;

/** The mount options that give a new mount linux.mountLabel. */
export function mountLabelOptions(d: Draft, type: string): readonly FsOption[] {
  const label = d.spec.linux?.mountLabel;
  if (label === undefined || label === '' || ownLabels.has(type)) return [];
  if (d.context.habits.labelWithoutSelinux === 'ignored' && !d.context.facts.lsm.selinux) return [];
  need(d, 'selinux', 'linux.mountLabel', '/linux/mountLabel');
  return [{ key: annotatedChoice(d.spec, 'mountContextType', contextTypes) ?? 'context', value: label }];
}
