// Reads the state directories of containers. Only the native command writes them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { State } from '../generated/state.ts';
import { readRegular } from './files.ts';
import { decodeRecord } from './record.ts';
import { statusOf } from './status.ts';

/** Ids of containers (runtime.md), as the command takes them: at most 255 of these characters, no leading `-` or `.`. */
const idPattern = /^[A-Za-z0-9_+][A-Za-z0-9_+.-]{0,254}$/;

/** Whether a text is a valid id. Every path below the root is built from ids that this function has accepted. */
export function isContainerId(id: string): boolean {
  return idPattern.test(id);
}

/** The default state root of the calling user. */
export function defaultRoot(): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return process.geteuid?.() === 0 || !runtime ? '/run/veloci' : join(runtime, 'veloci');
}

/**
 * State of one container.
 * @param root state root
 * @returns undefined when there is no such container, or its files are damaged
 */
export function readState(root: string, id: string): State | undefined {
  if (!isContainerId(id)) return undefined;
  const recorded = readRegular(join(root, id, 'record'));
  const record = recorded && decodeRecord(recorded);
  const bytes = readRegular(join(root, id, 'state.json'));
  if (record === undefined || bytes === undefined) return undefined;
  let state: State;
  try {
    state = JSON.parse(new TextDecoder().decode(bytes)) as State;
  } catch {
    return undefined;
  }
  if (state?.id !== id) return undefined;
  const status = statusOf(record);
  return { ...state, status, pid: status === 'stopped' ? 0 : record.pid };
}

/** States of all containers below a root, by id. Damaged ones are left out. */
export function listStates(root: string): State[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return [];
  }
  return names.sort().map((id) => readState(root, id)).filter((state) => state !== undefined);
}
