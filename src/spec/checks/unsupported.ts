import { unsupportedInConfig, unsupportedInProcess, type Steps } from '../../generated/config-tree.ts';
import { pointerPart } from '../parse/position.ts';
import type { Process, Spec } from '../types.ts';
import type { Findings } from './findings.ts';

/** Properties that the schema marks with `x-supported: false` are refused unless they are empty. */
export function checkUnsupported(spec: Spec, findings: Findings): void {
  walk(spec, unsupportedInConfig, '', findings);
}

/** The same for a process alone. */
export function checkUnsupportedInProcess(process: Process, pointer: string, findings: Findings): void {
  walk(process, unsupportedInProcess, pointer, findings);
}

function walk(value: object, steps: Steps, pointer: string, findings: Findings): void {
  for (const step in steps) {
    const below = steps[step] as Steps | null;
    if (step === '*') {
      if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index++) visit(value[index], index, below, pointer, findings);
      } else for (const [key, member] of Object.entries(value)) visit(member, key, below, pointer, findings);
    } else {
      visit((value as Record<string, unknown>)[step], step, below, pointer, findings);
    }
  }
}

function visit(member: unknown, key: string | number, below: Steps | null, pointer: string, findings: Findings): void {
  if (member === undefined || member === null) return;
  const memberPointer = `${pointer}/${pointerPart(key)}`;
  if (below !== null) {
    if (typeof member === 'object') walk(member, below, memberPointer, findings);
  } else if (!isEmpty(member)) {
    findings.addKey('unsupported', memberPointer, { name: memberPointer.slice(1).replaceAll('/', '.') });
  }
}

/** What asks for nothing. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === '' || value === false || value === 0;
}
