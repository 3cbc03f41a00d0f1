// Commands that only answer: what they print, or the error that they log.
import { text } from 'node:stream/consumers';
import { Child } from './child.ts';
import { VelociError } from './error.ts';

/** How the commands of a {@link Runtime} are called. */
export interface Caller {
  /** Flags before the command. */
  readonly global: readonly string[];
  /** The executable; default: the one beside the library. */
  readonly command: string | undefined;
}

/**
 * Runs one command and waits for it.
 * @param input its standard input
 * @param good exit statuses that are no failure
 * @returns what it has printed
 * @throws VelociError with the error that it has logged
 */
export async function call(
  caller: Caller,
  args: readonly string[],
  { input, good = [0] }: { readonly input?: string; readonly good?: readonly number[] } = {},
): Promise<string> {
  const child = new Child(caller.global, args, {
    command: caller.command,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'],
  });
  child.streams.stdin?.end(input);
  const [status, printed] = await Promise.all([child.ended, text(child.streams.stdout!)]);
  if (good.includes(status) && child.error === undefined) return printed;
  throw child.error ?? endedSilently(args[0] ?? '', status);
}

/** A command that has ended without a message: somebody has killed it. */
export function endedSilently(verb: string, status: number): VelociError {
  return new VelociError(`veloci ${verb} ended with status ${status} and without a message`, { code: '' });
}
