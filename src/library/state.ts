// States of containers, from the addon: the same native code as that of the command.
import type { State } from '../generated/state.ts';
import { validateState } from '../generated/validate-state.ts';
import { listText, stateText } from '../host/node.ts';
import { VelociError } from './error.ts';

/** Calls the addon, whose errors are lines of the command. */
function translateErrors<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw VelociError.fromLine((error as Error).message);
  }
}

function checked(value: unknown): State {
  if (validateState(value)) return value as State;
  throw new VelociError('a state is not what the schema says', { code: '' });
}

/**
 * State of a container; undefined when it does not exist.
 * @throws VelociError when it is just being created, or its files are damaged
 */
export function readState(root: string, id: string): State | undefined {
  const text = translateErrors(() => stateText(root, id));
  return text === undefined ? undefined : checked(JSON.parse(text));
}

/** States of all containers of a state root, by id. Damaged ones are left out, as `list` does. */
export function readStates(root: string): State[] {
  const states: unknown = JSON.parse(translateErrors(() => listText(root)));
  return (Array.isArray(states) ? states : [states]).map(checked);
}
