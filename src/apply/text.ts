// Changes as text for people, and as JSON.
import { mark, printable } from '../diagnostic/marks.ts';
import { locate } from '../spec/parse/locate.ts';
import { isToDo, type Change } from './change.ts';

/** The document that changes are shown with. */
export interface Shown {
  readonly file: string;
  readonly text: string;
  readonly json: boolean;
}

/** One line a change, in the order of the document, and a summary. */
export function renderChanges(changes: readonly Change[], { file, text, json }: Shown): string {
  const placed = changes.map((change) => ({ ...change, ...locate(text, change.pointer) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  if (json) {
    const list = placed.map(({ pointer, line, column, declared, before, against, outcome }) => ({ file, line, column,
      pointer, [against]: before, declared, change: outcome.kind,
      ...('reason' in outcome ? { reason: outcome.reason } : {}) })
    );
    return `${JSON.stringify({ same: !changes.some(isToDo), changes: list }, null, 2)}\n`;
  }
  let answer = '';
  for (const change of placed) {
    const { pointer, line, column, declared, before } = change;
    answer += `${mark.frame}${file}:${line}:${column} (${pointer}):${mark.off} ${mark.error}${
      printable(before)
    }${mark.off} → ${mark.good}${printable(declared)}${mark.off} (${outcomeText(change)})\n`;
  }
  return `${answer}${summary(changes)}\n`;
}

function outcomeText({ outcome, against, configured }: Change): string {
  switch (outcome.kind) {
    case 'live':
      return against === 'running' && !configured ? 'live, changed by somebody else' : 'live';
    case 'kept':
      return 'kept for later commands';
    case 'left':
      return `left: ${outcome.reason}`;
    case 'restart':
      return `restart: ${outcome.reason}`;
    case 'never':
      return `no effect: ${outcome.reason}`;
  }
}

function summary(changes: readonly Change[]): string {
  const todo = changes.filter(isToDo);
  if (todo.length === 0) return 'nothing to do';
  const count = (kind: Change['outcome']['kind'], words: string): string[] => {
    const number = todo.filter(({ outcome }) => outcome.kind === kind).length;
    return number === 0 ? [] : [`${number} ${words}`];
  };
  const parts = [...count('live', 'live'), ...count('kept', 'kept'), ...count('left', 'left'),
    ...count('never', 'without effect'), ...count('restart', 'by a restart')];
  return `${todo.length} ${todo.length === 1 ? 'change' : 'changes'}: ${parts.join(', ')}`;
}
