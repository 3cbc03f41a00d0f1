import type { Actor, Enumeration, FlagSet, Model, Operation, Struct, WireType } from './model.ts';
import { notice, snake, wrap } from '../names.ts';

const scalars: Record<string, string> = {
  u8: 'uint8_t',
  u32: 'uint32_t',
  i32: 'int32_t',
  u64: 'uint64_t',
  i64: 'int64_t',
  bool: 'bool',
  str: 'Str',
  bytes: 'Bytes',
  slot: 'Slot',
  template: 'Template',
  op: 'OpRecord',
  flags: 'uint32_t',
};

function cppType(type: WireType): string {
  switch (type.kind) {
    case 'enum':
    case 'struct':
      return type.name;
    case 'list':
      return `List<${cppType(type.of)}>`;
    case 'optional':
      return `Optional<${cppType(type.of)}>`;
    default:
      return scalars[type.kind]!;
  }
}

/** A value for members that would otherwise start undefined. */
function initializer(type: WireType): string {
  if (type.kind === 'bool') return ' = false';
  if (type.kind === 'enum') return '{}';
  return ['u8', 'u32', 'i32', 'u64', 'i64', 'flags'].includes(type.kind) ? ' = 0' : '';
}

function comment(text: string, indent: string): string {
  return wrap(text, `${indent}// `, 100);
}

function declareEnum({ name, description, values }: Enumeration): string {
  const members = wrap(values.map((value) => `${snake(value)},`).join(' '), '  ', 100);
  return `${comment(description, '')}
enum class ${name} : uint8_t {
${members}
};
constexpr uint8_t ${snake(name)}_count = ${values.length};
bool read(Reader &reader, ${name} &value);
`;
}

function declareFlags({ name, description, bits }: FlagSet): string {
  const members = Object.entries(bits).map(([flag, bit]) =>
    `  static constexpr uint32_t ${snake(flag)} = 0x${bit.toString(16)};\n`
  );
  return `${comment(description, '')}
struct ${name}Flag {
${members.join('')}};
`;
}

function declareStruct({ name, description, fields }: Struct): string {
  const members = fields.map((field) =>
    `${comment(field.description, '  ')}\n  ${cppType(field.type)} ${snake(field.name)}${initializer(field.type)};\n`
  );
  return `${comment(description, '')}
struct ${name} {
${members.join('')}};
bool read(Reader &reader, ${name} &value);
`;
}

function declareSteps({ op, steps }: Operation): string {
  if (steps.length === 0) return '';
  const members = steps.map((step, index) => `${snake(step)} = ${index}`);
  return `namespace ${snake(op)} {
constexpr int ${members.join(', ')};
}
`;
}

function dispatcher(actor: Actor, operations: readonly Operation[]): string {
  const cases = operations.filter((operation) => operation.actors.includes(actor)).map((operation) =>
    operation.op === 'alt'
      ? `  case code::alt:
    return run_alternative<Alt>(record, [&](const OpRecord &inner) { return run_${actor}(inner, handler); });
`
      : `  case code::${snake(operation.op)}:
    return run_operation<${operation.name}>(record, handler);
`
  );
  return `// Runs an operation of a program of the ${actor}: calls handler.on(const T &) -> Outcome with the operation read.
template <class Handler> Outcome run_${actor}(const OpRecord &record, Handler &handler) {
  switch (record.code) {
${cases.join('')}  }
  return malformed();
}
`;
}

/** Text of native/generated/plan.gen.h. */
export function planHeader(model: Model): string {
  const { enums, flags, structs, operations } = model;
  return `// ${notice}
// Operations of a plan, from schema/plan.
#pragma once
#include "wire/reader.h"

namespace veloci {

// Changes with every change of schema/plan; part of a plan's header.
constexpr uint8_t plan_schema_hash[16] = {
${wrap([...model.hash].map((byte) => `0x${byte.toString(16).padStart(2, '0')},`).join(' '), '    ', 100)}
};
constexpr char plan_schema_hash_text[] = "${Buffer.from(model.hash).toString('hex')}";

${enums.map(declareEnum).join('\n')}
${flags.map(declareFlags).join('\n')}
${structs.map(declareStruct).join('\n')}
${operations.map(declareStruct).join('\n')}
// Codes of the operations.
namespace code {
${operations.map((operation) => `constexpr uint16_t ${snake(operation.op)} = ${operation.code};\n`).join('')}}

// Steps of the operations, for Outcome::step.
namespace step {
${operations.map(declareSteps).join('')}}

// Which process runs a program.
enum class Actor : uint8_t { host, stager, init };
Actor program_actor(ProgramName name);

// Names for messages and debug output; "?" for a number that has none.
const char *program_name(ProgramName name);
const char *operation_name(uint16_t code);
const char *step_name(uint16_t code, int step);

// Checks an operation and those inside of it: the fields and that this program may have it.
using VerifyOperation = bool(const OpRecord &record, ProgramName program, unsigned depth, const char **what);
VerifyOperation verify_operation;
// The same for the programs of stager and init alone: that of init need not know how the others are read.
VerifyOperation verify_inner_operation;

} // namespace veloci

#include "wire/dispatch.h"

namespace veloci {

${(['host', 'stager', 'init'] as const).map((actor) => dispatcher(actor, operations)).join('\n')}
} // namespace veloci
`;
}

function defineRead(struct: Struct): string {
  if (struct.fields.length === 0) return `bool read(Reader &, ${struct.name} &) { return true; }\n`;
  const reads = struct.fields.map((field) => `read(reader, value.${snake(field.name)})`);
  return `bool read(Reader &reader, ${struct.name} &value) {
  return ${reads.join(' &&\n         ')};
}
`;
}

function defineEnumRead({ name }: Enumeration): string {
  return `bool read(Reader &reader, ${name} &value) {
  uint8_t index = 0;
  if (!read_index(reader, index, ${snake(name)}_count)) return false;
  value = static_cast<${name}>(index);
  return true;
}
`;
}

/** For each code up to the last one the bits of its programs by their places among all names; 0 where there is no operation. */
function programsByCode(operations: readonly Operation[], names: readonly string[]): number[] {
  const table = Array.from({ length: Math.max(...operations.map(({ code }) => code)) + 1 }, () => 0);
  for (const { code, programs } of operations)
    table[code] = programs.reduce((bits, name) => bits | (1 << names.indexOf(name)), 0);
  return table;
}

/** A check of operations; `alt` checks those inside of it by the same one. */
function defineVerify(name: string, operations: readonly Operation[]): string {
  return `bool ${name}(const OpRecord &record, ProgramName program, unsigned depth, const char **what) {
  if (!is_allowed(record.code, program, what)) return false;
  switch (record.code) {
${operations.map((operation) => verifyCase(name, operation)).join('')}  }
  return false;
}
`;
}

function verifyCase(name: string, operation: Operation): string {
  const call = operation.op === 'alt'
    ? `whole_alt(record, program, depth, what, ${name})`
    : `whole<${operation.name}>(record, what)`;
  return `  case code::${snake(operation.op)}:
    return ${call};
`;
}

function table(name: string, values: readonly string[]): string {
  return `constexpr const char *${name}[] = {
${wrap(values.map((value) => `"${value}",`).join(' '), '    ', 100)}
};
`;
}

/** What veloci-unpack alone is told: readers that are in no other program. */
function isAboutImages({ name }: Struct): boolean {
  return name.startsWith('Image');
}

/** Text of native/generated/image.gen.cc. */
export function imageSource({ structs }: Model): string {
  return `// ${notice}
#include "generated/plan.gen.h"

namespace veloci {

${structs.filter(isAboutImages).map(defineRead).join('\n')}
} // namespace veloci
`;
}

/** Text of native/generated/plan.gen.cc. */
export function planSource(model: Model): string {
  const { enums, structs, operations, programs } = model;
  const withSteps = operations.filter((operation) => operation.steps.length > 0);
  const names = enums.find(({ name }) => name === 'ProgramName')!.values;
  return `// ${notice}
#include "generated/plan.gen.h"

namespace veloci {

${enums.map(defineEnumRead).join('\n')}
bool read(Reader &reader, TemplatePart &part) { return read_part(reader, part, hole_count); }

${structs.filter((struct) => !isAboutImages(struct)).map(defineRead).join('\n')}
${operations.map(defineRead).join('\n')}
namespace {

// By code: the programs that may have an operation, bits by ProgramName; 0 = there is no such operation.
constexpr uint16_t programs_of[] = {
${wrap(programsByCode(operations, names).map((bits) => `0x${bits.toString(16)},`).join(' '), '    ', 100)}
};

bool is_allowed(uint16_t code, ProgramName program, const char **what) {
  uint32_t programs = code < sizeof programs_of / sizeof *programs_of ? programs_of[code] : 0;
  if ((programs >> static_cast<uint8_t>(program) & 1) != 0) return true;
  *what = programs == 0 ? "an operation has an unknown code" : "an operation is in a program that must not have it";
  return false;
}

// Reads the fields of an operation; they must fill its body.
template <class T> bool whole(const OpRecord &record, const char **what, T &&value = T()) {
  Reader reader(record.body);
  if (!read(reader, value)) {
    *what = reader.what();
    return false;
  }
  if (reader.at_end()) return true;
  *what = "bytes follow the last field of an operation";
  return false;
}

bool whole_alt(const OpRecord &record, ProgramName program, unsigned depth, const char **what,
               VerifyOperation &verify) {
  Alt alt;
  if (depth == max_alt_depth) {
    *what = "alternatives are nested too deeply";
    return false;
  }
  return whole<Alt &>(record, what, alt) && verify(alt.try_, program, depth + 1, what) &&
         (!alt.else_ || verify(alt.else_.value, program, depth + 1, what));
}

${table('program_names', names)}
${withSteps.map((operation) => table(`steps_of_${snake(operation.op)}`, operation.steps)).join('\n')}
const char *nth(const char *const *names, int count, int index) {
  return index >= 0 && index < count ? names[index] : "?";
}

} // namespace

${defineVerify('verify_operation', operations)}
${defineVerify('verify_inner_operation', operations.filter(({ actors }) => actors.some((actor) => actor !== 'host')))}
Actor program_actor(ProgramName name) {
  constexpr Actor actors[] = {
${wrap(names.map((name) => `Actor::${programs[name]!},`).join(' '), '      ', 100)}
  };
  return actors[static_cast<uint8_t>(name)];
}

const char *program_name(ProgramName name) {
  return nth(program_names, program_name_count, static_cast<uint8_t>(name));
}

const char *operation_name(uint16_t code) {
  switch (code) {
${operations.map((operation) => `  case code::${snake(operation.op)}: return "${operation.op}";\n`).join('')}  }
  return "?";
}

const char *step_name(uint16_t code, int step) {
  switch (code) {
${
    withSteps.map((operation) =>
      `  case code::${snake(operation.op)}: return nth(steps_of_${
        snake(operation.op)
      }, ${operation.steps.length}, step);\n`
    ).join('')
  }  }
  return "?";
}

} // namespace veloci
`;
}
