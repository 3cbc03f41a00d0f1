// The plan of a container, made in the caller's process while the command prepares: it executes it and starts no planner.
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { respond } from '../engine/main.ts';
import { encodeResponse } from '../generated/encode.ts';
import type { Request } from '../generated/protocol.ts';
import { readControlMessage } from '../generated/read-protocol.ts';
import { hostFacts, nodeHost } from '../host/node.ts';
import { isObject, type JsonValue } from '../spec/parse/value.ts';
import { VelociError } from './error.ts';

/** What a launch needs to know. */
export interface LaunchOptions {
  /** The bundle's directory. */
  readonly bundle: string;
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
}

/**
 * Reads the configuration of a container that is to be launched.
 * @throws an error of node:fs when it cannot be read
 */
export function readLaunch(id: string, options: LaunchOptions): Launch {
  const bundle = realpathSync(options.bundle);
  const config = readFileSync(join(bundle, 'config.json'));
  return { plan: () => planLaunch(id, bundle, config, options), terminal: hasTerminal(config.toString('utf8')) };
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

/** Whether a configuration asks for a terminal; one that is no JSON, about which the plan throws, does not. */
function hasTerminal(text: string): boolean {
  let config: JsonValue;
  try {
    config = JSON.parse(text) as JsonValue;
  } catch {
    return false;
  }
  return isObject(config) && isObject(config['process']) && config['process']['terminal'] === true;
}
