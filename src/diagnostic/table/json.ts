import type { Entries } from '../types.ts';

/** E02xx: reading configuration files, JSON syntax. */
export const json = {
  fileOpen: {
    code: 'E0201',
    native: true,
    message: 'cannot open "{path}" ({errno})',
    hint: 'a bundle is a folder with a config.json; "veloci spec" writes one',
  },
  fileNotRegular: { code: 'E0202', native: true, message: '"{path}" is not a regular file',
    hint: 'give a file, not a directory, FIFO or device' },
  fileTooBig: {
    code: 'E0203',
    native: true,
    message: '"{path}" has more than the {limit} bytes that are allowed',
    hint: 'is it the right file?',
  },
  fileRead: { code: 'E0204', native: true, message: 'cannot read "{path}" ({errno})', hint: 'does "cat" of it work?' },
  notUtf8: { code: 'E0210', message: 'invalid UTF-8 at byte {offset}',
    hint: 'it is a file in {encoding}: save it as UTF-8', otherwise: 'save the file as UTF-8' },
  jsonEmpty: { code: 'E0211', message: 'the file has no JSON value', hint: '"veloci spec" writes an example' },
  jsonSyntax: { code: 'E0212', message: 'invalid JSON: expected {expected}, found {found}', hint: '{remedy}' },
  jsonTrailing: { code: 'E0213', message: 'text after the end of the JSON value: {found}',
    hint: 'remove it; is there a "}" too many?' },
  jsonDepth: {
    code: 'E0214',
    message: 'JSON is nested more than {limit} deep',
    hint: 'is it the right file? configurations are less than 10 levels deep',
  },
  jsonMembers: { code: 'E0223', message: 'JSON has {count} object members, more than the {limit} that are allowed',
    hint: 'is it the right file?' },
  jsonDuplicate: { code: 'E0215', message: 'duplicate key "{key}"',
    hint: 'an object may have each key only once; remove one' },
  jsonNul: { code: 'E0216', message: 'the text has a NUL character (U+0000)',
    hint: 'no string of a configuration may contain it' },
  jsonSurrogate: {
    code: 'E0217',
    message: 'the escape {found} is half of a surrogate pair',
    hint: 'write the character itself, or both halves',
  },
  jsonEscape: { code: 'E0218', message: 'invalid escape {found}', hint: 'write \\\\ for a backslash' },
  jsonControl: { code: 'E0219', message: 'control character {found} in a string',
    hint: 'write it as an escape such as \\n or \\t' },
  jsonUnterminated: { code: 'E0220', message: 'the string that begins here has no end', hint: 'add the closing quote' },
  jsonNumber: { code: 'E0221', message: 'invalid number {found}', hint: '{remedy}' },
  jsonEnd: { code: 'E0222', message: 'the file ends inside of {inside}', hint: 'is it complete?' },
} as const satisfies Entries;
