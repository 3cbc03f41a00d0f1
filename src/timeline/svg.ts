// A timeline as a picture: for a README or a bug report.
import { sharesOf, wallTime } from './shares.ts';
import { lanes, type Span, type Timeline } from './spans.ts';
import { milliseconds } from './units.ts';

const width = 960, left = 64, right = 16, rowHeight = 14, gap = 10, top = 46;

/** One colour for each kind of work, in the order in which they are met. */
const palette = ['#4269d0', '#efb118', '#ff725c', '#6cc5b0', '#3ca951', '#ff8ab7', '#a463f2', '#97bbf5',
  '#9c6b4e'] as const;
const waitColour = '#d9d9d9';

/** @param place where a pointer leads to, such as `config.json:41`; empty when it is not known */
export function timelineSvg(timeline: Timeline, title: string, place: (pointer: string) => string): string {
  const shown = withoutGap(timeline);
  const wall = Math.max(1, wallTime(timeline));
  const scale = (time: number): number => left + time / wall * (width - left - right);
  const colours = coloursOf(timeline);
  let body = '';
  let y = top;
  for (const lane of lanes) {
    const rows = rowsOf(shown.filter((span) => span.lane === lane));
    if (rows.length === 0) continue;
    body += `<text x="8" y="${y + 10}">${lane}</text>\n`;
    for (const row of rows) {
      for (const span of row) body += bar(span, y, scale, colours, place);
      y += rowHeight;
    }
    y += gap;
  }
  const axis = axisOf(wall, y, scale);
  const legend = legendOf(timeline, wall, colours, y + 34);
  const height = y + 48;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" `
    + `font-family="system-ui, sans-serif" font-size="11">\n<rect width="${width}" height="${height}" fill="#fff"/>\n`
    + `<text x="8" y="20" font-size="14" font-weight="600">${escaped(title)}: ${milliseconds(wall)} ms</text>\n`
    + `${body}${axis}${legend}</svg>\n`;
}

/** The time between create and start is cut out. */
function withoutGap({ spans, commands }: Timeline): Span[] {
  return commands.flatMap(({ begin, end }, index) => {
    const before = commands.slice(0, index).reduce((sum, one) => sum + one.end - one.begin, 0);
    return spans.filter((span) => span.end > begin && span.begin < end).map((span) => ({ ...span,
      begin: before + Math.max(span.begin, begin) - begin, end: before + Math.min(span.end, end) - begin })
    );
  });
}

/** Spans of one process do not overlap but where one is cut at both commands: a row is enough, mostly. */
function rowsOf(spans: readonly Span[]): Span[][] {
  const rows: Span[][] = [];
  for (const span of spans) {
    const row = rows.find((one) => one.at(-1)!.end <= span.begin);
    if (row === undefined) rows.push([span]);
    else row.push(span);
  }
  return rows;
}

function bar(
  span: Span,
  y: number,
  scale: (time: number) => number,
  colours: ReadonlyMap<string, string>,
  place: (pointer: string) => string,
): string {
  const x = scale(span.begin);
  const line = span.pointer === undefined ? '' : place(span.pointer);
  const tip = `${span.name} ${span.what}: ${milliseconds(span.end - span.begin)} ms ${line}`.trim();
  const fill = span.waits ? waitColour : colours.get(span.concern);
  return `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.5, scale(span.end) - x).toFixed(1)}" `
    + `height="${rowHeight - 2}" fill="${fill}"><title>${escaped(tip)}</title></rect>\n`;
}

function axisOf(wall: number, y: number, scale: (time: number) => number): string {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((one) => wall / (one * 1e6) <= 12) ??
    5000;
  let text = '';
  for (let tick = 0; tick * 1e6 <= wall; tick += step) {
    const x = scale(tick * 1e6).toFixed(1);
    const label = Number(tick.toFixed(1));
    text += `<line x1="${x}" y1="${top - 6}" x2="${x}" y2="${y}" stroke="#0002"/><text x="${x}" y="${y + 12}" `
      + `text-anchor="middle" fill="#555">${label} ms</text>\n`;
  }
  return text;
}

function legendOf(timeline: Timeline, wall: number, colours: ReadonlyMap<string, string>, y: number): string {
  let x = left;
  let text = '';
  for (const { concern, time } of sharesOf(timeline)) {
    const label = `${concern} ${(100 * time / wall).toFixed(0)} %`;
    if (time < wall / 100 || x + 7 * label.length > width - right) continue;
    text += `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${colours.get(concern) ?? waitColour}"/>`
      + `<text x="${x + 14}" y="${y}">${escaped(label)}</text>\n`;
    x += 24 + 6 * label.length;
  }
  return text;
}

function coloursOf({ spans }: Timeline): ReadonlyMap<string, string> {
  const concerns = [...new Set(spans.map(({ concern }) => concern))];
  return new Map(concerns.map((concern, index) => [concern, palette[index % palette.length]!]));
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // XML has no control characters.
  return text.replace(/[&<>"]/g, (one) => names[one]!).replace(/[\u0000-\u001f\u007f]/g, '?');
}
