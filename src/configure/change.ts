// Makes the settings in a text, and takes them back.
import type { Format, Path, Setting } from './types.ts';

/** A file that a setting cannot be made in, or taken back from. */
export class Conflict extends Error {
  readonly reason: 'notTable' | 'notList' | 'foreign';
  readonly at: Path;
  readonly offset: number;

  constructor(reason: Conflict['reason'], at: Path, offset: number) {
    super(at.join('.'));
    this.reason = reason;
    this.at = at;
    this.offset = offset;
  }
}

/** @throws Conflict when a key on the way has another kind of value */
function make(format: Format, text: string, setting: Setting): string {
  const { at } = setting;
  for (let length = 1; length < at.length; length++) {
    const on = format.find(text, at.slice(0, length));
    if (on !== undefined && on.isTable !== true) throw new Conflict('notTable', at.slice(0, length), on.offset);
  }
  const found = format.find(text, at);
  if ('value' in setting) return found?.raw === setting.value ? text : format.set(text, at, setting.value);
  if (found === undefined) return format.set(text, at, `[${[...setting.others, setting.element].join(', ')}]`);
  if (found.elements === undefined) throw new Conflict('notList', at, found.offset);
  return found.elements.includes(setting.element) ? text : format.add(text, at, setting.element);
}

/**
 * A text with all settings; the same text when it has them.
 *
 * @throws Conflict
 */
export function withSettings(format: Format, text: string, settings: readonly Setting[]): string {
  return settings.reduce((result, setting) => make(format, result, setting), text);
}

function unmake(format: Format, text: string, setting: Setting, before: string): string {
  const { at } = setting;
  const found = format.find(text, at);
  const had = format.find(before, at);
  if (found === undefined || found.raw === had?.raw) return text;
  if ('element' in setting) {
    if (had?.elements?.includes(setting.element) === true) return text;
    const asMade = [...setting.others, setting.element].join(', ');
    return had === undefined && found.elements?.join(', ') === asMade
      ? format.remove(text, at)
      : format.take(text, at, setting.element);
  }
  // Somebody has chosen something else meanwhile.
  if (setting.own !== true && found.raw !== setting.value) return text;
  return had === undefined ? format.remove(text, at) : format.set(text, at, had.raw);
}

/** The tables that a text has below a path, and what stands in them. */
function keysBelow(format: Format, text: string, at: Path): Path[] {
  return format.names(text, at).flatMap((name) => {
    const path = [...at, name];
    const inner = keysBelow(format, text, path);
    return inner.length > 0 ? inner : [path];
  });
}

/** Whether something else stands below the basis of a setting. */
function isNeeded(format: Format, text: string, { at, basis = [] }: Setting): boolean {
  const own = at[basis.length]!;
  return format.names(text, basis).some((name) => name !== own) || keysBelow(format, text, [...basis, own]).length > 1;
}

/**
 * A text without the settings, in which other things may have changed since.
 *
 * @param before the text in which they were made
 * @throws Conflict when something was added to what would be removed
 */
export function withoutSettings(format: Format, text: string, settings: readonly Setting[], before: string): string {
  const paths = settings.map(({ at }) => at);
  const [first, last] = [settings.filter(({ basis }) => basis === undefined),
    settings.filter(({ basis }) => basis !== undefined)];
  let result = [...first].reverse().reduce((now, setting) => unmake(format, now, setting, before), text);
  for (const { at, own } of first) {
    const entry = at.slice(0, at.indexOf('veloci') + 1);
    if (own !== true || format.names(before, entry).length > 0) continue;
    const added = keysBelow(format, result, entry).find((path) => format.find(result, path) !== undefined);
    if (added !== undefined) throw new Conflict('foreign', added, format.find(result, added)!.offset);
  }
  result = format.prune(result, paths, before);
  for (const setting of last.reverse()) {
    if (isNeeded(format, result, setting)) continue;
    result = format.prune(unmake(format, result, setting, before), paths, before);
  }
  return result;
}
