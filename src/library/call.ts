// Commands that only answer: what they print, or the error that they log.
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ControlMessage } from '../generated/protocol.ts';
import { onAbort } from './abort.ts';
import { Child } from './child.ts';
import { VelociError } from './error.ts';

/** How the commands of a {@link Runtime} are called. */
export interface Caller {
  /** Flags before the command. */
  readonly global: readonly string[];
  /** The executable; default: the one beside the library. */
  readonly command: string | undefined;
}

/** What a command is given beside its arguments. */
export interface CallOptions {
  /** Its standard input; a stream is destroyed at the end. */
  readonly input?: string | Readable | undefined;
  /** Exit statuses that are no failure; default: 0. */
  readonly good?: readonly number[];
  /** Called for each event. */
  readonly onEvent?: (message: ControlMessage) => void;
  /** Lets the command stop and undo. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs one command and waits for it.
 * @returns what it has printed
 * @throws VelociError with the error that it has logged; the reason of `signal`; what `input` fails with
 */
export async function call(
  caller: Caller,
  args: readonly string[],
  { input, good = [0], onEvent, signal }: CallOptions = {},
): Promise<string> {
  signal?.throwIfAborted();
  const child = new Child(caller.global, args, {
    command: caller.command,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'],
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  const stop = (): void => child.wish('signal', constants.signals.SIGTERM);
  let broken: Error | undefined;
  const forget = onAbort(signal, stop);
  if (typeof input === 'object') {
    feed(child.streams.stdin!, input, (error) => {
      broken = error;
      stop();
    });
  } else child.streams.stdin?.end(input);
  const [status, printed] = await Promise.all([child.ended, text(child.streams.stdout!)]);
  forget();
  if (typeof input === 'object') input.destroy();
  if (good.includes(status) && child.error === undefined) return printed;
  signal?.throwIfAborted();
  throw broken ?? child.error ?? endedSilently(args[0] ?? '', status);
}

/** Hands a stream on for as long as somebody reads it. */
function feed(stdin: Writable, input: Readable, fail: (error: Error) => void): void {
  input.on('error', (error: Error) => {
    fail(error);
    stdin.destroy();
  });
  stdin.on('error', () => input.destroy());
  input.pipe(stdin);
}

/** A command that has ended without a message: somebody has killed it. */
export function endedSilently(verb: string, status: number): VelociError {
  return new VelociError(`veloci ${verb} ended with status ${status} and without a message`, { code: '' });
}
