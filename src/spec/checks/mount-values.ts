import { parametersOf } from '../mount-options.ts';
import type { Findings } from './findings.ts';

/** Forms of a parameter's value that the kernel takes, in words and as a pattern. */
interface Form {
  readonly pattern: RegExp;
  readonly expected: string;
}

const id: Form = { pattern: /^\d{1,10}$/, expected: 'a number: names are not looked up' };
const mode: Form = { pattern: /^0?[0-7]{1,4}$/, expected: 'octal digits such as 0755' };
const count: Form = { pattern: /^\d{1,20}[kmgtpe]?$/i, expected: 'a number, if need be with the unit k, m or g' };

/** Parameters of the file systems that every container has. */
const forms: Readonly<Record<string, Readonly<Record<string, Form>>>> = {
  tmpfs: {
    uid: id,
    gid: id,
    mode,
    nr_inodes: count,
    nr_blocks: count,
    size: { pattern: /^(\d{1,20}[kmgtpe]?|\d{1,3}%)$/i,
      expected: 'a number of bytes, if need be with the unit k, m or g, or a percentage such as 50%' },
  },
  devpts: { uid: id, gid: id, mode, ptmxmode: mode, max: count },
  proc: { gid: id,
    hidepid: { pattern: /^([0124]|off|noaccess|invisible|ptraceable)$/,
      expected: 'off, noaccess, invisible, ptraceable, or 0, 1, 2, 4' } },
};

/** The values of options that the kernel would refuse, or that a fall-back would drop. */
export function checkMountValues(options: readonly string[], type: string, pointer: string, findings: Findings): void {
  const known = Object.hasOwn(forms, type) ? forms[type] : undefined;
  if (known === undefined) return;
  for (let index = 0; index < options.length; index++) {
    for (const option of parametersOf(options[index]!)) {
      const equals = option.indexOf('=');
      if (equals < 0) continue;
      const name = option.slice(0, equals);
      const form = Object.hasOwn(known, name) ? known[name]! : undefined;
      if (form === undefined || form.pattern.test(option.slice(equals + 1))) continue;
      findings.add('mountOptionValue', `${pointer}/options/${index}`, { value: option, expected: form.expected });
    }
  }
}
