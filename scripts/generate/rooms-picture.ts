import { rooms } from '../lib/layout.ts';
import { notice } from './names.ts';

const width = 190;
const height = 30;
const gap = { x: 14, y: 54 };

/** The building that a room belongs to: `executor` for `executor/cgroup`. */
function building(room: string): string {
  return room.split('/')[0]!;
}

/** What each building includes, itself left out. */
function uses(): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const [room, targets] of Object.entries(rooms)) {
    const own = edges.get(building(room)) ?? new Set<string>();
    for (const target of targets) if (building(target) !== building(room)) own.add(building(target));
    edges.set(building(room), own);
  }
  return edges;
}

/** Floors from the bottom: a building stands above what it includes, as far as two do not include each other. */
function floors(graph: ReadonlyMap<string, ReadonlySet<string>>): Map<string, number> {
  const floors = new Map<string, number>();
  const floorOf = (name: string, above: readonly string[]): number => {
    const known = floors.get(name);
    if (known !== undefined) return known;
    const below = [...graph.get(name) ?? []].filter((target) => !above.includes(target));
    const floor = below.reduce((highest, target) => Math.max(highest, floorOf(target, [...above, name]) + 1), 0);
    if (above.length === 0) floors.set(name, floor);
    return floor;
  };
  for (const name of graph.keys()) floorOf(name, []);
  return floors;
}

/** Text of docs/rooms.svg: the buildings of native/ by floor, their rooms, and what they include. */
export function roomsPicture(): string {
  const graph = uses();
  const floorOf = floors(graph);
  const levels: string[][] = [];
  for (const [name, floor] of [...floorOf].sort(([a], [b]) => (a < b ? -1 : 1))) (levels[floor] ??= []).push(name);
  const rows = levels.filter((level) => level !== undefined).reverse();
  const widest = Math.max(...rows.map((row) => row.length));
  const place = new Map(rows.flatMap((row, y) => {
    const left = ((widest - row.length) * (width + gap.x)) / 2;
    return row.map((name, x) => [name, { x: 10 + left + x * (width + gap.x), y: 10 + y * (height + gap.y) }] as const);
  }));
  const boxes = [...place].map(([name, { x, y }]) => {
    const inner = Object.keys(rooms).filter((room) => room.startsWith(`${name}/`)).map((room) => room.split('/')[1]);
    const title = inner.length === 0 ? '' : `<title>${inner.join(', ')}</title>`;
    const label = inner.length === 0 ? name : `${name} (${inner.length} rooms)`;
    return `<g>${title}<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="4"/>`
      + `<text x="${x + width / 2}" y="${y + 20}">${label}</text></g>\n`;
  });
  const lines = [...graph].flatMap(([name, targets]) => {
    const from = place.get(name)!;
    return [...targets].sort().map((target) => {
      const to = place.get(target)!;
      const down = to.y > from.y;
      return `<line x1="${from.x + width / 2}" y1="${from.y + (down ? height : 0)}" x2="${to.x + width / 2}" y2="${
        to.y + (down ? 0 : height)
      }"/>\n`;
    });
  });
  const [w, h] = [20 + widest * (width + gap.x), 20 + rows.length * (height + gap.y)];
  return `<!-- ${notice} -->
<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="13">
<style>rect{fill:#eef3f8;stroke:#456}line{stroke:#9ab;stroke-width:1}text{text-anchor:middle}</style>
${lines.join('')}${boxes.join('')}</svg>
`;
}
