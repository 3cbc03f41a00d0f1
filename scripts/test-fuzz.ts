// npm run test:fuzz [-- SECONDS [WORDS]]: every fuzzer of test/fuzz runs so many seconds (default 60); words choose files.
// VELOCI_FUZZ_SEED repeats a round that has failed.
import { ExpectedError } from './lib/command.ts';
import { testFuzzers } from './test.ts';

/** Runs the fuzzers for a time that the first argument says. */
export async function main(args: readonly string[]): Promise<number> {
  const [seconds = '60', ...words] = args;
  if (!/^\d{1,6}$/.test(seconds))
    throw new ExpectedError(`usage: npm run test:fuzz -- SECONDS [WORDS]; "${seconds}" is no number of seconds`);
  process.env['VELOCI_FUZZ_SECONDS'] = seconds;
  return testFuzzers(words, Number(seconds));
}
