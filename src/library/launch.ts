// The plan of a container, made in the caller's process: the command executes it and starts no planner.
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { respond } from '../engine/main.ts';
import { encodeResponse } from '../generated/encode.ts';
import { hostFacts, nodeHost } from '../host/node.ts';
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

/**
 * Plans the launch of a container.
 * @returns the answer that `--plan-fd` takes: an encoded Response
 * @throws VelociError when the configuration is not valid or cannot be planned; an error of node:fs when it cannot be
 * read
 */
export function planLaunch(verb: 'create' | 'run', id: string, options: LaunchOptions): Uint8Array {
  const bundle = realpathSync(options.bundle);
  const config = readFileSync(join(bundle, 'config.json'));
  const host = nodeHost();
  // Descriptors of socket activation are this process's, not the command's.
  const facts = { ...hostFacts(options.root), listenFds: 0, terminal: false };
  const given = Object.entries(options.flags).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const request = { verb, id, bundle, configName: 'config.json', facts,
    options: Object.fromEntries(given) as Record<string, string> };
  const response = respond(request, { config }, host);
  if (response.error !== '') throw VelociError.fromLine(response.error);
  return encodeResponse(response, host.writer());
}
