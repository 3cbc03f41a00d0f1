// compileCheckpoint and compileRestore: the plans that save a container with CRIU and make it again.
import type { Spec } from '../generated/config.ts';
import type { Plan } from '../generated/plan.ts';
import { newDraft } from './begin.ts';
import type { Context } from './context.ts';
import { refuseImages } from './concern/process/landlock.ts';
import { limitCgroups, limitProcesses, makeCgroups } from './concern/cgroup/cgroup.ts';
import { limitDevices } from './concern/cgroup/device-limits.ts';
import { dump, restore } from './concern/criu.ts';
import type { CriuFlags } from './concern/criu.ts';
import { writePid } from './concern/life.ts';
import { claimState, keepState, writeState } from './concern/state.ts';
import { laterPrograms } from './compile.ts';
import type { Draft } from './draft.ts';

/** @throws PlanError where the images would not have all that confines the container */
function draftOf(spec: Spec, context: Context): Draft {
  refuseImages(spec);
  return spec.process === undefined
    ? newDraft(spec, { cwd: '/' }, '', context)
    : newDraft(spec, spec.process, '/process', context);
}

/**
 * Compiles the dump of a running container.
 *
 * @throws PlanError when this host cannot do it
 */
export function compileCheckpoint(spec: Spec, flags: CriuFlags, context: Context): Plan {
  const d = draftOf(spec, context);
  dump(d, flags);
  return { planVersion: 1, programs: { checkpoint: d.host } };
}

/**
 * Compiles a container that comes from images: its cgroups are made as for a new one, everything else is CRIU's; the
 * programs of the later verbs are those of any container.
 *
 * @param descriptors what stdin, stdout and stderr were at the dump
 * @throws PlanError when this host cannot do it
 */
export function compileRestore(
  spec: Spec,
  flags: CriuFlags,
  descriptors: readonly string[],
  context: Context,
): Plan {
  const d = draftOf(spec, context);
  claimState(d);
  if (d.cgroups.unit !== undefined) keepState(d);
  makeCgroups(d);
  limitCgroups(d);
  restore(d, flags, descriptors);
  limitDevices(d, true);
  limitProcesses(d);
  if (d.cgroups.unit === undefined) keepState(d);
  writeState(d);
  writePid(d);
  return { planVersion: 1, programs: { restore: d.host, ...laterPrograms(d) } };
}
