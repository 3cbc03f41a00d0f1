// process.terminal, process.consoleSize: init opens a terminal in its own devpts, the host's side hands the
// master on.
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import { PlanError } from '../../context.ts';
import { slot } from '../../draft.ts';
import type { Draft } from '../../draft.ts';

/**
 * The terminal of the container's own process, bound over /dev/console.
 *
 * @throws PlanError when a terminal is wanted and nobody would hold it, or the other way round
 */
export function openTerminal(d: Draft): void {
  if (!wantsTerminal(d)) return;
  receive(d, true);
  sendTerminal(d);
}

/** Whether there is a terminal, which somebody holds. */
export function wantsTerminal(d: Draft): boolean {
  const { flags } = d.context;
  const from = `${d.processPointer}/terminal`;
  const wanted = d.process.terminal === true;
  if (flags.consoleSocket !== undefined && !(wanted && flags.detach)) {
    throw new PlanError(diagnose('consoleSocketUnused', { path: flags.consoleSocket }, placeAt(from)));
  }
  if (wanted && flags.consoleSocket === undefined && flags.detach) {
    throw new PlanError(diagnose('consoleSocketMissing', {}, placeAt(from)));
  }
  return wanted;
}

/** The master goes to the socket, or stays for the relay of the command. */
export function sendTerminal(d: Draft): void {
  const { flags } = d.context;
  const from = `${d.processPointer}/terminal`;
  if (flags.consoleSocket === undefined) d.host.push({ op: 'console.keep', from, slot: slot.console });
  else d.host.push({ op: 'console.send', from, slot: slot.console, socket: flags.consoleSocket });
}

/** The terminal of a further process; what becomes of its master is the launcher's business. */
export function keepTerminal(d: Draft): void {
  if (d.process.terminal !== true) return;
  const from = `${d.processPointer}/terminal`;
  receive(d, false);
  d.host.push({ op: 'console.keep', from, slot: slot.console });
  // Nothing else keeps the program from asking for a size that the terminal has not got yet.
  d.host.push({ op: 'sync.signal', from, point: 'terminalKept' });
  d.init.push({ op: 'sync.await', from, point: 'terminalKept' });
}

function receive(d: Draft, console: boolean): void {
  const from = `${d.processPointer}/terminal`;
  const size = d.process.consoleSize;
  d.init.push({
    op: 'console.open',
    from,
    slot: slot.console,
    console,
    height: size?.height ?? 0,
    width: size?.width ?? 0,
    uid: d.process.user?.uid ?? 0,
  });
  d.init.push({ op: 'fd.send', from, slot: slot.console });
  d.host.push({ op: 'fd.receive', from, slot: slot.console });
}
