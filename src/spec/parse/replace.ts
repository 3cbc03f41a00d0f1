// Changes one value in a JSON text and leaves everything else as it is: the lines and columns of the rest, digits that
// a parser would lose, and the order of keys.
import { span } from './locate.ts';
import { pointerPath } from './position.ts';

/**
 * Puts a value at a pointer, whose last parts may be missing.
 *
 * @param text valid JSON; every value on the way must be an object
 * @param value JSON text
 */
export function replaceValue(text: string, pointer: string, value: string): string {
  const path = pointerPath(pointer);
  const place = span(text, pointer);
  if (place.depth === path.length) return text.slice(0, place.start) + value + text.slice(place.end);
  let member = value;
  for (const name of path.slice(place.depth).reverse()) {
    member = `${JSON.stringify(name)}:${member}`;
    if (name !== path[place.depth]) member = `{${member}}`;
  }
  const inside = place.start + 1;
  const isEmpty = /^\s*\}/.test(text.slice(inside, place.end));
  return `${text.slice(0, inside)}${member}${isEmpty ? '' : ','}${text.slice(inside)}`;
}

/** JSON text of a value; integers of any size keep their digits. */
export function exactText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(exactText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${exactText(member)}`).join(',')}}`;
}
