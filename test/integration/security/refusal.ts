// What every malformed input gets.
import { assert } from '../../support/case.ts';
import type { Result } from '../../support/runtime.ts';

/** A refusal: one error with a code, quickly, and no fault of the command's own. */
export function refused(name: string, result: Result, expected: readonly number[] = [1]): void {
  const outcome = `${name}: status ${result.code ?? result.signal}, "${result.stderr.slice(0, 300)}"`;
  assert.ok(!result.timedOut && result.signal === null, outcome);
  assert.ok(expected.includes(result.code ?? 0), outcome);
  assert.match(result.stderr, /\bE\d{4}\b/, outcome);
  assert.doesNotMatch(result.stderr, /E09(01|02|05)\b|please report/, outcome);
}
