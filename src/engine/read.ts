// Reads the documents of a request; what is wrong with them ends the request.
import type { Process, Resources, Spec } from '../generated/config.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import { habitsOf } from '../compat/habits.ts';
import { dialectOf } from '../spec/dialect.ts';
import type { MountList } from '../spec/mount-list.ts';
import { readConfig, readMounts, readProcess, readResources } from '../spec/read.ts';
import type { Reading } from '../spec/read.ts';
import type { Call } from './call.ts';

/** Everything that is wrong with a document. */
export class InvalidDocument extends Error {
  readonly errors: readonly Diagnostic[];

  constructor(errors: readonly Diagnostic[]) {
    super(errors[0]!.message);
    this.errors = errors;
  }
}

const none = new Uint8Array();

/** @throws InvalidDocument */
export function configOf(call: Call, warn?: (warning: Diagnostic) => void): Spec {
  const reading = readConfig(call.blobs.config ?? none, call.host, call.configName, {
    warnings: warn !== undefined,
    ...dialectOf(habitsOf(call.request.peer), call.request.facts),
  });
  return take(call, call.configName, reading, warn);
}

/** @throws InvalidDocument */
export function processOf(call: Call): Process {
  return take(call, call.processName, readProcess(call.blobs.process ?? none, call.host, call.processName));
}

/** The file of update --resources. @throws InvalidDocument */
export function resourcesOf(call: Call, warn?: (warning: Diagnostic) => void): Resources {
  const options = { warnings: warn !== undefined };
  return take(call, call.processName, readResources(call.blobs.process ?? none, call.host, call.processName, options),
    warn);
}

/** The file of mounts. @throws InvalidDocument */
export function mountListOf(call: Call): MountList {
  return take(call, call.processName, readMounts(call.blobs.process ?? none, call.host, call.processName));
}

function take<T>(call: Call, name: string, reading: Reading<T>, warn?: (warning: Diagnostic) => void): T {
  if (reading.text !== undefined) call.texts[name] = reading.text;
  if (reading.value === undefined)
    throw new InvalidDocument(reading.diagnostics.filter(({ severity }) => severity === 'error'));
  if (warn !== undefined) { for (const warning of reading.diagnostics) warn(warning); }
  return reading.value;
}
