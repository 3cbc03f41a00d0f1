import type { SchemaError, Validate } from '../generated/validate.ts';
import { validateConfig as configIsValid, validateProcess as processIsValid } from '../generated/validate-config.ts';
import { diagnose, placeAt } from '../diagnostic/diagnose.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import { pointerNames, pointerPath } from './parse/position.ts';
import { forgive, dropNulls } from './lenient.ts';
import { framed, inDocument } from './mount-list.ts';
import { Inexact, isObject, findValue, type JsonValue } from './parse/value.ts';
import { aliasOf, limitsOf, listInWords, mostOf, remedyForEmpty, remedyForMissing, remedyForType } from './remedies.ts';
import { suggest } from './suggest.ts';

/**
 * Checks a configuration against its schema (schema/config.schema.json).
 *
 * @param tolerant whether null counts as absent, and the case of keys does not (the value is changed then)
 * @returns everything that is wrong, by pointer only: see locateAll
 */
export function validateConfig(value: JsonValue, tolerant: boolean): Diagnostic[] {
  return run(configIsValid as Validate, value, 'the configuration', tolerant);
}

/** Checks a process of its own (the file of exec --process) against its schema. */
export function validateProcess(value: JsonValue, tolerant: boolean): Diagnostic[] {
  return run(processIsValid as Validate, value, 'the process', tolerant);
}

/**
 * Checks resources of their own (the file of update --resources) against the schema: as those of a configuration that
 * has nothing else.
 */
export function validateResources(value: JsonValue): Diagnostic[] {
  const prefix = '/linux/resources';
  dropNulls(value);
  return validateConfig({ ociVersion: '1.0.0', linux: { resources: value } }, false).map((fault) => (
    fault.at === undefined ? fault : { ...fault, at: { ...fault.at, pointer: fault.at.pointer.slice(prefix.length) } }
  ));
}

/** Checks the file of `mounts add` against the schema. */
export function validateMounts(document: JsonValue): Diagnostic[] {
  const config = framed(document);
  if (config !== undefined) return validateConfig(config, false).map((fault) => inDocument(document, fault));
  const single = isObject(document) && document['destination'] !== undefined;
  return [
    missing('', 'mounts', document,
      single ? 'write a single mount as a list, too: [{ "destination": ... }]' : undefined),
  ];
}

function missing(pointer: string, name: string, object: JsonValue | undefined, remedy?: string): Diagnostic {
  return diagnose('missing', { name, remedy: remedy ?? remedyForMissing(pointer, name, object) }, placeAt(pointer));
}

function run(validate: Validate, value: JsonValue, whole: string, tolerant: boolean): Diagnostic[] {
  if (validate(value)) return [];
  if (tolerant) {
    forgive(value, validate.errors ?? []);
    if (validate(value)) return [];
  }
  return (validate.errors ?? []).slice(0, mostExplained).map((error) => explain(error, value, whole));
}

/** More errors than this are not put into words: one more than a reading keeps. */
const mostExplained = 101;

/** How messages call a value: `process.args`, `mounts[2].options`. */
export function nameOf(pointer: string, whole: string): string {
  let name = '';
  for (const part of pointerPath(pointer)) {
    if (/^\d{1,9}$/.test(part)) name += `[${part}]`;
    else name += name === '' ? part : `.${part}`;
  }
  return name === '' ? whole : name;
}

const types: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function inWords(value: JsonValue | undefined): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Inexact) return `the number ${value.text.slice(0, 40)}`;
  switch (typeof value) {
    case 'string':
      return value.length > 30 ? 'a text' : `the text "${value}"`;
    case 'number':
    case 'bigint':
      return `the number ${value}`;
    case 'boolean':
      return `${value}`;
    default:
      return 'an object';
  }
}

const integers: Readonly<Record<string, readonly [string, string]>> = {
  uint64: ['0', '18446744073709551615'],
  int64: ['-9223372036854775808', '9223372036854775807'],
};

function explain(error: SchemaError, root: JsonValue, whole: string): Diagnostic {
  const { instancePath: pointer, keyword, params } = error;
  const value = findValue(root, pointer);
  const name = nameOf(pointer, whole);
  const place = placeAt(pointer);
  switch (keyword) {
    case 'required':
      return missing(pointer, String(params['missingProperty']), value);
    case 'enum': {
      const values = params['allowedValues'] as readonly string[];
      const list = values.filter((known) => known !== '');
      const given = String(value);
      return diagnose('notInList', { name: nameInList(pointer), value: given,
        suggestion: aliasOf(given, list) ?? suggest(given, list), list: listInWords(list) }, place);
    }
    case 'x-int': {
      const [minimum, maximum] = integers[String(params['type'])] as readonly [string, string];
      return typeof value === 'number' || typeof value === 'bigint'
        ? diagnose('outOfRange', { name, value, limits: limitsOf(pointer, minimum, maximum) }, place)
        : wrongType('integer', name, value, place);
    }
    case 'minimum':
      return diagnose('outOfRange', { name, value: String(value), limits: `at least ${String(params['limit'])}` },
        place);
    case 'maximum':
      return diagnose('outOfRange', { name, value: String(value), limits: mostOf(pointer, String(params['limit'])) },
        place);
    case 'minItems':
      return diagnose('tooFew', { name, remedy: remedyForEmpty(pointer) }, place);
    case 'pattern':
      return diagnose('wrongForm', { name, value: String(value), expected: formOf(name, String(params['pattern'])) },
        place);
    case 'type':
      return wrongType(String(params['type']), name, value, place);
    default:
      throw new Error(`the schema uses ${keyword}, which has no message`);
  }
}

function wrongType(
  type: string,
  name: string,
  value: JsonValue | undefined,
  place: ReturnType<typeof placeAt>,
): Diagnostic {
  if (type === 'integer') {
    if (value instanceof Inexact) return diagnose('notInteger', { name, found: value.text.slice(0, 40) }, place);
    if (typeof value === 'bigint')
      return diagnose('outOfRange', { name, value, limits: value < 0n ? 'larger' : 'smaller' }, place);
  }
  return diagnose('wrongType', { name, expected: types[type] ?? type, found: inWords(value),
    remedy: remedyForType(type, value, place.pointer) }, place);
}

/** `namespace type` for /linux/namespaces/0/type, `action` for /linux/seccomp/defaultAction ... */
function nameInList(pointer: string): string {
  const path = pointerPath(pointer);
  const isElement = /^\d+$/.test(path[path.length - 1] ?? '');
  const parts = pointerNames(pointer);
  const last = parts[parts.length - 1] ?? 'value';
  const parent = parts[parts.length - 2];
  if (last === 'type' && parent !== undefined) return `${parent.replace(/s$/, '')} type`;
  return isElement ? last.replace(/s$/, '') : last;
}

function formOf(name: string, pattern: string): string {
  if (name.endsWith('.pageSize')) return 'a size such as "2MB" or "1GB"';
  if (name.includes('execCPUAffinity')) return 'a list of processors such as "0-3,7"';
  return `like the pattern ${pattern}`;
}
