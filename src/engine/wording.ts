// How diagnostics are worded under the name by which the command was started.
import { habitsOf, type Habits } from '../compat/habits.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Request } from '../generated/protocol.ts';

/** The diagnostics in the words of the runtime under whose name the command was started. */
export function worded(request: Request, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (request.peer === undefined) return diagnostics;
  const habits = habitsOf(request.peer);
  return diagnostics.map((diagnostic) => wordedOne(habits, diagnostic));
}

function wordedOne({ wording, placeWords }: Habits, diagnostic: Diagnostic): Diagnostic {
  const message = wording === undefined ? undefined : diagnostic.wordings?.[wording];
  if (message !== undefined)
    return diagnostic.alone === wording
      ? { code: '', message, severity: diagnostic.severity }
      : { ...diagnostic, message };
  const begin = beginOf(placeWords, diagnostic.at?.pointer ?? '');
  return begin === undefined ? diagnostic : { ...diagnostic, message: begin + diagnostic.message };
}

/** What begins a message about a place, or about something in it. */
function beginOf(placeWords: Habits['placeWords'], pointer: string): string | undefined {
  for (let parent = pointer; parent !== ''; parent = parent.slice(0, parent.lastIndexOf('/'))) {
    const words = placeWords[parent];
    if (words !== undefined) return words;
  }
  return undefined;
}
