// The class of a property: whether a change of it is applied to a container that runs.
import { applyClasses, type ApplyClass } from '../generated/apply-classes.ts';
import { pointerPath } from '../spec/parse/position.ts';

/** Classes by the parts of their paths. */
interface Node {
  own?: ApplyClass;
  readonly below: Map<string, Node>;
}

function treeOf(classes: Readonly<Record<string, ApplyClass>>): Node {
  const root: Node = { below: new Map() };
  for (const [path, own] of Object.entries(classes)) {
    let node = root;
    for (const part of pointerPath(path)) {
      let next = node.below.get(part);
      if (next === undefined) node.below.set(part, next = { below: new Map() });
      node = next;
    }
    node.own = own;
  }
  return root;
}

let tree: Node | undefined;

/** What a property has that the schema does not know: nothing reads it. */
const unknown: ApplyClass = { never: 'no such property is known' };

/** The class of the property at a JSON pointer: its own, or that of the next one above that has one. */
export function classOf(pointer: string): ApplyClass {
  let node: Node | undefined = tree ??= treeOf(applyClasses);
  let found = unknown;
  for (const part of pointerPath(pointer)) {
    node = node.below.get(part) ?? node.below.get('*');
    if (node === undefined) break;
    found = node.own ?? found;
  }
  return found;
}
