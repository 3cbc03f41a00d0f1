// What of the host a container has, finding or not: capabilities, namespaces, files, devices, limits.
import { nameOfPath } from './device-names.ts';
import { reachedBy, socketOf } from './host-paths.ts';
import { limitsOf } from './limits.ts';
import { capabilityRule } from './table/capabilities.ts';
import { ruleOf } from './table.ts';
import type { Risk } from './types.ts';
import type { View } from './view.ts';

export interface CapabilityRow {
  readonly name: string;
  /** Letters of the sets that have it: e, p, i, b, a. */
  readonly sets: string;
  /** Absent for harmless ones, and where a user namespace takes its effect away. */
  readonly risk?: Risk;
  readonly why?: string;
}

export interface HostObject {
  /** In the container. */
  readonly path: string;
  /** On the host. */
  readonly source: string;
  readonly access: 'read-only' | 'writable';
  readonly what: string;
}

const sets = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient'] as const;

/** Capabilities that the program has or can get, the riskiest first as the table of rules has them. */
export function capabilityRows({ process, capabilities, confined }: View): readonly CapabilityRow[] {
  return [...capabilities.keys()].map((name): CapabilityRow => {
    const letters = sets.map((set) => (process?.capabilities?.[set]?.includes(name) === true ? set[0]! : '-')).join('');
    const id = capabilityRule(name);
    const rule = id === undefined ? undefined : ruleOf(id);
    const risk = rule === undefined ? undefined : confined ? rule.confined ?? rule.risk : rule.risk;
    return { name, sets: letters,
      ...(rule === undefined || risk === undefined || risk === 'none' ? {} : { risk, why: rule.why }) };
  });
}

/** Namespaces of the host that the container has. */
export function sharedNamespaces({ own }: View): readonly string[] {
  return ['user', 'pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].filter((type) =>
    !(own as ReadonlySet<string>).has(type)
  );
}

/** Files, directories and devices of the host in the container. */
export function hostObjects({ mounts, spec: { linux } }: View): readonly HostObject[] {
  const bound = mounts.flatMap(({ source, destination, readonly }): HostObject[] =>
    source === undefined
      ? []
      : [{ path: destination, source, access: readonly ? 'read-only' : 'writable', what: whatIs(source) }]
  );
  const nodes = (linux?.devices ?? []).filter(({ type }) => type !== 'p').map((
    { path, type, major, minor },
  ): HostObject => ({ path, source: `${type === 'b' ? 'block' : 'character'} device ${major}:${minor}`,
    access: 'writable', what: nameOfPath(path)?.name ?? 'a device' })
  );
  return [...bound, ...nodes];
}

function whatIs(source: string): string {
  const socket = socketOf(source);
  if (socket !== undefined) return `the socket of ${socket}`;
  if (source.startsWith('/dev/')) return nameOfPath(source)?.name ?? 'a device';
  const [place] = reachedBy(source);
  return place === undefined
    ? ''
    : place.path === source || !place.path.startsWith(source)
    ? place.what
    : `among it ${place.what}`;
}

/** Limits that are set, and those that are not, in words. */
export function limitWords(
  { spec: { linux } }: View,
): { readonly set: readonly string[]; readonly unset: readonly string[] } {
  const limits = Object.entries(limitsOf(linux?.resources));
  return { set: limits.flatMap(([name, on]) => (on ? [name] : [])),
    unset: limits.flatMap(([name, on]) => (on ? [] : [name])) };
}

/** The same as one line. */
export function limitText(view: View): string {
  const { set, unset } = limitWords(view);
  if (set.length === 0) return 'none';
  return `${set.join(', ')}${unset.length === 0 ? '' : `; none of ${unset.join(', ')}`}`;
}
