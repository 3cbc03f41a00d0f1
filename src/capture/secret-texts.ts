// Secrets in a text of any form.
import { isSecretName } from './secret-names.ts';

/** What stands in place of a secret. */
export const redacted = '[redacted]';

/** Called with each secret that is taken out. */
export type Note = (secret: string) => void;

/** Forms that nothing but a secret has. */
const shapes: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  /\beyJ[\w-]{8,2000}\.[\w-]{4,}(?:\.[\w-]*)?/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|dckr_pat_|hf_|hvs\.|xox[abeoprs]-|sk-|[sr]k_(?:live|test)_|whsec_|SG\.)[\w.-]{12,}/g,
  /\bAGE-SECRET-KEY-1[A-Z0-9]+/g,
];

/** scheme://user:PASSWORD@host, up to the last @: a password may hold one. */
const urlPassword = /\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'/:@]{0,400}:)([^\s"'\\]{1,500})(?=@)/gi;
/** scheme://TOKEN@host. */
const urlToken = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"'/:@]{16,500})(?=@)/gi;
const header =
  /\b(authorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:basic|bearer|digest|negotiate|token)\s+)?)([^\s"'\\]+)/gi;
const bearer = /\b((?:bearer|basic)\s+)([\w.~+/=-]{8,})/gi;
/** Of NAME=VALUE, "NAME": "VALUE", NAME: VALUE what is before the value. All repetitions are bounded: texts may be hostile. */
const assignment = /(?<![\w.])([A-Za-z_][\w.-]{0,120})\\?["']?\s{0,20}[=:]\s{0,20}/g;
/** The value, with its quotes. */
const assigned = /(\\"|"|')(?:\\[^"']|\\(?!\1)[^]|(?!\1)[^\\])*(?:\1|$)|(?:[^\s"'&;\\]|\\(?!["']))+/y;
/** --NAME VALUE. */
const flagged = /(--?([A-Za-z][\w.-]{0,120})\s{1,20})((?!-)[^\s"']+)/g;

/** Takes out what looks like a secret: passwords of URLs, headers, what a name gives away, and known forms. */
export function redactText(text: string, note: Note = () => undefined): string {
  const hide = (secret: string): string => {
    if (secret !== redacted) note(secret);
    return redacted;
  };
  let result = text;
  for (const shape of shapes) result = result.replace(shape, hide);
  for (const pattern of [urlPassword, urlToken, header, bearer])
    result = result.replace(pattern, (_, before: string, secret: string) => before + hide(secret));
  result = redactNamed(result, hide);
  return result.replace(flagged, (
    whole,
    before: string,
    name: string,
    value: string,
  ) => (isSecretName(name) && !value.startsWith(redacted) ? before + hide(value) : whole));
}

function redactNamed(text: string, hide: (secret: string) => string): string {
  let result = '', done = 0;
  assignment.lastIndex = 0;
  for (let match = assignment.exec(text); match !== null; match = assignment.exec(text)) {
    // A name that is none of a secret may have one in its value: the parameter of a URL.
    if (!isSecretName(match[1]!)) continue;
    assigned.lastIndex = assignment.lastIndex;
    const [value = '', quote = ''] = assigned.exec(text) ?? [];
    const closed = quote !== '' && value.length > quote.length && value.endsWith(quote);
    const secret = value.slice(quote.length, closed ? -quote.length : undefined);
    if (secret === '' || secret.startsWith(redacted)) continue;
    result += text.slice(done, assignment.lastIndex) + quote + hide(secret) + (closed ? quote : '');
    done = assignment.lastIndex += value.length;
  }
  return result + text.slice(done);
}

/** Whether a whole value may be a key that nothing announces: long, mixed, and neither a digest nor a path. */
export function looksRandom(value: string): boolean {
  return /^[A-Za-z0-9+/_=-]{32,}$/.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value) && /[0-9]/.test(value)
    && !value.startsWith('/');
}
