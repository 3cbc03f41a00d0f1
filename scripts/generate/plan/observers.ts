import type { Model } from './model.ts';
import { notice, wrap } from '../names.ts';

/** Text of src/generated/observers.ts: which observer reads back what an operation has done. */
export function planObservers({ operations }: Model): string {
  const named = operations.map(({ observe }) => observe).filter((observe) => typeof observe === 'string');
  const names = [...new Set(named)].sort();
  const lines = operations.map(({ op, observe }) =>
    `  '${op}': ${typeof observe === 'string' ? `'${observe}'` : `{ not: ${JSON.stringify(observe.not)} }`},\n`
  );
  return `// ${notice}
// Who reads back what an operation of a plan has done, from schema/plan.
import type { Operation } from './plan.ts';

/** Names of the observers: src/observe has one of each. */
export type ObserverName =
${wrap(names.map((name) => `| '${name}'`).join(' '), '  ', 120)};

/** The observer of each operation, or the reason why it has none. */
export const observerOf: Readonly<Record<Operation['op'], ObserverName | { readonly not: string }>> = {
${lines.join('')}};
`;
}
