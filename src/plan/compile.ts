// compile(spec, context): the plan of a container. A pure function: the same configuration, facts and flags
// give the same plan. Each line below is one concern; it appends its operations to the programs of the host,
// the stager, init and the later verbs, so this is the order of everything that happens.
import type { Plan } from '../generated/plan.ts';
import type { Spec } from '../generated/config.ts';
import { newDraft } from './begin.ts';
import { requireKernel } from './floor.ts';
import { warnOfAnnotations } from './known-annotations.ts';
import type { Context } from './context.ts';
import type { Draft } from './draft.ts';
import { dropBounding, setCapabilities } from './concern/process/capabilities.ts';
import { joinCgroups, limitCgroups, limitProcesses, makeCgroups } from './concern/cgroup/cgroup.ts';
import { delegateCgroup } from './concern/cgroup/delegate.ts';
import { makeDevices } from './concern/mount/devices.ts';
import { containerHooks, hasStartHooks, poststartHooks, poststopHooks, runtimeHooks,
  startHooks } from './concern/hooks.ts';
import { awaitCreated, deleteProgram, killProgram, pausePrograms, spawn, startProgram } from './concern/life.ts';
import { hasLayer, layRoot } from './concern/mount/layer.ts';
import { overlayRoot } from './concern/mount/root-overlay.ts';
import { hasRootOverlay } from '../spec/checks/root-overlay.ts';
import { finishMounts, makeMounts } from './concern/mount/mounts.ts';
import { restrictAccess } from './concern/process/landlock.ts';
import { labelProgram } from './concern/process/labels.ts';
import { joinPidsLate, makeNamespaces } from './concern/namespaces.ts';
import { moveDevices, nameHost, raiseLoopback } from './concern/network.ts';
import { mountNotify } from './concern/notify.ts';
import { protectPaths } from './concern/mount/paths.ts';
import { enterCwd, enterCwdAgain, findProgram, ownStdio, refusePrivileges, runProgram, setEnvironment, setIds,
  waitForStart } from './concern/process/process.ts';
import { joinRdt } from './concern/cgroup/rdt.ts';
import { limitEarly, limitLate } from './concern/process/rlimits.ts';
import { adaptProcess, freeProcessors, isLostByFork, schedule } from './concern/process/scheduling.ts';
import { enterRoot, finishRoot, openRoot, spreadRoot } from './concern/mount/rootfs.ts';
import { loadEarly, loadLate, openFilter, refuseSeenFilter } from './concern/seccomp/seccomp.ts';
import { makeSession } from './concern/process/session.ts';
import { claimState, keepState, writeState } from './concern/state.ts';
import { writeSysctls } from './concern/sysctl.ts';
import { openTerminal } from './concern/process/terminal.ts';

/**
 * Compiles the configuration of a container to a plan: create, stager and init run now; start, kill, delete,
 * pause and resume are kept for the later verbs.
 *
 * @param spec a valid configuration: its schema and its checks have passed
 * @throws PlanError when this host cannot do it
 */
export function compile(spec: Spec, context: Context): Plan {
  const d = spec.process === undefined
    ? newDraft(spec, { cwd: '/' }, '', context)
    : newDraft(spec, spec.process, '/process', context);
  requireKernel(context.facts.kernel);
  warnOfAnnotations(d);
  claimState(d);
  if (d.cgroups.unit !== undefined) keepState(d);
  makeCgroups(d);
  spawn(d);
  joinCgroups(d);
  freeProcessors(d);
  limitCgroups(d);
  limitEarly(d);
  makeNamespaces(d);
  if (!d.hides) limitProcesses(d);
  if (d.cgroups.unit === undefined) keepState(d);
  if (!d.hides) writeState(d);
  delegateCgroup(d);
  makeSession(d);
  joinRdt(d);
  moveDevices(d);
  raiseLoopback(d);
  if (hasLayer(spec)) layRoot(d);
  else if (hasRootOverlay(spec)) overlayRoot(d, spec.mounts![0]!);
  else openRoot(d);
  makeMounts(d);
  mountNotify(d);
  makeDevices(d);
  openTerminal(d);
  runtimeHooks(d);
  containerHooks(d);
  enterRoot(d);
  finishMounts(d);
  finishRoot(d);
  nameHost(d);
  writeSysctls(d);
  protectPaths(d);
  spreadRoot(d);
  openFilter(d, 'creating');
  if (d.hides) joinPidsLate(d);
  if (hasStartHooks(d)) refuseSeenFilter(d);
  const loaded = becomeUser(d, true, hasStartHooks(d));
  // Init is another process from here on.
  if (d.hides) {
    limitProcesses(d);
    writeState(d);
  }
  waitForStart(d);
  startHooks(d);
  if (hasStartHooks(d) && !d.hides) restrictAccess(d);
  if (!loaded) loadLate(d, false);
  runProgram(d);
  awaitCreated(d);
  return { planVersion: 1, programs: { create: d.host, stager: d.stager, init: d.init, ...laterPrograms(d) } };
}

/** The programs that are kept for the later verbs. */
export function laterPrograms(d: Draft): Plan['programs'] {
  startProgram(d);
  poststartHooks(d);
  killProgram(d);
  deleteProgram(d);
  poststopHooks(d);
  pausePrograms(d);
  return { start: d.start, kill: d.kill, delete: d.delete, pause: d.pause, resume: d.resume };
}

/**
 * The tail that create and exec share: from the container's root to the container's program.
 *
 * @param makeCwd whether a working directory that is missing is made: a further process changes nothing in the container
 * @param hooked whether hooks come before the program, which neither Landlock nor a late filter must bind
 * @returns whether the filter is loaded
 */
export function becomeUser(d: Draft, makeCwd: boolean, hooked: boolean): boolean {
  if (!isLostByFork(d)) schedule(d);
  limitLate(d);
  adaptProcess(d);
  labelProgram(d);
  setEnvironment(d);
  enterCwd(d, makeCwd);
  ownStdio(d);
  dropBounding(d);
  setIds(d);
  enterCwdAgain(d);
  loadEarly(d);
  setCapabilities(d);
  refusePrivileges(d);
  findProgram(d);
  // Others see the process behind this point, and must not find it without its rules.
  if (!hooked || d.hides) restrictAccess(d);
  if (!d.hides) return false;
  if (!hooked) loadLate(d, true);
  enterProcess(d);
  return !hooked;
}

/** What others in the pid namespace may see begins here. */
function enterProcess(d: Draft): void {
  d.init.push({ op: 'process.enter', from: d.processPointer });
  d.host.push({ op: 'process.await', from: d.processPointer });
  attachProcess(d);
  if (isLostByFork(d)) schedule(d);
}

/** Moves the process to where it could not be made, before it goes on. */
function attachProcess(d: Draft): void {
  if (d.attach.length === 0) return;
  const { from } = d.cgroups;
  for (const dir of d.attach) d.host.push({ op: 'cgroup.move', from, dir });
  d.host.push({ op: 'sync.signal', from, point: 'cgroupsJoined' });
  d.init.push({ op: 'sync.await', from, point: 'cgroupsJoined' });
}
