import { diagnose } from '../diagnostic/diagnose.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Host } from '../engine/protocol.ts';
import type { Dialect } from './dialect.ts';
import { configChecks, processChecks, processFileChecks } from './checks/index.ts';
import { Findings, most } from './checks/findings.ts';
import { checkLimits } from './checks/resources.ts';
import { checkUnknownInResources } from './checks/unknown.ts';
import { inDocument, specOf, type MountList } from './mount-list.ts';
import { locateAll } from './parse/locate.ts';
import { parseDocument } from './parse/parse.ts';
import { isObject, type JsonValue } from './parse/value.ts';
import type { Process, Resources, Spec } from './types.ts';
import { validateConfig, validateMounts, validateProcess, validateResources } from './validate.ts';

/** How a document is read. */
export interface CheckOptions extends Dialect {
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
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a configuration: parses it, checks it against its schema and by the rules that a schema cannot say. Reports
 * everything at once.
 *
 * @param bytes the file
 * @param name how messages call it
 */
export function readConfig(
  bytes: Uint8Array,
  host: Pick<Host, 'scan'>,
  name: string,
  options: CheckOptions = {},
): Reading<Spec> {
  return read(bytes, host, name, options, validateConfig, checksOfConfig, options.complete);
}

/** Reads the process of a file of its own (exec --process); pointers begin at the process. */
export function readProcess(
  bytes: Uint8Array,
  host: Pick<Host, 'scan'>,
  name: string,
  options: CheckOptions = {},
): Reading<Process> {
  return read(bytes, host, name, options, validateProcess, checksOfProcess);
}

/**
 * Reads resources of a file of their own (update --resources); pointers begin at the resources. Members that are null
 * count as absent.
 */
export function readResources(
  bytes: Uint8Array,
  host: Pick<Host, 'scan'>,
  name: string,
  options: CheckOptions = {},
): Reading<Resources> {
  return read(bytes, host, name, options, validateResources, (resources: Resources) => [
    (findings) => checkLimits(resources, '', findings),
    (findings) => checkUnknownInResources(resources, findings),
  ]);
}

/** Reads the file of `mounts add`; pointers begin at its document. */
export function readMounts(bytes: Uint8Array, host: Pick<Host, 'scan'>, name: string): Reading<MountList> {
  return read(bytes, host, name, {}, validateMounts, checksOfMounts);
}

/** Checks a process of its own whose form is valid; positions are not known. */
export function checkProcess(process: Process, options: CheckOptions = {}): Diagnostic[] {
  const findings = new Findings(options.warnings === true, options.habits);
  for (const check of checksOfProcess(process)) check(findings);
  return findings.diagnostics;
}

/** A check that waits for where to put what it finds. */
type Bound = (findings: Findings) => void;

function checksOfConfig(spec: Spec): Bound[] {
  const { process } = spec;
  const bound: Bound[] = configChecks.map((check) => (findings) => check(spec, findings));
  if (process !== undefined) {
    for (const check of processChecks) bound.push((findings) => check(process, '/process', findings));
  }
  return bound;
}

function checksOfProcess(process: Process): Bound[] {
  return [...processFileChecks, ...processChecks].map((check) => (findings) => check(process, '', findings));
}

function checksOfMounts(list: MountList): Bound[] {
  return configChecks.map((check) => (findings) => {
    const own = new Findings(findings.warnings, findings.habits);
    check(specOf(list), own);
    for (const diagnostic of own.diagnostics) findings.push(inDocument(list, diagnostic));
  });
}

function read<T>(
  bytes: Uint8Array,
  host: Pick<Host, 'scan'>,
  name: string,
  options: CheckOptions,
  validate: (value: JsonValue, tolerant: boolean) => Diagnostic[],
  checksOf: (value: T) => Bound[],
  complete: (value: T) => T = (value) => value,
): Reading<T> {
  const document = parseDocument(bytes, host, name);
  if ('error' in document)
    return { ...(document.text === undefined ? {} : { text: document.text }), diagnostics: [document.error] };
  const { text } = document;
  const errors = validate(document.value, options.habits?.lenientJson === true);
  const given = document.value as unknown as T;
  const value = errors.length === 0 ? complete(given) : given;
  const findings = new Findings(options.warnings === true, options.habits);
  for (const error of errors) findings.push(error);
  if (errors.length === 0) { for (const check of checksOf(value)) check(findings); }
  else if (isObject(document.value)) checkDamaged(checksOf(value), errors, findings);
  const { diagnostics: diagnostics } = findings;
  if (diagnostics.length === 0) return { value, text, diagnostics: diagnostics };
  const located = locateAll(diagnostics, text, name);
  if (findings.isCut) located.push(diagnose('moreFindings', { count: most }));
  return diagnostics.some(({ severity }) => severity === 'error')
    ? { text, diagnostics: located }
    : { value, text, diagnostics: located };
}

/**
 * Runs the checks on a value that breaks its schema, so that all faults come at once. A check that trips over a wrong
 * type ends there, and what checks say about the wrong values themselves is left out.
 */
function checkDamaged(checks: readonly Bound[], errors: readonly Diagnostic[], findings: Findings): void {
  const missing = diagnose('missing').code;
  const wrong = errors.filter(({ code }) => code !== missing).map(({ at }) => at?.pointer);
  const own = new Findings(findings.warnings, findings.habits);
  for (const check of checks) {
    try {
      check(own);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  for (const diagnostic of own.diagnostics) {
    const pointer = diagnostic.at?.pointer ?? '';
    if (!wrong.some((bad) => pointer === bad || pointer.startsWith(`${bad}/`))) findings.push(diagnostic);
  }
}
