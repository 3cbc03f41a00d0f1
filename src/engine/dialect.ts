// How diagnostics are said when the command is started under the name of another runtime.
import { runcPlaces } from '../diagnostic/runc.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Request } from '../generated/protocol.ts';

/** The diagnostics in the words of the runtime under whose name the command was started. */
export function inDialect(request: Request, found: readonly Diagnostic[]): readonly Diagnostic[] {
  if (request.peer === undefined) return found;
  return found.map(request.peer === 'runc' ? (diagnostic) => asRunc(diagnostic, request.verb) : asCrun);
}

function asCrun(diagnostic: Diagnostic): Diagnostic {
  return diagnostic.crun === undefined ? diagnostic : { ...diagnostic, message: diagnostic.crun };
}

function asRunc(diagnostic: Diagnostic, verb: string): Diagnostic {
  const { runc, alone, severity } = diagnostic;
  if (runc !== undefined)
    return alone === true
      ? { code: '', message: runc, severity }
      : { ...diagnostic, message: runc.replace('runc ? failed', `runc ${verb} failed`) };
  const words = wordsOf(diagnostic.at?.pointer ?? '');
  return words === undefined ? diagnostic : { ...diagnostic, message: words + diagnostic.message };
}

/** What begins a message about a place, or about something in it. */
function wordsOf(pointer: string): string | undefined {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const words = runcPlaces[at];
    if (words !== undefined) return words;
  }
  return undefined;
}
