/** Words longer than this are not compared: nobody means them. */
const longest = 64;

/**
 * The word that was probably meant, or undefined. Case does not count; one edit in four letters is forgiven, where an
 * edit adds, drops, changes a letter or swaps two neighbours. Else the only word that begins so: `dest` is `destination`.
 */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > longest) return undefined;
  const names = [...known];
  // What all names begin with says nothing: it counts on neither side.
  const common = commonPrefix(names);
  const wanted = withoutPrefix(word.toLowerCase(), common);
  if (wanted.length === 0) return undefined;
  let best: string | undefined;
  let bestDistance = Math.min(wanted.length - 1, Math.max(1, Math.floor((wanted.length + 1) / 3)));
  for (const candidate of names) {
    const name = withoutPrefix(candidate.toLowerCase(), common);
    if (Math.abs(name.length - wanted.length) > bestDistance) continue;
    const distance = editDistance(wanted, name, bestDistance);
    if (distance < bestDistance || (distance === bestDistance && best === undefined)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ??
    (wanted.length < 3
      ? undefined
      : only(names.filter((name) => withoutPrefix(name.toLowerCase(), common).startsWith(wanted))));
}

function only(names: readonly string[]): string | undefined {
  return names.length === 1 ? names[0] : undefined;
}

/** The words up to a "_" that all names begin with, in lower case; empty when there are few. */
function commonPrefix(names: readonly string[]): string {
  if (names.length < 2) return '';
  let prefix = names[0]!.toLowerCase();
  for (const name of names) {
    while (prefix !== '' && !name.toLowerCase().startsWith(prefix))
      prefix = prefix.slice(0, prefix.slice(0, -1).lastIndexOf('_') + 1);
    if (prefix === '') return '';
  }
  return prefix.endsWith('_') ? prefix : prefix.slice(0, prefix.lastIndexOf('_') + 1);
}

function withoutPrefix(word: string, prefix: string): string {
  return word.startsWith(prefix) ? word.slice(prefix.length) : word;
}

/** Optimal string alignment distance, or any larger number than `most` when it is larger. */
function editDistance(a: string, b: string, most: number): number {
  let before: number[] = [];
  let leastBefore = 0;
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, (before[j - 2] as number) + 1);
      row.push(distance);
      if (distance < least) least = distance;
    }
    // A swap reaches over one row: only two rows show that the end is out of reach.
    if (least > most && leastBefore > most) return least;
    leastBefore = least;
    before = last;
    last = row;
  }
  return last[b.length] as number;
}
