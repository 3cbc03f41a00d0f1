import type { Entries } from '../types.ts';

/** E03xx: the schema of the configuration. */
export const schema = {
  wrongType: { code: 'E0301', message: '{name} must be {expected}, not {found}', hint: '{remedy}' },
  missing: { code: 'E0302', message: 'required property "{name}" is missing', hint: '{remedy}' },
  notInList: {
    code: 'E0303',
    message: 'unknown {name} "{value}"',
    hint: 'the nearest known name is "{suggestion}"',
    otherwise: 'it must be one of {list}',
  },
  outOfRange: { code: 'E0304', message: '{name} is {value}, which is out of its range', hint: 'it must be {limits}' },
  notInteger: { code: 'E0305', message: '{name} must be an integer, not {found}',
    hint: 'write it without a fraction or an exponent' },
  tooFew: { code: 'E0306', message: '{name} must not be empty', hint: '{remedy}' },
  wrongForm: { code: 'E0307', message: '{name} "{value}" has the wrong form', hint: 'it must be {expected}' },
  moreFindings: {
    code: 'E0309',
    warning: true,
    message: 'only the first {count} errors and warnings are shown',
    hint: 'correct these first',
  },
} as const satisfies Entries;
