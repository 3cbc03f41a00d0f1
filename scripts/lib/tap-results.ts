/** One assertion, or one subtest that failed by itself (a timeout, a wrong plan, a crash). */
export interface Result {
  /** Names from the test file down. */
  path: string[];
  outcome: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped. */
  reason: string;
  /** The lines of the diagnostic that follows a failure. */
  diagnostic: string[];
}

interface Pending {
  ok: boolean;
  name: string;
  directive: string | undefined;
  reason: string;
}

/**
 * Reads TAP 14 as node-tap writes it, line by line: subtests are indented by four blanks and come either before
 * their result line or, buffered, in braces after it.
 */
export class TapReader {
  readonly results: Result[] = [];
  private readonly names: string[] = [];
  /** Per depth: results and failures seen since the last result line of the depth above. */
  private readonly inside: Array<{ count: number; failed: number }> = [];
  private readonly buffered = new Map<number, Pending>();
  /** Indentation of the diagnostic that is being read. */
  private diagnosticAt: string | undefined;
  private last: Result | undefined;

  /** @param onFile called with the results of a test file when its result line has been read */
  private readonly onFile: (name: string, results: readonly Result[]) => void;
  private fileStart = 0;

  constructor(onFile: (name: string, results: readonly Result[]) => void = () => undefined) {
    this.onFile = onFile;
  }

  line(text: string): void {
    if (this.diagnosticAt !== undefined) {
      if (text === `${this.diagnosticAt}...`) this.diagnosticAt = undefined;
      else this.last?.diagnostic.push(text.slice(this.diagnosticAt.length));
      return;
    }
    const [, indent = '', rest = ''] = /^( *)(.*)$/.exec(text) ?? [];
    const depth = Math.floor(indent.length / 4);
    if (rest === '---') {
      this.diagnosticAt = indent;
      return;
    }
    const opening = /^# Subtest: (.*)$/.exec(rest);
    if (opening) this.names[depth] = opening[1] ?? '';
    const result = /^(not )?ok\b(?: \d+)?(?: - )?(.*?)(?: # time=[\d.]+ms)?( \{)?$/.exec(rest);
    if (result) this.result(depth, result[1] === undefined, result[2] ?? '', result[3] !== undefined);
    const pending = rest === '}' ? this.buffered.get(depth) : undefined;
    if (pending) {
      this.buffered.delete(depth);
      this.finish(depth, pending);
    }
  }

  private result(depth: number, ok: boolean, text: string, opens: boolean): void {
    const directive = / # (SKIP|TODO)\b ?(.*)$/i.exec(text);
    const name = text.replace(/ # (SKIP|TODO)\b.*$/i, '').replace(/ # time=[\d.]+ms$/, '');
    const pending: Pending = { ok, name, directive: directive?.[1]?.toUpperCase(), reason: directive?.[2] ?? '' };
    if (!opens) {
      this.finish(depth, pending);
      return;
    }
    this.names[depth] = name;
    this.buffered.set(depth, pending);
  }

  private finish(depth: number, { ok, name, directive, reason }: Pending): void {
    const children = this.inside[depth + 1];
    this.inside.length = Math.min(this.inside.length, depth + 1);
    this.last = undefined;
    const explained = children !== undefined && children.count > 0 && (ok || children.failed > 0);
    if (!explained) {
      const outcome = directive !== undefined ? 'skipped' : ok ? 'passed' : 'failed';
      const why = directive === 'TODO' ? `to do: ${reason}` : reason;
      this.last = { path: [...this.names.slice(0, depth), name], outcome, reason: why, diagnostic: [] };
      this.results.push(this.last);
    }
    const level = (this.inside[depth] ??= { count: 0, failed: 0 });
    level.count += 1;
    if (!ok && directive === undefined) level.failed += 1;
    if (depth === 0) {
      this.onFile(name, this.results.slice(this.fileStart));
      this.fileStart = this.results.length;
    }
  }
}
