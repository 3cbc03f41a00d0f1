// The texts about a container: its state for hooks, for `state` and `list`, and state.json. What is known
// only later are holes of the templates.
import type { HookKind, Status, Template } from '../../generated/plan.ts';
import { specVersion } from '../../spec/version.ts';
import type { Draft } from '../draft.ts';
import { cgroupDirs, mainDir } from './cgroup/cgroup.ts';
import { rootfsPath } from './mount/rootfs.ts';

const pid = { hole: 'pid' } as const;
const id = { hole: 'id' } as const;
const created = { hole: 'created' } as const;

const statuses: readonly Status[] = ['creating', 'created', 'running', 'paused', 'stopped'];

/**
 * Status that a hook of a kind sees (runtime-spec runtime "State" and "Lifecycle"). "creating" is step 2 of the life
 * cycle and "created" is after it: the deprecated prestart hooks are step 3, and the public suite wants them to see that.
 */
export const statusAtHook: Readonly<Record<HookKind, Status>> = {
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
export function stateText(d: Draft, status: Status): Template {
  const bundle = JSON.stringify(d.context.bundle);
  const annotations = d.spec.annotations;
  const rest = annotations === undefined ? '}' : `,"annotations":${JSON.stringify(annotations)}}`;
  const head = `{"ociVersion":"${specVersion}","id":"`;
  if (status === 'stopped') return [head, id, `","status":"${status}","bundle":${bundle}${rest}`];
  return [head, id, `","status":"${status}","pid":`, pid, `,"bundle":${bundle}${rest}`];
}

/** The record names the cgroups before they exist. */
export function claimState(d: Draft): void {
  d.host.push({ op: 'state.record', from: d.cgroups.from, cgroups: cgroupDirs(d.cgroups) });
}

/**
 * What the later commands need: written while init is at work, since nobody waits for it; but before systemd is asked for a
 * unit, which only this plan can take back when we die.
 */
export function keepState(d: Draft): void {
  d.host.push({ op: 'state.keep', from: '' });
}

/**
 * state.json (schema/state.schema.json): for people and for the library, which derives status and pid from
 * the record. The native commands have the record and the stored plan.
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
    status: context.peer === 'crun' ? crunStatus(d) : undefined,
  });
}

/** The file by which crun knows a container; its readers find pid and paths there. */
function crunStatus({ context, spec, cgroups }: Draft): Template {
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

/** What `state` and `list` print, for every status. */
export function statusTexts(d: Draft): void {
  const { context, spec } = d;
  const owner = context.facts.user;
  const places = `"bundle":${JSON.stringify(context.bundle)},"rootfs":${
    JSON.stringify(rootfsPath(spec, context))
  },"created":"`;
  const { annotations } = spec;
  const has = annotations !== undefined && hasKeys(annotations);
  const compact = has
    ? `","annotations":${JSON.stringify(annotations)},"owner":${JSON.stringify(owner)}}`
    : `","owner":${JSON.stringify(owner)}}`;
  const indented = `,\n  "bundle": ${JSON.stringify(context.bundle)},\n  "rootfs": ${
    JSON.stringify(rootfsPath(spec, context))
  },\n  "created": "`;
  // The command is the container's owner's own; only `list` names the owner.
  const end = has
    ? `",\n  "annotations": ${JSON.stringify(annotations, null, 2).replaceAll('\n', '\n  ')},\n  "owner": ""\n}`
    : '",\n  "owner": ""\n}';
  d.status.push({ op: 'state.summary', from: '', bundle: context.bundle, owner, stateEnd: end, rowEnd: compact });
  for (const status of statuses) {
    const number = status === 'stopped' ? '0' : pid;
    d.status.push({
      op: 'state.status',
      from: '',
      status,
      state: [
        `{\n  "ociVersion": "${specVersion}",\n  "id": "`,
        id,
        '",\n  "pid": ',
        number,
        `,\n  "status": "${status}"${indented}`,
        created,
      ],
      row: [
        `{"ociVersion":"${specVersion}","id":"`,
        id,
        '","pid":',
        number,
        `,"status":"${status}",${places}`,
        created,
      ],
    });
  }
}

function hasKeys(object: object): boolean {
  for (const _key in object) return true;
  return false;
}
