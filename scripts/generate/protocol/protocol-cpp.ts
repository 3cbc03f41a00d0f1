import { notice, snake, wrap } from '../names.ts';
import type { Definition, Engines, Member, MessageType } from './protocol-model.ts';

type Named = ReadonlyMap<string, Definition>;

function comment(text: string, indent: string): string {
  return wrap(text, `${indent}// `, 120);
}

/** A type without the names that stand for other types. */
function resolved(type: MessageType, named: Named): MessageType {
  const definition = type.kind === 'named' ? named.get(type.name) : undefined;
  return definition?.kind === 'alias' ? resolved(definition.type, named) : type;
}

interface Scalar {
  readonly type: string;
  readonly write: (value: string) => string;
}

/** How a value is taken and written that is no object and no list. */
function scalarOf(type: MessageType, named: Named): Scalar | undefined {
  switch (type.kind) {
    case 'string':
      return { type: 'Str', write: (value) => `string(${value})` };
    case 'integer':
      return { type: 'int64_t', write: (value) => `integer(${value})` };
    case 'boolean':
      return { type: 'bool', write: (value) => `boolean(${value})` };
    case 'named':
      return named.get(type.name)?.kind === 'enum'
        ? { type: type.name, write: (value) => `string(Str::of(name_of(${value})))` }
        : undefined;
    default:
      return undefined;
  }
}

/** The class that writes the elements of a list, and those of a map by name. */
function writerOf(type: MessageType, named: Named, place: string): string {
  const plain = resolved(type, named);
  switch (plain.kind) {
    case 'named':
      return `${plain.name}Writer`;
    case 'map':
      return type.kind === 'named' ? `${type.name}Writer` : 'NumberMapWriter';
    case 'list': {
      const of = resolved(plain.of, named);
      if (of.kind === 'string') return 'StringListWriter';
      if (of.kind === 'tuple') return 'PairListWriter';
      if (of.kind === 'named') return `ListWriter<${of.name}Writer>`;
    }
  }
  throw new Error(`schema/protocol: ${place}: there is no writer for it`);
}

function method(owner: string, member: Member, named: Named): string {
  const name = snake(member.name);
  const key = `json_.key("${member.name}")`;
  const head = `${comment(member.description, '  ')}\n`;
  const type = resolved(member.type, named);
  if (type.kind === 'nullable') {
    const writer = writerOf(type.of, named, `${owner}.${member.name}`);
    return `${head}  ${writer} ${name}() { return ${writer}(${key}); }\n  void ${name}_null() { ${key}.null(); }\n`;
  }
  if (type.kind === 'tuple') {
    const [first, second] = type.names;
    return `${head}  void ${name}(int64_t ${first}, int64_t ${second}) {
    PairListWriter::pair(${key}, ${first}, ${second});
  }
`;
  }
  const scalar = scalarOf(type, named);
  if (scalar !== undefined) {
    return `${head}  ${owner}Writer &${name}(${scalar.type} value) {
    ${key}.${scalar.write('value')};
    return *this;
  }
`;
  }
  const writer = writerOf(member.type, named, `${owner}.${member.name}`);
  return `${head}  ${writer} ${name}() { return ${writer}(${key}); }\n`;
}

function object({ name, description, members }: Extract<Definition, { kind: 'object' }>, named: Named): string {
  return `${comment(description, '')}
class ${name}Writer : public ObjectWriter {
public:
  using ObjectWriter::ObjectWriter;

${members.map((member) => method(name, member, named)).join('')}};
`;
}

function enumeration({ name, description, values, engines }: Extract<Definition, { kind: 'enum' }>): string {
  const engine = engines === undefined ? '' : engineOf(name, engines);
  return `${comment(description, '')}
enum class ${name} : uint8_t {
${wrap(values.map((value) => `${snake(value)},`).join(' '), '  ', 120)}
};
constexpr const char *${snake(name)}_names[] = {
${wrap(values.map((value) => `"${value}",`).join(' '), '    ', 120)}
};
constexpr const char *name_of(${name} value) { return ${snake(name)}_names[static_cast<uint8_t>(value)]; }
${engine}`;
}

/** Values stand in the order of the engines: the first of each one is enough. */
function engineOf(name: string, engines: Engines): string {
  const names = Object.keys(engines);
  const later = names.slice(1).map((engine) => ({ engine, first: snake(engines[engine]![0]!) }));
  const choice = later.reduce(
    (rest, { engine, first }) => `value >= ${name}::${first} ? EngineName::${engine} : ${rest}`,
    `EngineName::${names[0]}`,
  );
  return `
// The engines.
enum class EngineName : uint8_t { ${names.join(', ')} };
constexpr EngineName engine_of(${name} value) {
  return ${choice};
}
`;
}

/** An object of which each member may come alone, in the order of its schema. */
type Parts = Extract<Definition, { kind: 'object' }>;

function partsOf({ name, members, description }: Parts): string {
  return `${comment(`The members of ${name}. ${description}`, '')}
enum class ${name}Part : uint8_t {
${wrap(members.map((member) => `${snake(member.name)},`).join(' '), '  ', 120)}
};
constexpr uint8_t ${snake(name)}_part_count = ${members.length};
`;
}

/** A part comes as a text: decimal digits, or for a value of a set one byte, its place from 1. */
function writePart({ name, members }: Parts, named: Named): string {
  const cases = members.map((member) => {
    const type = resolved(member.type, named);
    const value = type.kind === 'boolean' ? 'true' : type.kind === 'integer' ? 'decimal_of(text)' : 'text';
    const call = (argument: string): string => `out.${snake(member.name)}(${argument}); break;`;
    if (type.kind !== 'named') return `  case ${name}Part::${snake(member.name)}: ${call(value)}\n`;
    const place = 'static_cast<uint8_t>(text.data[0]) - 1u';
    return `  case ${name}Part::${snake(member.name)}:
    if (${place} < sizeof ${snake(type.name)}_names / sizeof(char *)) out.${
      snake(member.name)
    }(${type.name}{static_cast<uint8_t>(${place})});
    break;
`;
  });
  return `// Writes a part of ${name} that came as a text: decimal digits for a number, for a value of a set its place from 1 as a byte.
inline void write_part(${name}Writer &out, ${name}Part part, Str text) {
  switch (part) {
${cases.join('')}  }
}
`;
}

/** A map whose values are of several types. */
function map(name: string, description: string, of: MessageType, named: Named): string {
  const types = of.kind === 'union' ? of.of : [of];
  const methods = types.map((type) => {
    const scalar = scalarOf(type, named);
    if (scalar !== undefined)
      return `  void ${type.kind}(const char *name, ${scalar.type} value) { json_.key(name).${
        scalar.write('value')
      }; }\n`;
    const writer = writerOf(type, named, name);
    return `  ${writer} ${type.kind}(const char *name) { return ${writer}(json_.key(name)); }\n`;
  });
  return `${comment(description, '')}
class ${name}Writer : public ObjectWriter {
public:
  using ObjectWriter::ObjectWriter;

${methods.join('')}};
`;
}

function define(definition: Definition, named: Named): string {
  switch (definition.kind) {
    case 'object':
      return definition.parts
        ? `${object(definition, named)}\n${writePart(definition, named)}`
        : object(definition, named);
    case 'enum':
      return '';
    case 'alias': {
      const { type } = definition;
      return type.kind === 'map' ? map(definition.name, definition.description, resolved(type.of, named), named) : '';
    }
  }
}

/** Text of native/generated/protocol.gen.h: what writes the messages to the engine. */
export function protocolHeader(definitions: readonly Definition[]): string {
  const named = new Map(definitions.map((definition) => [definition.name, definition]));
  const parts = definitions.map((definition) => define(definition, named)).filter((part) => part !== '');
  return `// ${notice}
// Messages to the engine, from schema/protocol: each object is written by a class with a function for each member. A
// writer opens its object when it is made and closes it when it goes.
#pragma once
#include "generated/protocol_values.gen.h"
#include "json/json_parts.h"

namespace veloci {

${parts.join('\n')}
} // namespace veloci
`;
}

/** Text of native/generated/protocol_values.gen.h: the sets of values, for those who write no JSON, too. */
export function protocolValues(definitions: readonly Definition[]): string {
  const parts = definitions.flatMap((definition) => {
    if (definition.kind === 'enum') return [enumeration(definition)];
    return definition.kind === 'object' && definition.parts ? [partsOf(definition)] : [];
  });
  return `// ${notice}
// Values in messages to the engine, from schema/protocol.
#pragma once
#include <stdint.h>

namespace veloci {

${parts.join('\n')}
} // namespace veloci
`;
}
