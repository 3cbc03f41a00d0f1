// Mounts in a file of their own (`mounts add`): an array, or an object with the member `mounts`, as config.json has it.
import type { Diagnostic } from '../diagnostic/types.ts';
import { isObject, type JsonValue } from './parse/value.ts';
import type { Mount, Spec } from './types.ts';

/** Where a configuration has its mounts. */
const mountsPointer = '/mounts';

/** What makes a configuration of a list of mounts, so that the same rules check them. */
const frame = { ociVersion: '1.0.0', root: { path: '/' }, process: { cwd: '/', args: ['-'] },
  linux: { namespaces: [{ type: 'mount' }] } };

/** The document. */
export type MountList = readonly Mount[] | { readonly mounts: readonly Mount[] };

/** The mounts of a valid document. */
export function mountsIn(list: MountList): readonly Mount[] {
  return 'mounts' in list ? list.mounts : list;
}

/**
 * A configuration that has the mounts of a document and nothing else of importance.
 *
 * @returns undefined when the document is an object without them
 */
export function framed(document: JsonValue): JsonValue | undefined {
  const mounts = isObject(document) ? document['mounts'] : document;
  return mounts === undefined ? undefined : { ...frame, mounts };
}

/** The same of a valid document. */
export function specOf(list: MountList): Spec {
  return { ...frame, mounts: [...mountsIn(list)] } as Spec;
}

/** A finding in such a configuration as one in the document. */
export function inDocument(document: MountList | JsonValue, diagnostic: Diagnostic): Diagnostic {
  if (diagnostic.at === undefined || !Array.isArray(document) || !diagnostic.at.pointer.startsWith(mountsPointer))
    return diagnostic;
  return { ...diagnostic, at: { ...diagnostic.at, pointer: diagnostic.at.pointer.slice(mountsPointer.length) } };
}
