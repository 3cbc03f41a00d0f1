import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

const stops = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Ends the group that a detached child leads when a signal asks this process to end, which then leaves as a shell would say.
 *
 * @param after what is left to do when they have ended
 * @returns what takes it back
 */
export function endedBySignals(child: ChildProcess, after: () => Promise<void>): () => void {
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    process.kill(-child.pid!, 'SIGKILL');
    await once(child, 'close');
    await after();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of stops) process.once(signal, stop);
  return () => {
    for (const signal of stops) process.off(signal, stop);
  };
}
