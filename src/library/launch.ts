// The plan of a container, made in the caller's process while the command prepares: it executes it and starts no planner.
import { readFileSync, realpathSync } from 'node:fs';
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { respond } from '../engine/main.ts';
import type { Spec } from '../generated/config.ts';
import { encodeResponse } from '../generated/encode.ts';
import type { Request } from '../generated/protocol.ts';
import { readControlMessage } from '../generated/read-protocol.ts';
import { factsText, nodeHost, readFacts } from '../host/node.ts';
import { annotationNames } from '../plan/annotations.ts';
import { VelociError } from './error.ts';
import { rememberedPlan } from './remembered.ts';

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
  /** Whether the end of its first process ends all others. */
  readonly ownPids: boolean;
}

/**
 * Reads the configuration of a container that is to be launched.
 * @throws an error of node:fs when it cannot be read
 */
export function readLaunch(id: string, options: LaunchOptions): Launch {
  const bundle = realpathSync(options.bundle);
  const text = options.config === undefined
    ? readFileSync(join(bundle, 'config.json'), 'latin1')
    : JSON.stringify(options.config);
  const config = Buffer.from(text, options.config === undefined ? 'latin1' : 'utf8');
  const given = JSON.stringify(Object.entries(options.flags).filter(([, value]) => value !== undefined));
  const plan = (): Uint8Array => {
    const facts = factsText(options.root);
    return rememberedPlan(id, [text, bundle, given, facts], () => planLaunch(id, bundle, config, facts, options));
  };
  const launch = { plan, ...wishesOf(options.config ?? parsed(config.toString('utf8'))) };
  return options.config === undefined ? launch : { ...launch, config };
}

function planLaunch(
  id: string,
  bundle: string,
  config: Uint8Array,
  known: string,
  options: LaunchOptions,
): Uint8Array {
  const host = nodeHost();
  // Descriptors of socket activation are this process's, not the command's.
  const facts = { ...readFacts(known), listenFds: 0, terminal: false };
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

/** Undefined for what is no JSON, about which the plan throws. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a configuration asks for. */
function wishesOf(config: unknown): Pick<Launch, 'terminal' | 'layer' | 'ownPids'> {
  const members = isMap(config) ? config : {};
  const { process, annotations, linux } = members;
  const namespaces = isMap(linux) && Array.isArray(linux['namespaces']) ? linux['namespaces'] as unknown[] : [];
  return { terminal: isMap(process) && process['terminal'] === true,
    layer: isMap(annotations) && annotationNames.layerSize in annotations,
    ownPids: namespaces.some((entry) => isMap(entry) && entry['type'] === 'pid' && (entry['path'] ?? '') === '') };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
