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
import { containerHooks, poststartHooks, poststopHooks, runtimeHooks, startHooks } from './concern/hooks.ts';
import { awaitCreated, deleteProgram, killProgram, pausePrograms, spawn, startProgram } from './concern/life.ts';
import { finishMounts, makeMounts } from './concern/mount/mounts.ts';
import { labelProgram } from './concern/process/labels.ts';
import { makeNamespaces } from './concern/namespaces.ts';
import { moveDevices, nameHost, raiseLoopback } from './concern/network.ts';
import { mountNotify } from './concern/notify.ts';
import { protectPaths } from './concern/mount/paths.ts';
import { enterCwd, enterCwdAgain, findProgram, ownStdio, refusePrivileges, runProgram, setEnvironment, setIds,
  waitForStart } from './concern/process/process.ts';
import { joinRdt } from './concern/cgroup/rdt.ts';
import { limitEarly, limitLate } from './concern/process/rlimits.ts';
import { adaptProcess, freeProcessors, schedule } from './concern/process/scheduling.ts';
import { enterRoot, finishRoot, openRoot, spreadRoot } from './concern/mount/rootfs.ts';
import { loadEarly, loadLate, openFilter } from './concern/seccomp/seccomp.ts';
import { makeSession } from './concern/process/session.ts';
import { claimState, keepState, statusTexts, writeState } from './concern/state.ts';
import { writeSysctls } from './concern/sysctl.ts';
import { openTerminal } from './concern/process/terminal.ts';

/**
 * Compiles the configuration of a container to a plan: create, stager and init run now; start, kill, delete,
 * pause, resume and status are kept for the later verbs.
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
  limitProcesses(d);
  if (d.cgroups.unit === undefined) keepState(d);
  writeState(d);
  delegateCgroup(d);
  makeSession(d);
  joinRdt(d);
  moveDevices(d);
  raiseLoopback(d);
  openRoot(d);
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
  becomeUser(d, true);
  waitForStart(d);
  startHooks(d);
  loadLate(d);
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
  statusTexts(d);
  return { start: d.start, kill: d.kill, delete: d.delete, status: d.status, pause: d.pause, resume: d.resume };
}

/**
 * The tail that create and exec share: from the container's root to the container's program.
 *
 * @param makeCwd whether a working directory that is missing is made: a further process changes nothing in the container
 */
export function becomeUser(d: Draft, makeCwd: boolean): void {
  schedule(d);
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
}
