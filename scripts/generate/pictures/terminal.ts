// A terminal as a picture: commands behind a prompt, and what they print with its colours.
import { notice } from '../names.ts';

const column = 8.4;
const row = 19;
const margin = { x: 18, top: 44, bottom: 18 };

const background = '#161b22';
const plain = '#e6edf3';
/** Colours by the parameters of SGR that src/diagnostic uses. */
const colours: Readonly<Record<string, string>> = {
  '1;31': '#ff7b72',
  '1;33': '#e3b341',
  '31': '#ff7b72',
  '32': '#7ee787',
  '34': '#79c0ff',
  '36': '#56d4dd',
};

export const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** One line of output as text elements: each stretch of one colour stands at its column. */
function drawn(line: string, y: number): string {
  let place = 0, colour = plain, weight = '';
  return line.split(/\x1b\[([0-9;]*)m/).map((part, index) => {
    if (index % 2 === 1) {
      colour = colours[part] ?? plain;
      weight = part.startsWith('1;') ? ' font-weight="bold"' : '';
      return '';
    }
    const lead = part.length - part.trimStart().length;
    const x = margin.x + (place + lead) * column;
    place += part.length;
    const text = part.trim();
    if (text === '') return '';
    return `<text x="${x.toFixed(1)}" y="${y}" textLength="${
      (text.length * column).toFixed(1)
    }" fill="${colour}"${weight}>${escaped(text)}</text>\n`;
  }).join('');
}

/** Text of a picture of a terminal; a line that begins with `$ ` is one that somebody has typed. */
export function terminalPicture(title: string, text: string): string {
  const lines = text.trimEnd().split('\n');
  const columns = Math.max(...lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, '').length));
  const width = Math.ceil(columns * column + 2 * margin.x);
  const height = margin.top + lines.length * row + margin.bottom - 6;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map((fill, index) =>
    `<circle cx="${20 + 18 * index}" cy="18" r="5.5" fill="${fill}"/>`
  );
  const body = lines.map((line, index) =>
    drawn(line.startsWith('$ ') ? `\x1b[32m$\x1b[0m${line.slice(1)}` : line, margin.top + 10 + index * row)
  );
  return `<!-- ${notice} -->
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" `
    + `font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${background}"/>
${dots.join('')}
${body.join('')}</svg>
`;
}
