import { diagnose } from '../diagnostic/diagnose.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Host } from '../engine/protocol.ts';
import { configChecks, processChecks, processFileChecks } from './checks/index.ts';
import { Findings } from './checks/findings.ts';
import { locateAll } from './parse/locate.ts';
import { parseDocument } from './parse/parse.ts';
import type { JsonValue } from './parse/value.ts';
import type { Process, Spec } from './types.ts';
import { validateConfig, validateProcess } from './validate.ts';

/** What is wanted besides errors. */
export interface CheckOptions {
  /** Whether to look for what only deserves a warning: unknown keys, options without effect. Off by default. */
  readonly warnings?: boolean;
}

/** A document that was read and checked; `found` has positions. */
export interface Reading<T> {
  /** The value; absent when it has an error. */
  readonly value?: T;
  /** The text, absent when it is not UTF-8. */
  readonly text?: string;
  /** Errors and (when they were asked for) warnings, in the order of the checks. */
  readonly found: readonly Diagnostic[];
}

/**
 * Reads a configuration: parses it, checks it against its schema and by the rules that a schema cannot say. Reports
 * everything at once.
 *
 * @param bytes the file
 * @param name how messages call it
 */
export function readConfig(bytes: Uint8Array, host: Pick<Host, 'scan'>, name: string, options: CheckOptions = {}): Reading<Spec> {
  return read(bytes, host, name, options, validateConfig, checksOfConfig);
}

/** Reads the process of a file of its own (exec --process); pointers begin at the process. */
export function readProcess(bytes: Uint8Array, host: Pick<Host, 'scan'>, name: string, options: CheckOptions = {}): Reading<Process> {
  return read(bytes, host, name, options, validateProcess, checksOfProcess);
}

/** Checks a configuration whose form is valid; positions are not known. */
export function checkConfig(spec: Spec, options: CheckOptions = {}): Diagnostic[] {
  const findings = new Findings(options.warnings === true);
  for (const check of checksOfConfig(spec)) check(findings);
  return findings.found;
}

/** Checks a process of its own whose form is valid; positions are not known. */
export function checkProcess(process: Process, options: CheckOptions = {}): Diagnostic[] {
  const findings = new Findings(options.warnings === true);
  for (const check of checksOfProcess(process)) check(findings);
  return findings.found;
}

/** A check that waits for where to put what it finds. */
type Bound = (findings: Findings) => void;

function checksOfConfig(spec: Spec): Bound[] {
  const { process } = spec;
  const bound: Bound[] = configChecks.map((check) => (findings) => check(spec, findings));
  if (process !== undefined) for (const check of processChecks) bound.push((findings) => check(process, '/process', findings));
  return bound;
}

function checksOfProcess(process: Process): Bound[] {
  return [...processFileChecks, ...processChecks].map((check) => (findings) => check(process, '', findings));
}

function read<T>(
  bytes: Uint8Array, host: Pick<Host, 'scan'>, name: string, options: CheckOptions,
  validate: (value: JsonValue) => Diagnostic[], checksOf: (value: T) => Bound[],
): Reading<T> {
  const document = parseDocument(bytes, host, name);
  if ('error' in document) return { ...(document.text === undefined ? {} : { text: document.text }), found: [document.error] };
  const { text } = document;
  const value = document.value as unknown as T;
  const errors = validate(document.value);
  const findings = new Findings(options.warnings === true);
  if (errors.length === 0) for (const check of checksOf(value)) check(findings);
  else if (isObject(document.value)) findings.found.push(...errors, ...checkDamaged(checksOf(value), errors, findings.warnings));
  else findings.found.push(...errors);
  const { found } = findings;
  if (found.length === 0) return { value, text, found };
  const located = locateAll(firstOf(found), text, name);
  return found.some(({ severity }) => severity === 'error') ? { text, found: located } : { value, text, found: located };
}

/** Most errors, and most warnings, that are reported: to find a place takes a look through the text. */
const most = 100;

/** The first errors and warnings, and how many more there are. */
function firstOf(found: readonly Diagnostic[]): readonly Diagnostic[] {
  if (found.length <= most) return found;
  const left = { error: most, warning: most };
  const kept = found.filter(({ severity }) => left[severity]-- > 0);
  return kept.length === found.length ? found : [...kept, diagnose('moreFindings', { count: found.length - kept.length })];
}

function isObject(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Runs the checks on a value that breaks its schema, so that all faults come at once. A check that trips over a wrong
 * type ends there, and what checks say about the wrong values themselves is left out.
 */
function checkDamaged(checks: readonly Bound[], errors: readonly Diagnostic[], warnings: boolean): Diagnostic[] {
  const missing = diagnose('missing').code;
  const wrong = errors.filter(({ code }) => code !== missing).map(({ at }) => at?.pointer);
  const findings = new Findings(warnings);
  for (const check of checks) {
    try {
      check(findings);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return findings.found.filter(({ at }) => !wrong.some((pointer) => at?.pointer === pointer || at?.pointer.startsWith(`${pointer}/`)));
}
