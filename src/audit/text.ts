// An audit as text for people.
import { indent, mark } from '../diagnostic/marks.ts';
import { capabilityRows, hostObjects, limitText, sharedNamespaces } from './overview.ts';
import { risks, type Finding, type Risk } from './types.ts';
import type { View } from './view.ts';

const colours: Readonly<Record<Risk, string>> = { critical: mark.error, high: mark.error, medium: mark.warning,
  low: mark.label, info: mark.label };

/**
 * With marks for colours and broken lines.
 *
 * @param name how the configuration is called
 */
export function auditText(view: View, findings: readonly Finding[], name: string): string {
  const paint = (risk: Risk, text: string): string => colours[risk] + text + mark.off;
  const open = findings.filter(({ accepted }) => accepted === undefined);
  const blocks = open.map((finding) => block(finding, paint(finding.risk, `${finding.risk} ${finding.rule}`)));
  const accepted = findings.filter((finding) => finding.accepted !== undefined);
  if (accepted.length > 0) {
    blocks.push(
      `accepted\n${
        accepted.map((finding) =>
          `  ${finding.risk} ${finding.rule}  ${placeOf(finding)}\n    reason: ${indent}${clean(finding.accepted!)}\n`
        ).join('')
      }`,
    );
  }
  return [...blocks, tables(view), `${summary(name, open, accepted.length)}\n`].join('\n');
}

function block(finding: Finding, head: string): string {
  const line = (label: string, text: string): string => `  ${label.padEnd(5)}${indent}${text}\n`;
  return `${head}  ${placeOf(finding)}\n  ${indent}${finding.message}\n${line('why', finding.why)}${
    line('do', finding.remedy)
  }${line('see', finding.references.join(', '))}`;
}

function placeOf({ at, running }: Finding): string {
  const where = at.line > 0 ? `${at.file}:${at.line}:${at.column}` : at.file;
  const place = at.pointer === '' ? where : `${where} (${at.pointer})`;
  return running === undefined ? place : `${place}, of the running container alone`;
}

/** How many findings there are of each risk. */
function summary(name: string, open: readonly Finding[], accepted: number): string {
  const counts = risks.flatMap((risk) => {
    const count = open.filter((finding) => finding.risk === risk).length;
    return count === 0 ? [] : [`${count} ${risk}`];
  });
  return `${name}: ${counts.length === 0 ? 'no findings' : counts.join(', ')}${
    accepted === 0 ? '' : `, ${accepted} accepted`
  }`;
}

/** What the container has of the host. */
function tables(view: View): string {
  const capabilities = capabilityRows(view);
  const objects = hostObjects(view);
  const shared = sharedNamespaces(view);
  let text = `capabilities (sets: effective, permitted, inheritable, bounding, ambient)${
    capabilities.length === 0 ? ': none' : ''
  }\n`;
  text += columns(capabilities.map(({ name, sets, risk = '-', why = '' }) => [name, sets, risk, why]));
  text += `\nof the host${objects.length === 0 ? ': no files, no devices' : ''}\n`;
  text += columns(objects.map(({ path, source, access, what }) => [clean(path), clean(source), access, what]));
  text += `\nnamespaces of the host: ${shared.length === 0 ? 'none' : shared.join(', ')}\n`;
  return `${text}limits: ${limitText(view)}\n`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.min(48, Math.max(...rows.map((row) => row[column]!.length))));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd() + '\n')
    .join('');
}

/** Without what a terminal would act on. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
