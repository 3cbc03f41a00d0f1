// From the configuration of an image to that of a bundle, by the rules of image-spec's conversion.md.
import type { Mount, Spec } from '../generated/config.ts';
import { defaultSpec, likeDocker, makeRootless } from '../spec/beginning.ts';
import { isObject, type JsonObject } from '../spec/parse/value.ts';
import { invalid, mapOf, objectOf, textOf, textsOf, type Source } from './document.ts';
import type { IdRange } from './ids.ts';
import type { User } from './user.ts';

/** What is not in the image. */
export interface ConvertOptions {
  /** What the programs are for, as uname(2) names it. */
  readonly machine: string;
  readonly user: User;
  /** The host has cgroup v2 alone. */
  readonly unified: boolean;
  /** A user namespace with one id, for a caller without rights. */
  readonly rootless?: { readonly uid: number; readonly gid: number };
  /** A user namespace with these ids. */
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `config` of an image's configuration: what a container is to be like. */
export function executionOf(source: Source): JsonObject {
  const { config } = objectOf(source);
  if (config === undefined || config === null) return {};
  return isObject(config) ? config : invalid(source.name, '"config" is no object');
}

/**
 * A configuration with what Docker gives a container: capabilities, seccomp profile, masked paths, a root that can be written to.
 * @throws PlanError when the image's configuration is not valid
 */
export function convert(source: Source, options: ConvertOptions): Spec {
  const { name } = source;
  const execution = executionOf(source);
  const spec = defaultSpec();
  likeDocker(spec, options.machine);
  delete spec.hostname;
  const process = spec.process!;
  const args = [...textsOf(name, execution, 'Entrypoint'), ...textsOf(name, execution, 'Cmd')];
  process.terminal = false;
  process.args = args.length === 0 ? ['/bin/sh'] : args;
  const env = textsOf(name, execution, 'Env');
  process.env = env.some((entry) => entry.startsWith('PATH=')) ? env : [defaultPath, ...env];
  process.cwd = cwdOf(name, execution);
  const { uid, gid, additionalGids } = options.user;
  process.user = { uid, gid, ...(additionalGids.length === 0 ? {} : { additionalGids: [...additionalGids] }) };
  spec.mounts!.push(...volumesOf(name, execution));
  const annotations = annotationsOf(source, execution);
  if (Object.keys(annotations).length > 0) spec.annotations = annotations;
  if (options.unified) spec.linux!.namespaces!.push({ type: 'cgroup' });
  if (options.rootless !== undefined) makeRootless(spec, options.rootless.uid, options.rootless.gid);
  else if (options.uids.length > 0) {
    const ranges = (list: readonly IdRange[]) =>
      list.map(({ inside, outside, size }) => ({ containerID: inside, hostID: outside, size }));
    spec.linux!.uidMappings = ranges(options.uids);
    spec.linux!.gidMappings = ranges(options.gids);
    spec.linux!.namespaces!.push({ type: 'user' });
  }
  return spec;
}

function cwdOf(name: string, execution: JsonObject): string {
  const cwd = textOf(name, execution, 'WorkingDir');
  if (cwd === '') return '/';
  return cwd.startsWith('/') ? cwd : `/${cwd}`;
}

/** Data of a volume is not to be written to the root: each gets a file system of its own, with what the image has there. */
function volumesOf(name: string, execution: JsonObject): Mount[] {
  return membersOf(name, execution, 'Volumes').map((destination) => ({
    destination: destination.startsWith('/') ? destination : `/${destination}`,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', 'tmpcopyup'],
  }));
}

/** Names of the members of an object: Go's set of texts. */
function membersOf(name: string, execution: JsonObject, key: string): string[] {
  const value = execution[key];
  if (value === undefined || value === null) return [];
  return isObject(value) ? Object.keys(value).sort() : invalid(name, `"${key}" is no object`);
}

/** What an image says of itself; its labels go before what follows from other members. */
function annotationsOf(source: Source, execution: JsonObject): Record<string, string> {
  const { name } = source;
  const image = objectOf(source);
  const prefix = 'org.opencontainers.image.';
  const implied: Record<string, string> = {
    os: textOf(name, image, 'os'),
    architecture: textOf(name, image, 'architecture'),
    variant: textOf(name, image, 'variant'),
    'os.version': textOf(name, image, 'os.version'),
    'os.features': textsOf(name, image, 'os.features').join(','),
    author: textOf(name, image, 'author'),
    created: textOf(name, image, 'created'),
    stopSignal: textOf(name, execution, 'StopSignal'),
    exposedPorts: membersOf(name, execution, 'ExposedPorts').join(','),
  };
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(implied)) if (value !== '') result[prefix + key] = value;
  const labels = mapOf(name, execution, 'Labels');
  for (const key of Object.keys(labels)) if (key !== '__proto__') result[key] = labels[key]!;
  return result;
}
