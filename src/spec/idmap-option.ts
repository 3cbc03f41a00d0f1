// The option `idmap=uids=0-1000-10#@20-5-1;gids=...` of crun: mappings of a mount in the text of an option.

/** A range of ids; a relative one counts its second number in the container's user namespace. */
export interface IdRange {
  /** First id in the file system. */
  readonly first: number;
  /** What it becomes. */
  readonly to: number;
  readonly size: number;
  readonly relative: boolean;
}

/** Mappings in the text of an option. */
export interface IdmapText {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** Reads what is behind `idmap=`; undefined when it has another form. */
export function readIdmap(text: string): IdmapText | undefined {
  const parsed: { uids?: IdRange[]; gids?: IdRange[] } = {};
  for (const part of text.split(';')) {
    const kind = part.slice(0, 5);
    if (kind !== 'uids=' && kind !== 'gids=') return undefined;
    const ranges = readRanges(part.slice(5));
    const name = kind === 'uids=' ? 'uids' : 'gids';
    if (ranges === undefined || parsed[name] !== undefined) return undefined;
    parsed[name] = ranges;
  }
  const { uids, gids } = parsed;
  return uids === undefined || gids === undefined ? undefined : { uids, gids };
}

function readRanges(text: string): IdRange[] | undefined {
  const ranges: IdRange[] = [];
  for (const item of text.split('#')) {
    const relative = item.startsWith('@');
    const numbers = (relative ? item.slice(1) : item).split('-');
    if (numbers.length !== 3 || !numbers.every((number) => /^[0-9]{1,10}$/.test(number))) return undefined;
    const [first, to, size] = numbers.map(Number) as [number, number, number];
    ranges.push({ first, to, size, relative });
  }
  return ranges;
}
