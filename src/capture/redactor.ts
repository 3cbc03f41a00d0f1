// Takes secrets out of documents, and what they have shown to be one out of all other texts.
import { printable } from '../diagnostic/marks.ts';
import { isSecretName } from './secret-names.ts';
import { looksRandom, redacted, redactText } from './secret-texts.ts';
import { isDocument, replaceScalars, type Scalar } from './strings.ts';

/** Variables whose values are in many texts, and no secrets there. They are redacted where they are set. */
const plainVariables: ReadonlySet<string> = new Set(['HOME', 'HOSTNAME', 'LANG', 'LANGUAGE', 'LC_ALL', 'LOGNAME',
  'PATH', 'PWD', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER', 'container']);

/** Shorter values are in every text by chance. */
const shortest = { secret: 4, variable: 8, line: 12, cut: 16 } as const;

/** Of a secret, of the pieces that are searched for, and of a text that is looked through; in characters. */
const largest = { secret: 32768, piece: 512, text: 32768 } as const;

/** Flags whose value is USER:PASSWORD. */
const userFlags: ReadonlySet<string> = new Set(['-u', '-U', '--user', '--proxy-user']);

const isEnvironment = /^(?:env|envs|environment)$/i;
const isArguments = /^(?:args|argv|cmd|command|entrypoint)$/i;
/** Paths are in many texts, too. */
const isPath = /^(?:\/[\w.@-]+)+\/?$/;
const isIndex = /^[0-9]+$/;

export class Redactor {
  private readonly secrets = new Set<string>();
  /** Made when there were so many secrets. */
  private forms: { readonly size: number; readonly texts: readonly string[] } = { size: 0, texts: [] };
  /** The argument before, in the same list. */
  private previous = '';
  /** Of a difference: the property that it is about. */
  private pointer = '';

  /** A valid JSON text without secrets, each line where it was; what was taken out is taken out of all texts from now on. */
  document(text: string): string {
    this.pointer = '';
    return replaceScalars(text, (scalar) => this.decide(scalar));
  }

  /** A text without what looks like a secret, or is known as one. */
  text(text: string): string {
    return this.scrub(redactText(text));
  }

  /** A JSON text without the secrets of the documents. */
  data(text: string): string {
    return replaceScalars(text, ({ value }) => this.scrub(value));
  }

  private scrub(text: string): string {
    let result = text;
    for (const form of this.formsOfSecrets()) {
      if (result.includes(form)) result = result.split(form).join(redacted);
      const beginning = form.slice(0, shortest.cut);
      if (form.length > shortest.cut && !isPath.test(form) && result.includes(beginning))
        result = dropCut(result, beginning);
    }
    return result;
  }

  /** As they stand in texts, longest first. */
  private formsOfSecrets(): readonly string[] {
    if (this.forms.size !== this.secrets.size) {
      const forms = new Set(
        [...this.secrets].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), printable(secret)]),
      );
      this.forms = { size: this.secrets.size, texts: [...forms].sort((a, b) => b.length - a.length) };
    }
    return this.forms.texts;
  }

  private decide({ path, value, isNumber }: Scalar): string | undefined {
    const last = path[path.length - 1] ?? '';
    const name = path.filter((part) => !isIndex.test(part)).pop() ?? '';
    if (isNumber) return isSecretName(last) ? this.hide(value) : undefined;
    const environment = path.findIndex((part) => isEnvironment.test(part));
    if (environment >= 0) return last === 'name' ? undefined : this.variable(value, last);
    if (last === 'pointer') this.pointer = value;
    else if (this.pointer.startsWith('/process/env') && /^(?:declared|running|applied)$/.test(last))
      return this.variable(value, last);
    if (isArguments.test(name) && isIndex.test(last)) return this.argument(value, last === '0' ? '' : this.previous);
    if (value !== '' && isSecretName(name)) return this.hide(value);
    if (isDocument(value)) return this.document(value);
    return path.includes('annotations') && looksRandom(value) ? this.hide(value) : this.part(value);
  }

  /** NAME=VALUE, or the value of a variable alone. */
  private variable(entry: string, member: string): string {
    const equals = entry.indexOf('=');
    const name = equals < 0 ? member : entry.slice(0, equals);
    const value = entry.slice(equals + 1);
    if (value === '') return entry;
    const isPlain = plainVariables.has(name) || (isPath.test(value) && !isSecretName(name));
    if (!isPlain) this.note(value, isSecretName(name) ? shortest.secret : shortest.variable);
    // What is in it may stand elsewhere alone: the password of a URL.
    this.part(value);
    return equals < 0 ? redacted : `${name}=${redacted}`;
  }

  private argument(value: string, previous: string): string {
    this.previous = value;
    if (userFlags.has(previous) && value.includes(':')) {
      const colon = value.indexOf(':') + 1;
      return value.slice(0, colon) + this.hide(value.slice(colon));
    }
    const isFlag = /^--?[A-Za-z][\w.-]*$/;
    if (isFlag.test(previous) && isSecretName(previous) && !value.startsWith('-')) return this.hide(value);
    if (isDocument(value)) return this.document(value);
    return looksRandom(value) ? this.hide(value) : this.part(value);
  }

  /** A value with secrets in it. One that is NAME=VALUE as a whole has its secret up to the end. */
  private part(value: string): string {
    if (value.length > largest.text) return `[left out: ${value.length} characters]`;
    const whole = /^(-{0,2}([A-Za-z_][\w.-]*)=)([^]+)$/.exec(value);
    const parts = redactText(value, (secret) => this.note(secret, shortest.secret));
    return whole !== null && isSecretName(whole[2]!) ? whole[1]! + this.hide(whole[3]!) : parts;
  }

  private hide(secret: string): string {
    this.note(secret, shortest.secret);
    return redacted;
  }

  private note(secret: string, least: number): void {
    if (secret === redacted) return;
    // A search for long texts takes long: their pieces are as good.
    for (let start = 0; start < Math.min(secret.length, largest.secret); start += largest.piece) {
      const piece = secret.slice(start, start + largest.piece);
      if (piece.length >= least) this.secrets.add(piece);
    }
    for (const line of secret.split(/\r?\n/)) {
      if (line !== secret && line.length >= shortest.line) this.secrets.add(line);
    }
  }
}

/** Drops what begins like a secret, up to the next space: messages cut long values off. */
function dropCut(text: string, beginning: string): string {
  const [first = '', ...rest] = text.split(beginning);
  return first + rest.map((part) => redacted + part.replace(/^[^\s"']*/, '')).join('');
}
