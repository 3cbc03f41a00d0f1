// compileExec(spec, process, context): the plan of a further process in a container that runs. It depends on
// the process and on the container's configuration alone, so that the launcher can keep it for the same call:
// what only the launcher does with the process (pid file, console socket, detach) is not in it.
import type { Process, Spec } from '../generated/config.ts';
import { NamespaceFlag } from '../generated/plan.ts';
import type { Plan } from '../generated/plan.ts';
import { newDraft } from './begin.ts';
import { becomeUser } from './compile.ts';
import { attachStager } from './concern/cgroup/attach.ts';
import type { Move } from './concern/cgroup/attach.ts';
import { followCgroups, spawnInto } from './concern/cgroup/cgroup.ts';
import { enterNamespaces } from './concern/namespaces.ts';
import { runProgram } from './concern/process/process.ts';
import { limitEarly } from './concern/process/rlimits.ts';
import { bindProcessors } from './concern/process/scheduling.ts';
import { openFilter } from './concern/seccomp/seccomp.ts';
import { makeSession } from './concern/process/session.ts';
import { keepTerminal } from './concern/process/terminal.ts';
import type { Context } from './context.ts';

/**
 * Compiles a process for a running container.
 *
 * @param spec the container's configuration
 * @param process a valid process; see execProcess
 * @param cgroups sub-cgroups to join (--cgroup), `[CONTROLLERS:]PATH` each
 * @param move how it comes into the container's cgroup
 * @param full whether the container has as many processes as it may have
 * @param ownClocks whether the container has a time namespace, whatever its configuration says
 * @throws PlanError when this host cannot do it
 */
export function compileExec(
  spec: Spec,
  process: Process,
  cgroups: readonly string[],
  move: Move,
  context: Context,
  ownClocks = false,
  full = false,
): Plan {
  const d = newDraft(spec, process, '', context, true);
  if (typeof move === 'object') attachStager(d, move, d.cgroups.optional && cgroups.length === 0);
  spawnInto(d);
  bindProcessors(d, 'initial');
  const stayOn = followCgroups(d, cgroups, move === 'strict', full);
  bindProcessors(d, 'final');
  limitEarly(d);
  enterNamespaces(d, ownClocks ? NamespaceFlag.time : 0, 0, stayOn);
  makeSession(d);
  keepTerminal(d);
  openFilter(d, 'running');
  becomeUser(d, false, false);
  runProgram(d);
  return { planVersion: 1, programs: { exec: d.host, stager: d.stager, init: d.init } };
}
