// What this host keeps sandboxes from having, and what to do about it.
import { existsSync, readFileSync } from 'node:fs';
import type { Finding } from '../engine/doctor/report.ts';
import { sandboxSettings, sandboxWithoutCgroup } from '../engine/doctor/sandbox.ts';
import { hostFacts } from '../host/node.ts';
import { VelociError } from '../library/error.ts';
import type { Limits } from './limits.ts';

/** One thing that is missing. */
export interface Obstacle {
  /** fatal: there is no sandbox. weaker: there is one, with less. */
  readonly severity: 'fatal' | 'weaker';
  /** What is missing, in one line. */
  readonly message: string;
  /** What to do about it: commands, or a setting. */
  readonly remedy: string;
}

/** What {@link Sandbox.check} has found. */
export interface SandboxCheck {
  /** Whether a sandbox can be made: one was, and removed. */
  readonly works: boolean;
  /** What its limits would be; undefined when there can be none. */
  readonly limits: Limits | undefined;
  readonly obstacles: readonly Obstacle[];
}

type Read = (path: string) => string | undefined;

/** A kernel parameter; undefined where there is none. */
function parameter(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** A finding of `veloci doctor --sandbox`. */
function obstacleOf({ status, message, remedy = '' }: Finding): Obstacle {
  return { severity: status === 'problem' ? 'fatal' : 'weaker', message, remedy };
}

/**
 * Makes a sandbox and says what stands in its way.
 *
 * @param open makes one, closes it, and says its limits
 * @param facts about the host
 * @param read reads a kernel parameter
 */
export async function checkHost(
  open: () => Promise<Limits>,
  facts = hostFacts(),
  read: Read = parameter,
): Promise<SandboxCheck> {
  const found = sandboxSettings(facts, (_, path) => read(path)).map(obstacleOf);
  try {
    const limits = await open();
    const weaker = limits.memory.by === 'cgroup' ? [] : [obstacleOf(sandboxWithoutCgroup())];
    return { works: true, limits, obstacles: weaker };
  } catch (error) {
    if (!(error instanceof VelociError)) throw error;
    const own: Obstacle[] = found.length > 0
      ? []
      : [{ severity: 'fatal', message: error.message,
        remedy: error.hint ?? '"veloci doctor" shows what this host can do' }];
    return { works: false, limits: undefined, obstacles: [...found, ...own] };
  }
}
