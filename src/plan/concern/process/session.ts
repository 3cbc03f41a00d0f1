// A session of its own for init, and a session keyring, so that keys of the caller stay out of reach.
import type { Draft } from '../../draft.ts';
import { labelKeyring } from './labels.ts';

export function makeSession(d: Draft): void {
  const keyring = !d.context.flags.noNewKeyring;
  if (keyring) labelKeyring(d);
  d.init.push({ op: 'session.new', from: d.processPointer, keyring });
}
