import type { Model, Struct } from './model.ts';
import { notice, snake } from '../names.ts';

function eachField({ name, fields }: Struct): string {
  if (fields.length === 0) return `template <class Visit> void each_field(const ${name} &, Visit &&) {}\n`;
  return `template <class Visit> void each_field(const ${name} &value, Visit &&visit) {
${fields.map((field) => `  visit("${field.name}", value.${snake(field.name)});\n`).join('')}}
`;
}

/** Text of native/generated/plan_fields.gen.h: the fields of every struct, for code that treats all structs alike. */
export function planFields(model: Model): string {
  return `// ${notice}
// Fields of the operations and structs by name, for debug output and tests.
#pragma once
#include "generated/plan.gen.h"

namespace veloci {

// Calls visit(name, value) for each field in the order of the wire form.
${[...model.structs, ...model.operations].map(eachField).join('\n')}
// Calls visit(const T &) with the operation read; false when the code is unknown or the bytes are malformed.
template <class Visit> bool visit_operation(const OpRecord &record, Visit &&visit) {
  Reader reader(record.body);
  auto visit_as = [&](auto value) {
    if (!read(reader, value)) return false;
    visit(static_cast<const decltype(value) &>(value));
    return true;
  };
  switch (record.code) {
${
    model.operations.map((operation) => `  case code::${snake(operation.op)}: return visit_as(${operation.name}());\n`)
      .join('')
  }  }
  return false;
}

} // namespace veloci
`;
}
