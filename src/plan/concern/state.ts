// The texts about a container: its state for hooks, and state.json. What is known only later are holes of the templates.
import type { HookKind, Template } from '../../generated/plan.ts';
import type { State } from '../../generated/state.ts';
import { specVersion } from '../../spec/version.ts';
import type { Draft } from '../draft.ts';
import { cgroupDirs, mainDir } from './cgroup/cgroup.ts';
import { freezerOf } from './cgroup/freezer.ts';
import { sliceOf } from './cgroup/systemd.ts';
import { rootfsPath } from './mount/rootfs.ts';

const pid = { hole: 'pid' } as const;
const id = { hole: 'id' } as const;
const created = { hole: 'created' } as const;

/**
 * Status that a hook of a kind sees (runtime-spec runtime "State" and "Lifecycle"). "creating" is step 2 of the life
 * cycle and "created" is after it: the deprecated prestart hooks are step 3, and the public suite wants them to see that.
 */
export const statusAtHook: Readonly<Record<HookKind, State['status']>> = {
  prestart: 'created',
  createRuntime: 'creating',
  createContainer: 'creating',
  startContainer: 'created',
  poststart: 'running',
  poststop: 'stopped',
};

/** The state that a hook reads on its stdin (runtime-spec runtime "State"). */
export function hookState(d: Draft, kind: HookKind): Template {
  return stateText(d, statusAtHook[kind]);
}

/** The state with a status, on one line. */
export function stateText(d: Draft, status: State['status']): Template {
  const bundle = JSON.stringify(d.context.bundle);
  const annotations = d.spec.annotations;
  const rest = annotations === undefined ? '}' : `,"annotations":${JSON.stringify(annotations)}}`;
  const head = `{"ociVersion":"${specVersion}","id":"`;
  if (status === 'stopped') return [head, id, `","status":"${status}","bundle":${bundle}${rest}`];
  return [head, id, `","status":"${status}","pid":`, pid, `,"bundle":${bundle}${rest}`];
}

/** The record names the cgroups before they exist. */
export function claimState(d: Draft): void {
  d.host.push({ op: 'state.record', from: d.cgroups.from, cgroups: cgroupDirs(d.cgroups), freezer: freezerOf(d.cgroups),
    slice: sliceOf(d.cgroups) });
}

/**
 * What the later commands need: written while init is at work, since nobody waits for it; but before systemd is asked for a
 * unit, which only this plan can take back when we die.
 */
export function keepState(d: Draft): void {
  d.host.push({ op: 'state.keep', from: '' });
}

/**
 * state.json (schema/state.schema.json): what `state`, `list` and the library report, with the current status and pid.
 * Versions read each other's: members are added, but none ever changes (docs/upgrading.md).
 */
export function writeState(d: Draft): void {
  const { context, spec } = d;
  const tail = `","owner":${JSON.stringify(context.facts.user)}${
    spec.annotations === undefined ? '' : `,"annotations":${JSON.stringify(spec.annotations)}`
  }}\n`;
  d.host.push({
    op: 'state.write',
    from: '',
    content: [
      `{"ociVersion":"${specVersion}","id":"`,
      id,
      '","status":"creating","pid":',
      pid,
      `,"bundle":${JSON.stringify(context.bundle)},"rootfs":${JSON.stringify(rootfsPath(spec, context))},"created":"`,
      created,
      tail,
    ],
    status: context.habits.writesStatus ? statusFile(d) : undefined,
  });
}

/** The file `status`, whose readers find pid and paths there. */
function statusFile({ context, spec, cgroups }: Draft): Template {
  const path = `/${mainDir(cgroups)?.path ?? ''}`;
  return [
    '{"pid":',
    pid,
    `,"cgroup-path":${JSON.stringify(path)},"rootfs":${JSON.stringify(rootfsPath(spec, context))},"systemd-cgroup":${
      context.flags.cgroupManager === 'systemd'
    },"bundle":${JSON.stringify(context.bundle)},"created":"`,
    created,
    `","owner":${JSON.stringify(context.facts.user)},"detached":${context.flags.detach}`,
  ];
}
