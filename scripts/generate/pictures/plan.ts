// The plan of a container as a picture: which process does what, in which order, and which line of config.json asks for it.
import { notice } from '../names.ts';
import type { PlannedLine } from './record.ts';
import { escaped } from './terminal.ts';

const lanes: Readonly<Record<string, string>> = {
  create: 'on the host: veloci create',
  stager: 'on the way in: the stager',
  init: 'in the container: init, which becomes PID 1 of the program',
};

/** What a reader who knows no operation names is told of a concern. */
const words: Readonly<Record<string, string>> = {
  cgroups: 'a group for limits and counting',
  'device rules': 'which devices may be opened',
  limits: 'how much it may use',
  process: 'its process',
  container: 'what veloci keeps of it',
  namespaces: 'its own view of the system',
  root: 'its own root directory',
  mounts: 'its file systems',
  devices: 'its device files',
  names: 'its host name',
  paths: 'what of the kernel is hidden',
};

const box = { width: 330, height: 40, gapX: 14, gapY: 12 };
const perRow = 3;

interface Stretch {
  readonly concern: string;
  readonly lines: PlannedLine[];
}

/** Operations of one concern that follow each other are one box. */
function stretches(lines: readonly PlannedLine[]): Stretch[] {
  const result: Stretch[] = [];
  for (const line of lines) {
    const last = result.at(-1);
    if (last?.concern === line.concern) last.lines.push(line);
    else result.push({ concern: line.concern, lines: [line] });
  }
  return result;
}

/** Names of operations with how often each occurs, as far as there is room. */
function names(lines: readonly PlannedLine[]): string {
  const counts = new Map<string, number>();
  for (const { op } of lines) counts.set(op, (counts.get(op) ?? 0) + 1);
  const all = [...counts].map(([op, count]) => (count > 1 ? `${count} × ${op}` : op));
  let text = '';
  for (const [index, one] of all.entries()) {
    if (text.length + one.length > 38) return `${text} + ${all.length - index} more`;
    text += (text === '' ? '' : ', ') + one;
  }
  return text;
}

function place(lines: readonly PlannedLine[]): string {
  const numbers = lines.map(({ line }) => line).filter((line) => line > 0);
  if (numbers.length === 0) return '';
  const first = Math.min(...numbers), last = Math.max(...numbers);
  return first === last ? `line ${first}` : `lines ${first}–${last}`;
}

/** Text of docs/pictures/plan.svg. */
export function planPicture(plan: readonly PlannedLine[]): string {
  const width = 10 + perRow * (box.width + box.gapX);
  let y = 12, body = '';
  for (const [program, title] of Object.entries(lanes)) {
    const boxes = stretches(plan.filter((line) => line.program === program));
    body += `<text class="lane" x="10" y="${y + 14}">${escaped(title)}</text>\n`;
    y += 24;
    boxes.forEach(({ concern, lines }, index) => {
      const x = 10 + (index % perRow) * (box.width + box.gapX);
      const top = y + Math.floor(index / perRow) * (box.height + box.gapY);
      const about = words[concern];
      if (about === undefined) throw new Error(`scripts/generate/pictures/plan.ts has no words for ${concern}`);
      body += `<g><title>${
        escaped(lines.map(({ op, line }) => `${op}${line > 0 ? ` (line ${line})` : ''}`).join(', '))
      }</title>`
        + `<rect class="${program}" x="${x}" y="${top}" width="${box.width}" height="${box.height}" rx="4"/>`
        + `<text x="${x + 8}" y="${top + 16}">${escaped(about)}</text>`
        + `<text class="where" x="${x + box.width - 8}" y="${top + 16}" text-anchor="end">${place(lines)}</text>`
        + `<text class="ops" x="${x + 8}" y="${top + 32}">${escaped(names(lines))}</text></g>\n`;
    });
    y += Math.ceil(boxes.length / perRow) * (box.height + box.gapY) + 10;
  }
  return `<!-- ${notice} -->
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img" `
    + `font-family="system-ui, sans-serif" font-size="12">
<title>The plan of a small container, from left to right and from top to bottom</title>
<style>rect{stroke:#57606a;fill:#f6f8fa}.create{fill:#ddf4ff}.stager{fill:#fff8c5}.init{fill:#dafbe1}
.lane{font-size:14px;font-weight:600}.ops{font-family:ui-monospace,monospace;font-size:10.5px}.where{fill:#57606a}</style>
<rect style="stroke:none;fill:#fff" width="${width}" height="${y}"/>
${body}</svg>
`;
}
