// How diagnostics are worded under the name by which the command was started.
import { habitsOf, type Habits } from '../compat/habits.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Request } from '../generated/protocol.ts';

/** The diagnostics in the words of the runtime under whose name the command was started. */
export function worded(request: Request, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (request.peer === undefined) return diagnostics;
  const habits = habitsOf(request.peer);
  return diagnostics.map((diagnostic) => wordedOne(habits, diagnostic, request.verb));
}

function wordedOne(habits: Habits, diagnostic: Diagnostic, verb: Request['verb']): Diagnostic {
  const { wording, placeWords, failureWords } = habits;
  const other = wording === undefined ? undefined : diagnostic.wordings?.[wording];
  if (other !== undefined && diagnostic.alone === wording)
    return { code: '', message: other, severity: diagnostic.severity };
  const message = other ?? (beginOf(placeWords, diagnostic.at?.pointer ?? '') ?? '') + diagnostic.message;
  return { ...diagnostic, message: (diagnostic.severity === 'error' ? failureWords[verb] ?? '' : '') + message };
}

/** What begins a message about a place, or about something in it. */
function beginOf(placeWords: Habits['placeWords'], pointer: string): string | undefined {
  for (let parent = pointer; parent !== ''; parent = parent.slice(0, parent.lastIndexOf('/'))) {
    const words = placeWords[parent];
    if (words !== undefined) return words;
  }
  return undefined;
}
