// Findings as SARIF 2.1.0 (OASIS Static Analysis Results Interchange Format), which code hosts and editors read.
import { templateOf } from './diagnose.ts';
import type { Diagnostic } from './types.ts';

interface Text {
  readonly text: string;
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: 'error' | 'warning';
  readonly message: Text;
  readonly locations?: readonly object[];
}

/**
 * The log of one run: a rule for each code that was found, and the findings.
 *
 * @param found findings with their positions
 */
export function sarif(found: readonly Diagnostic[]): string {
  const codes = [...new Set(found.map(({ code }) => code))].sort();
  const rules = codes.map((code) => ({
    id: code,
    shortDescription: { text: templateOf(code) },
    help: { text: `"veloci explain ${code}" says more` },
  }));
  const results = found.map((finding): Result => ({
    ruleId: finding.code,
    ruleIndex: codes.indexOf(finding.code),
    level: finding.severity,
    // A message is a sentence there; what to do belongs to it.
    message: { text: finding.hint === undefined ? finding.message : `${finding.message}: ${finding.hint}` },
    ...(finding.at === undefined ? {} : { locations: [locationOf(finding.at)] }),
  }));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'veloci', rules } }, columnKind: 'utf16CodeUnits', results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function locationOf({ file, pointer, line, column, length }: NonNullable<Diagnostic['at']>): object {
  const region = line > 0 ? { region: { startLine: line, startColumn: column, endColumn: column + length } } : {};
  const physicalLocation = { artifactLocation: { uri: uriOf(file) }, ...region };
  return { physicalLocation,
    ...(pointer === '' ? {} : { logicalLocations: [{ fullyQualifiedName: pointer, kind: 'member' }] }) };
}

/** A path as a URI reference (RFC 3986); absolute ones become file URIs. */
function uriOf(path: string): string {
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${escaped}` : escaped;
}
