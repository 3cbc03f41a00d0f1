// The frame of every fuzzer: rounds with one seed each, as many as fit into the time. `npm run test:fuzz -- SECONDS [WORDS]`
// gives each fuzzer more of it.
//
//   VELOCI_FUZZ_SECONDS   how long each fuzzer runs (default 5)
//   VELOCI_FUZZ_SEED      the seed of the first round (default 1); the next rounds count up from it
import { type CaseOptions, test } from '../case.ts';
import type { Context } from '../context.ts';
import { timeScale } from '../paths.ts';
import { Random } from './random.ts';

function setting(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not "${text}"`);
  return value;
}

/** Seconds that each fuzzer of a file runs. */
const fuzzSeconds: number = setting('VELOCI_FUZZ_SECONDS', 5);
/** Seed of the first round. */
const fuzzSeed: number = setting('VELOCI_FUZZ_SEED', 1);

/** Names the seed in an error, so that the round can be repeated. */
function withSeed(error: unknown, seed: number): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  const message = `VELOCI_FUZZ_SEED=${seed} VELOCI_FUZZ_SECONDS=0 repeats it: ${cause.message}`;
  const seeded = new Error(message);
  seeded.stack = (cause.stack ?? '').replace(cause.message, message);
  return seeded;
}

/**
 * Declares a fuzzer as a case of the black-box tests: what a round leaves behind is found as in any other case. At least
 * one round runs.
 *
 * @param round one round; it throws when it has found something, and says false when there is nothing more to try. `random`
 *   is all that it may choose by.
 */
export function fuzz(
  name: string,
  round: (c: Context, random: Random, seed: number) => Promise<boolean | void>,
  options:
    & CaseOptions
    & {
      /** Called once before the first round. */ before?: (
        c: Context,
      ) => void; /** Rounds follow one that has found something. */
      goesOn?: true;
    } = {},
): void {
  test(`${name} (fuzzed)`, async (c) => {
    options.before?.(c);
    const end = Date.now() + fuzzSeconds * 1000 * timeScale;
    const found: Error[] = [], most = 25;
    let seed = fuzzSeed, more = true;
    do {
      try {
        more = await round(c, new Random(seed), seed) ?? true;
      } catch (error) {
        found.push(withSeed(error, seed));
        if (!options.goesOn || found.length === most) break;
      }
      seed += 1;
    } while (more && Date.now() < end);
    console.log(
      `# ${name}: ${seed - fuzzSeed} rounds from seed ${fuzzSeed}${more ? `; VELOCI_FUZZ_SEED=${seed} goes on` : ''}`,
    );
    if (found.length === 1) throw found[0];
    if (found.length > 1) throw new Error(found.map(({ message }) => message).join('\n'));
  }, options);
}
