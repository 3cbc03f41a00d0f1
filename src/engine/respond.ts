// Answers of the engine: plans, texts, or diagnostics in their two forms.
import { jsonKeys, renderLine, renderLong } from '../diagnostic/render.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Response } from '../generated/plan.ts';

const nothing: Response = { exitCode: 0, text: '', error: '', explained: '', code: '', keys: '', warnings: '',
  files: [], relaunch: [], edits: [] };

/** A text for stdout. */
export function answerText(text: string, exitCode = 0): Response {
  return { ...nothing, text, exitCode };
}

/** Plans: the one to execute, and the one to keep. */
export function answerPlans(
  plan: Uint8Array | undefined,
  stored: Uint8Array | undefined,
  warnings: string,
): Response {
  return { ...nothing, plan, stored, warnings };
}

/**
 * Errors. The first is the one line, which says how many there are; the long form shows all.
 *
 * @param texts documents by the name under which diagnostics know them
 */
export function answerErrors(
  errors: readonly Diagnostic[],
  texts: Readonly<Record<string, string>>,
): Response {
  const first = errors[0]!;
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more: see "veloci validate")`;
  const explained = errors.map((error) => renderLong(error, error.at === undefined ? undefined : texts[error.at.file]));
  const { code, ...keys } = jsonKeys(first);
  return {
    ...nothing,
    exitCode: 1,
    error: renderLine(first) + more,
    explained: explained.join('\n'),
    code,
    keys: JSON.stringify(keys).slice(1, -1),
  };
}
