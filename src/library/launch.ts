// The plan of a container, made in the caller's process while the command prepares: it executes it and starts no planner.
import { readFileSync, realpathSync } from 'node:fs';
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { respond } from '../engine/main.ts';
import type { Spec } from '../generated/config.ts';
import { encodeResponse } from '../generated/encode.ts';
import type { Request } from '../generated/protocol.ts';
import { readControlMessage } from '../generated/read-protocol.ts';
import { hostFacts, nodeHost } from '../host/node.ts';
import { annotationNames } from '../plan/annotations.ts';
import { VelociError } from './error.ts';

/** What a launch needs to know. */
export interface LaunchOptions {
  /** The bundle's directory. */
  readonly bundle: string;
  /** Its configuration; default: config.json in the bundle. */
  readonly config?: Spec | undefined;
  /** State root, whose cached seccomp filters are used. */
  readonly root: string;
  /** Flags of the command line that change the plan, by name; paths are absolute. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

/** What a launch is given. */
export interface Launch {
  /**
   * Makes the answer that `--plan-fd` takes: an encoded Response.
   * @throws VelociError when the configuration is not valid or cannot be planned
   */
  readonly plan: () => Uint8Array;
  /** Whether the process has a terminal. */
  readonly terminal: boolean;
  /** The configuration, when it is not in the bundle. */
  readonly config?: Uint8Array;
  /** Whether the container has a writable layer in memory. */
  readonly layer: boolean;
}

/**
 * Reads the configuration of a container that is to be launched.
 * @throws an error of node:fs when it cannot be read
 */
export function readLaunch(id: string, options: LaunchOptions): Launch {
  const bundle = realpathSync(options.bundle);
  const config = options.config === undefined
    ? readFileSync(join(bundle, 'config.json'))
    : Buffer.from(JSON.stringify(options.config));
  const plan = (): Uint8Array => planLaunch(id, bundle, config, options);
  const launch = { plan, ...wishesOf(config.toString('utf8')) };
  return options.config === undefined ? launch : { ...launch, config };
}

function planLaunch(id: string, bundle: string, config: Uint8Array, options: LaunchOptions): Uint8Array {
  const host = nodeHost();
  // Descriptors of socket activation are this process's, not the command's.
  const facts = { ...hostFacts(options.root), listenFds: 0, terminal: false };
  const given = Object.entries(options.flags).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const request: Request = { verb: 'run', id, bundle, configName: 'config.json', facts,
    options: Object.fromEntries(given) as Record<string, string> };
  const response = respond(request, { config }, host);
  if (response.error !== '') {
    const keys: unknown = JSON.parse(`{${response.keys}}`);
    throw VelociError.fromLog({ ...readControlMessage(keys), msg: response.error, code: response.code });
  }
  return encodeResponse(response, host.writer());
}

/** Whether a configuration asks for a terminal, and for a layer; one that is no JSON, about which the plan throws, does not. */
function wishesOf(text: string): Pick<Launch, 'terminal' | 'layer'> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    config = undefined;
  }
  const members = isMap(config) ? config : {};
  const { process, annotations } = members;
  return { terminal: isMap(process) && process['terminal'] === true,
    layer: isMap(annotations) && annotationNames.layerSize in annotations };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
