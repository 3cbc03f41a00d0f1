// All annotations that change what a plan does: `features` lists them, and what looks like one but is none is warned of.
import { propertyPrefix } from '../cgroup/systemd-properties.ts';
import { diagnose, placeAt } from '../diagnostic/diagnose.ts';
import { pointerPart } from '../spec/parse/position.ts';
import { suggest } from '../spec/suggest.ts';
import { annotationNames } from './annotations.ts';
import { configAnnotation } from './concern/criu.ts';
import { subgroupKey } from './concern/cgroup/systemd.ts';
import type { Draft } from './draft.ts';

/** Keys that runtimes act on, those of podman and buildah among them; all others are for people. */
const prefix = 'run.oci.';

/** Their names; one that ends with a period stands for all that begin so. */
export function knownAnnotations(): string[] {
  return [...Object.values(annotationNames), configAnnotation, subgroupKey, propertyPrefix].sort();
}

/** Warns of annotations for a runtime that are misspelt, or for another one. */
export function warnOfAnnotations({ spec, context }: Draft): void {
  if (context.warn === undefined || !context.habits.warnsOfAnnotations) return;
  const known = knownAnnotations();
  const tails = known.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  for (const name of Object.keys(spec.annotations ?? {})) {
    if (!name.startsWith(prefix) || known.includes(name)) continue;
    const place = { ...placeAt(`/annotations/${pointerPart(name)}`), key: true } as const;
    const tail = suggest(name.slice(prefix.length), tails);
    context.warn(
      diagnose('annotationUnknown', { name, suggestion: tail === undefined ? undefined : `${prefix}${tail}` }, place),
    );
  }
}
