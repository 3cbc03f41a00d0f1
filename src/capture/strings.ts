// The values of a JSON text, changed where they stand: all else, lines too, stays as it is.

/** A string or a number of a JSON text. */
export interface Scalar {
  /** Names of members and indexes of elements that lead to it. */
  readonly path: readonly string[];
  /** A string's value, or a number as it is written. */
  readonly value: string;
  readonly isNumber: boolean;
}

/** An object or an array that is open. */
interface Level {
  readonly isObject: boolean;
  /** The member's name, or how many elements have ended. */
  name: string;
  index: number;
  /** In an object: the next string is a name. */
  expectsName: boolean;
}

const token = /"(?:[^"\\]|\\[^])*"|-?[0-9][0-9.eE+-]*|[{}[\]:,]/g;

/**
 * Replaces scalars of a valid JSON text. Members of the same name are all seen.
 *
 * @param decide the string in its place; undefined = as it is
 */
export function replaceScalars(text: string, decide: (scalar: Scalar) => string | undefined): string {
  const levels: Level[] = [];
  return text.replace(token, (raw) => {
    const level = levels[levels.length - 1];
    switch (raw) {
      case '{':
      case '[':
        levels.push({ isObject: raw === '{', name: '0', index: 0, expectsName: raw === '{' });
        return raw;
      case '}':
      case ']':
        levels.pop();
        return raw;
      case ':':
        if (level !== undefined) level.expectsName = false;
        return raw;
      case ',':
        if (level?.isObject === true) level.expectsName = true;
        else if (level !== undefined) level.name = String(++level.index);
        return raw;
      default:
        break;
    }
    const isNumber = !raw.startsWith('"');
    const value = isNumber ? raw : JSON.parse(raw) as string;
    if (level?.expectsName === true) {
      level.name = value;
      return raw;
    }
    const replacement = decide({ path: levels.map(({ name }) => name), value, isNumber });
    return replacement === undefined || replacement === value ? raw : JSON.stringify(replacement);
  });
}

/** Whether a text is an object or an array of JSON. */
export function isDocument(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
