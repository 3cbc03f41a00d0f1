import { configTreeText, type Tree } from '../../generated/config-tree.ts';
import { pointerPart } from '../parse/position.ts';
import type { Process, Resources, Spec } from '../types.ts';
import type { Findings } from './findings.ts';

/** Properties that no schema names must not fail (config.md, Extensibility): they are warned of. */
export function checkUnknown(spec: Spec, findings: Findings): void {
  if (findings.warnings) walk(spec, tree(), '', findings);
}

/** The same for a process alone. */
export function checkUnknownInProcess(process: Process, pointer: string, findings: Findings): void {
  if (findings.warnings) walk(process, tree().p?.['process'] as Tree, pointer, findings);
}

/** The same for resources alone. */
export function checkUnknownInResources(resources: Resources, findings: Findings): void {
  if (findings.warnings) walk(resources, tree().p!['linux']!.p!['resources']!, '', findings);
}

/** Names the schema of the file, for editors (docs/guide/editor.md). */
const forEditors = '/$schema';

let parsed: Tree | undefined;

function tree(): Tree {
  return parsed ??= JSON.parse(configTreeText) as Tree;
}

function walk(value: unknown, known: Tree, pointer: string, findings: Findings): void {
  if (typeof value !== 'object' || value === null) return;
  const { p: properties, i: items, m: members } = known;
  for (const [key, member] of Object.entries(value)) {
    const memberPointer = `${pointer}/${pointerPart(key)}`;
    const below = Array.isArray(value)
      ? items
      : members ?? (properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined);
    if (below?.x !== undefined) findings.addKey('otherPlatform', memberPointer, { name: key });
    else if (below !== undefined) walk(member, below, memberPointer, findings);
    else if (properties !== undefined && !Array.isArray(value) && memberPointer !== forEditors) {
      const names = Object.keys(properties);
      const suggestion = findings.suggest(key, names.filter((name) => !Object.hasOwn(value, name)));
      const set = suggestion === undefined ? findings.suggest(key, names) : undefined;
      findings.addKey('unknownKey', memberPointer, { name: key, suggestion,
        beside: set === undefined ? '' : `: "${set}" is there, too` });
    }
  }
}
