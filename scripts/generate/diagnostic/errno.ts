import { errnoTable } from '../../../src/diagnostic/errno.ts';
import { notice } from '../names.ts';

/** Text of native/generated/errno.gen.h: what an errno is in words. */
export function errnoHeader(): string {
  return `// ${notice}
// An errno in words and by its name, from src/diagnostic/errno.ts.
#pragma once
#include "base/io.h"

namespace veloci {

// nullptr when it is not known there.
inline const char *errno_text(int number) {
  switch (number) {
${
    Object.entries(errnoTable()).map(([number, [name, words]]) =>
      `  case ${number}: return ${JSON.stringify(`${words}, ${name}`)};\n`
    ).join('')
  }  default: return nullptr;
  }
}

// An errno as a part of a message, as in "not there, ENOENT".
class ErrnoText {
public:
  explicit ErrnoText(int err) {
    const char *text = errno_text(err);
    if (text != nullptr)
      text_.add(text);
    else
      text_.add("errno ").add_signed(err);
  }
  operator Str() const { return text_.str(); }
  const char *c_str() const { return text_.c_str(); }

private:
  TextOf<64> text_;
};

} // namespace veloci
`;
}
