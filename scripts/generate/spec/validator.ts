import { Ajv, _, type Code, type CodeKeywordDefinition, type KeywordCxt, type Name } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import { root } from '../../lib/root.ts';
import { mapSchema, readSchema, type DocumentName, type Schema } from './json-schema.ts';
import { notice } from '../names.ts';

/** Keywords that say nothing about validity. */
const annotations = new Set([
  '$schema',
  'title',
  'description',
  'examples',
  'default',
  'deprecated',
  '$comment',
  'tsType',
]);

function stripped(schema: Schema): Schema {
  const kept = Object.entries(schema).filter(([keyword]) =>
    !annotations.has(keyword) && (keyword === 'x-int' || !keyword.startsWith('x-'))
  );
  const type = 'enum' in schema ? { type: 'string' } : {};
  return { ...type, ...Object.fromEntries(kept) };
}

/** A function from the text that the validator gets. */
function check(code: string): { readonly code: string; readonly ref: unknown } {
  return { code, ref: new Function(`return ${code}`)() };
}

const integers: Readonly<Record<string, ReturnType<typeof check>>> = {
  uint64: check(
    '(v) => typeof v === "bigint" ? v >= 0n && v <= 18446744073709551615n : Number.isSafeInteger(v) && v >= 0',
  ),
  int64: check(
    '(v) => typeof v === "bigint" ? v >= -9223372036854775808n && v <= 9223372036854775807n : Number.isSafeInteger(v)',
  ),
};

/** Text of the generator's own as generated code. */
function codeOf(text: string): Code {
  return _([text] as unknown as TemplateStringsArray);
}

/** `"x-int": "uint64"`: an exact integer, as a number or (beyond 2^53) as a bigint. */
const integer: CodeKeywordDefinition = {
  keyword: 'x-int',
  schemaType: 'string',
  error: { message: '', params: ({ schema }) => _`{type: ${schema}}` },
  code(context: KeywordCxt) {
    const kind = integers[context.schema as string];
    if (kind === undefined) throw new Error(`x-int: ${context.schema} is unknown`);
    const name = context.gen.scopeValue('func', { ref: kind.ref, code: codeOf(kind.code) });
    context.pass(_`${name}(${context.data})`);
  },
};

/** The lists of values by their text: equal ones are there once. */
const lists = new Map<string, unknown>();

/** Like ajv's own, which refers to the whole schema: that would have to be part of the validator. */
const enumeration: CodeKeywordDefinition = {
  keyword: 'enum',
  type: 'string',
  schemaType: 'array',
  error: { message: '', params: ({ gen, schema }) => _`{allowedValues: ${listOf(gen, schema)}}` },
  code(context: KeywordCxt) {
    context.pass(_`${listOf(context.gen, context.schema)}.includes(${context.data})`);
  },
};

function listOf(gen: KeywordCxt['gen'], values: unknown): Name {
  const code = JSON.stringify(values);
  const list = lists.get(code) ?? values;
  lists.set(code, list);
  return gen.scopeValue('obj', { ref: list, code: codeOf(code) });
}

/** Validators of a document beside that of the whole: exported name → definition. */
const parts: Readonly<Record<DocumentName, Readonly<Record<string, string>>>> = {
  config: { validateProcess: '#/$defs/Process' },
  state: {},
  features: {},
};

/** ajv with the schema of a document as `veloci:NAME`. */
export function schemaCompiler(name: DocumentName): Ajv {
  const schema = mapSchema(readSchema(name), stripped);
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    messages: false,
    validateFormats: false,
    inlineRefs: 4,
    code: { source: true, esm: true, optimize: 2 },
  });
  ajv.removeKeyword('enum');
  ajv.addKeyword(enumeration);
  ajv.addKeyword(integer);
  ajv.addSchema({ ...schema, $id: `veloci:${name}` });
  return ajv;
}

function standaloneCode(name: DocumentName): string {
  const id = `veloci:${name}`;
  const exported = Object.entries(parts[name]).map(([validator, pointer]) => [validator, id + pointer] as const);
  return standalone.default(schemaCompiler(name), {
    [`validate${name[0]!.toUpperCase()}${name.slice(1)}`]: id,
    ...Object.fromEntries(exported),
  });
}

const failed = `function fail(errors, instancePath, keyword, params) {
  const error = { instancePath, keyword, params };
  if (errors === null) return [error];
  errors.push(error);
  return errors;
}
// Numbers that are no integers are objects of their own (src/spec/parse/value.ts), which have this function: no text has.
function isMap(data) {
  return data && typeof data == "object" && !Array.isArray(data) && typeof data.toJSON != "function";
}
`;

/**
 * The same code with less in it: every string and every statement costs time when the engine starts. The place in the
 * schema is left out, errors are made in one function, and functions pass each other the path only.
 */
function condensed(code: string): string {
  const result = code
    .replace(
      /const (err\d+) = \{instancePath(?::(.*?))?,schemaPath:"[^"]*",keyword:("[^"]*"),params:(.*?)\};if\(vErrors === null\)\{vErrors = \[\1\];\}else \{vErrors\.push\(\1\);\}errors\+\+;/g,
      (_all, _error, path: string | undefined, keyword: string, params: string) =>
        `vErrors = fail(vErrors,${path ?? 'instancePath'},${keyword},${params});errors++;`,
    )
    .replace(/(data\d*) && typeof \1 == "object" && !Array\.isArray\(\1\)/g, 'isMap($1)')
    .replace(/\{instancePath="", parentData, parentDataProperty, rootData=data\}=\{\}/g, 'instancePath=""')
    .replace(
      /, ?\{instancePath(?::(.*?))?,parentData:[^,]*,parentDataProperty:.*?,rootData\}/g,
      (_all, path: string | undefined) => `,${path ?? 'instancePath'}`,
    );
  const unexpected = /schemaPath|parentData|rootData|\berr\d/.exec(result);
  if (unexpected)
    throw new Error(
      `validator: ajv's code is not what was expected at ${
        result.slice(unexpected.index - 80, unexpected.index + 120)
      }`,
    );
  return failed + result;
}

/** Without the schemas that ajv puts beside its functions but that nothing uses. */
async function shaken(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['main'],
    minifySyntax: true,
    charset: 'utf8',
  });
  return outputFiles[0]!.text.replace('// <stdin>\n', '');
}

/** Text of src/generated/validate-NAME.ts: functions that check a parsed document against its schema. */
export async function jsonValidator(name: DocumentName): Promise<string> {
  const code = await shaken(condensed(standaloneCode(name)));
  const body = code.replace(/^var (validate[A-Z]\w*) = /gm, 'export const $1: Validate = ').replace(
    /export \{[^}]*\};\n$/,
    '',
  );
  return `// ${notice}
// @ts-nocheck: code made by ajv from schema/${name}.schema.json
import type { Validate } from './validate.ts';

${body}`;
}

/** Text of src/generated/validate.ts: what all validators have in common. */
export function validatorTypes(): string {
  return `// ${notice}

/** A value that is not what its schema says. */
export interface SchemaError {
  /** JSON pointer of the value. */
  readonly instancePath: string;
  /** The keyword that the value breaks: \`type\`, \`required\`, \`enum\`, \`x-int\` ... */
  readonly keyword: string;
  /** What the keyword asks for, as in { missingProperty } or { allowedValues }. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** Checks a value; \`errors\` holds everything that the last call found, or null. */
export interface Validate {
  (value: unknown): boolean;
  readonly errors: readonly SchemaError[] | null;
}
`;
}
