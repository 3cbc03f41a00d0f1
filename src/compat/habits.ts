// The habits of the name under which the command was started.
import type { Peer } from '../generated/protocol.ts';
import { habits as crun } from './crun.ts';
import { habits as runc } from './runc.ts';
import type { Habits } from './types.ts';
import { habits as veloci } from './veloci.ts';

export type { Habits, WarningScope } from './types.ts';

const named: Readonly<Record<Peer, () => Habits>> = { runc, crun };

/** The habits under the name of another runtime; without one, those of veloci. */
export function habitsOf(peer: Peer | undefined): Habits {
  return peer === undefined ? veloci : named[peer]();
}
