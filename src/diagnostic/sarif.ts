// Findings as SARIF 2.1.0 (OASIS Static Analysis Results Interchange Format), which code hosts and editors read.
import { templateOf } from './diagnose.ts';
import type { Diagnostic, Place } from './types.ts';

interface Text {
  readonly text: string;
}

/** What a rule is about. */
export interface SarifRule {
  readonly id: string;
  readonly short: string;
  readonly help: string;
  /** From 0.0 to 10.0, as code hosts rank what is about security. */
  readonly security?: string;
}

/** A finding of any kind. */
export interface SarifFinding {
  readonly rule: string;
  readonly level: 'error' | 'warning' | 'note';
  readonly message: string;
  readonly at?: Place;
  /** Why it is accepted, in the file itself. */
  readonly accepted?: string;
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: SarifFinding['level'];
  readonly message: Text;
  readonly locations?: readonly object[];
  readonly suppressions?: readonly object[];
}

/**
 * The log of one run: a rule for each code that was found, and the findings.
 *
 * @param found findings with their positions
 */
export function sarif(found: readonly Diagnostic[]): string {
  return sarifLog(
    found.map(({ code, severity, message, hint, at }) => ({
      rule: code,
      level: severity,
      // A message is a sentence there; what to do belongs to it.
      message: hint === undefined ? message : `${message}: ${hint}`,
      ...(at === undefined ? {} : { at }),
    })),
    (id) => ({ id, short: templateOf(id), help: `"veloci explain ${id}" says more` }),
  );
}

/** The same for findings of any kind. */
export function sarifLog(found: readonly SarifFinding[], ruleOf: (id: string) => SarifRule): string {
  const ids = [...new Set(found.map(({ rule }) => rule))].sort();
  const rules = ids.map((name) => {
    const { id, short, help, security } = ruleOf(name);
    return {
      id,
      shortDescription: { text: short },
      help: { text: help },
      ...(security === undefined ? {} : { properties: { 'security-severity': security, tags: ['security'] } }),
    };
  });
  const results = found.map((finding): Result => ({
    ruleId: finding.rule,
    ruleIndex: ids.indexOf(finding.rule),
    level: finding.level,
    message: { text: finding.message },
    ...(finding.at === undefined ? {} : { locations: [locationOf(finding.at)] }),
    ...(finding.accepted === undefined
      ? {}
      : { suppressions: [{ kind: 'inSource', justification: finding.accepted }] }),
  }));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'veloci', rules } }, columnKind: 'utf16CodeUnits', results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function locationOf({ file, pointer, line, column, length }: Place): object {
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
