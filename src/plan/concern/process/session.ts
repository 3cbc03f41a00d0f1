// A session of its own for init, and a session keyring, so that keys of the caller stay out of reach.
import type { Template } from '../../../generated/plan.ts';
import type { Draft } from '../../draft.ts';
import { labelKeyring } from './labels.ts';

const keyring: Template = ['_ses.', { hole: 'id' }];

export function makeSession(d: Draft): void {
  if (d.context.flags.noNewKeyring) {
    d.init.push({ op: 'session.new', from: d.processPointer });
  } else {
    labelKeyring(d);
    d.init.push({ op: 'session.new', from: d.processPointer, keyring });
  }
}
