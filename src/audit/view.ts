// A configuration in the terms in which its dangers are judged.
import { attributesOf } from './attributes.ts';
import type { Attributes } from './attributes.ts';
import type { HostFacts } from '../generated/protocol.ts';
import type { Mount, NamespaceType, Process, Spec } from '../spec/types.ts';
import { resolved } from '../spec/destination.ts';

/** What the host adds: what is absent is not judged. */
export interface Surroundings {
  /** Security modules and architecture of the host. */
  readonly facts?: Pick<HostFacts, 'lsm' | 'arch'>;
  /** Absolute path of the bundle, where relative paths begin. */
  readonly bundle?: string;
}

/** A mount with what its options mean. */
export interface MountView extends Attributes {
  readonly mount: Mount;
  /** JSON pointer of the mount. */
  readonly pointer: string;
  /** Absolute, without needless parts. */
  readonly destination: string;
  /** Absolute path on the host of a bind mount. */
  readonly source?: string;
}

export interface View extends Surroundings {
  readonly spec: Spec;
  readonly process?: Process;
  /** Namespaces that are not those of the host, as far as the configuration says. */
  readonly own: ReadonlySet<NamespaceType>;
  /** Whether a user namespace keeps the container's root apart from that of the host. */
  readonly confined: boolean;
  readonly mounts: readonly MountView[];
  /** Capabilities that the program has or can get, by the pointer where they stand. */
  readonly capabilities: ReadonlyMap<string, string>;
}

export function viewOf(spec: Spec, surroundings: Surroundings = {}): View {
  const { process } = spec;
  const own = ownNamespaces(spec);
  return {
    ...surroundings,
    spec,
    ...(process === undefined ? {} : { process }),
    own,
    confined: own.has('user') && !mapsRoot(spec),
    mounts: (spec.mounts ?? []).map((mount, index) => mountView(mount, index, surroundings.bundle)),
    capabilities: capabilitiesOf(process),
  };
}

/** Namespaces of processes that belong to the host for sure: its first one, and whoever starts the runtime. */
const hostNamespace = /^\/proc\/(1|self|thread-self)\/ns\//;

/** Whether a path of linux.namespaces is a namespace of the host. */
export function isHostNamespace(path: string): boolean {
  return hostNamespace.test(path);
}

function ownNamespaces({ linux }: Spec): ReadonlySet<NamespaceType> {
  const own = (linux?.namespaces ?? []).filter(({ path = '' }) => !isHostNamespace(path));
  return new Set(own.map(({ type }) => type));
}

function mapsRoot({ linux }: Spec): boolean {
  return [...linux?.uidMappings ?? [], ...linux?.gidMappings ?? []].some(({ hostID, size }) =>
    hostID === 0 && size > 0
  );
}

function mountView(mount: Mount, index: number, bundle: string | undefined): MountView {
  const attributes = attributesOf(mount);
  const source = attributes.bind ? onHost(mount.source ?? '', bundle) : undefined;
  return {
    ...attributes,
    mount,
    pointer: `/mounts/${index}`,
    destination: `/${resolved(mount.destination)}`,
    ...(source === undefined ? {} : { source }),
  };
}

/** An absolute path in its shortest form; undefined for a relative one whose beginning is not known. */
export function onHost(path: string, bundle: string | undefined): string | undefined {
  if (!path.startsWith('/') && bundle === undefined) return undefined;
  const short = `/${resolved(path.startsWith('/') ? path : `${bundle}/${path}`)}`;
  return short === '/var/run' || short.startsWith('/var/run/') ? short.slice('/var'.length) : short;
}

/** Sets in the order in which they count: what the program has, and what it can get. */
const sets = ['effective', 'permitted', 'ambient', 'inheritable', 'bounding'] as const;

function capabilitiesOf(process: Process | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (process === undefined) return found;
  // Without new privileges an ordinary user gets nothing of the bounding set.
  const bound = process.noNewPrivileges === true && (process.user?.uid ?? 0) !== 0;
  for (const set of sets) {
    if (set === 'bounding' && bound) continue;
    process.capabilities?.[set]?.forEach((name, index) => {
      if (!found.has(name)) found.set(name, `/process/capabilities/${set}/${index}`);
    });
  }
  return found;
}

/** Whether a path is another one or lies below it. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}
