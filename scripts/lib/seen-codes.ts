// Which errors of the table a run of all tests has produced: comments of their TAP, which test/support/codes.ts prints.
import { table } from '../../src/diagnostic/table.ts';

/** Collects the comments. */
export class SeenCodes {
  readonly command = new Set<string>();
  readonly engine = new Set<string>();

  line(text: string): void {
    const [, source, codes] = /^ *# codes of the (command|engine): (.*)$/.exec(text) ?? [];
    if (source === undefined) return;
    for (const code of (codes ?? '').split(' ')) this[source as 'command' | 'engine'].add(code);
  }

  /**
   * The errors that nothing has produced, `CODE (name)` each. Those of an operation must come from the command; for the
   * others the engine in a test's own process is enough.
   */
  missing(): string[] {
    return Object.entries(table)
      .filter(([name, { code }]) => !this.command.has(code) && (name.includes('.') || !this.engine.has(code)))
      .map(([name, { code }]) => `${code} (${name})`);
  }
}
