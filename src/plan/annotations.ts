// Annotations that change what a plan does: names that podman, buildah and others already use.
import { diagnose, placeAt } from '../diagnostic/diagnose.ts';
import type { Spec } from '../generated/config.ts';
import { PlanError } from './context.ts';
import { pointerPart } from '../spec/parse/position.ts';

/** The annotations, with what they are for. `features` lists them. */
export const annotationNames = {
  keepGroups: 'run.oci.keep_original_groups',
  mountContextType: 'run.oci.mount_context_type',
  hookStdout: 'run.oci.hooks.stdout',
  hookStderr: 'run.oci.hooks.stderr',
  seccompFailUnknown: 'run.oci.seccomp_fail_unknown_syscall',
  seccompProgram: 'run.oci.seccomp_bpf_data',
  pidfdReceiver: 'run.oci.pidfd_receiver',
  delegateCgroup: 'run.oci.delegate-cgroup',
  landlock: 'org.veloci.landlock',
  init: 'org.veloci.init',
  layerSize: 'org.veloci.layer.size',
  layerInodes: 'org.veloci.layer.inodes',
  layerLower: 'org.veloci.layer.lower',
  layerFolders: 'org.veloci.layer.folders',
} as const;

export type AnnotationName = keyof typeof annotationNames;

/** JSON pointer of an annotation. */
export function annotationPointer(name: AnnotationName): string {
  return `/annotations/${pointerPart(annotationNames[name])}`;
}

/** Its text; undefined when it is absent or empty. */
export function annotation(spec: Spec, name: AnnotationName): string | undefined {
  const text = spec.annotations?.[annotationNames[name]];
  return text === undefined || text === '' ? undefined : text;
}

/** A switch: absent and `0` are off, `1` is on. @throws PlanError for other texts */
export function isAnnotated(spec: Spec, name: AnnotationName): boolean {
  switch (annotation(spec, name)) {
    case undefined:
    case '0':
    case 'false':
      return false;
    case '1':
    case 'true':
      return true;
    default:
      throw invalid(spec, name, '"0" or "1"');
  }
}

/** One of some texts. @throws PlanError for others */
export function annotatedChoice<T extends string>(
  spec: Spec,
  name: AnnotationName,
  choices: readonly T[],
): T | undefined {
  const text = annotation(spec, name);
  if (text === undefined || choices.includes(text as T)) return text as T | undefined;
  throw invalid(spec, name, choices.join(', '));
}

/** An absolute path. @throws PlanError for others */
export function annotatedPath(spec: Spec, name: AnnotationName): string | undefined {
  const text = annotation(spec, name);
  if (text === undefined || (text.startsWith('/') && !text.includes('\0'))) return text;
  throw invalid(spec, name, 'an absolute path');
}

/** A whole number above zero. @throws PlanError for others */
export function annotatedCount(spec: Spec, name: AnnotationName): string | undefined {
  const text = annotation(spec, name);
  if (text === undefined || /^[1-9]\d{0,17}$/.test(text)) return text;
  throw invalid(spec, name, 'a whole number above zero');
}

/** Absolute paths, separated by colons; a colon in a path has a backslash in front, as in overlayfs. @throws PlanError for others */
export function annotatedPaths(spec: Spec, name: AnnotationName): readonly string[] {
  const text = annotation(spec, name);
  if (text === undefined) return [];
  const paths = [...text.matchAll(/(?:[^:\\]|\\[^])+/g)].map(([path]) => path.replaceAll(/\\([^])/g, '$1'));
  if (paths.length > 0 && paths.every((path) => path.startsWith('/') && !path.includes('\0'))) return paths;
  throw invalid(spec, name, 'absolute paths, separated by colons');
}

export function invalid(spec: Spec, name: AnnotationName, expected: string): PlanError {
  const value = annotation(spec, name) ?? '';
  return new PlanError(
    diagnose('annotationValue', { name: annotationNames[name], value, expected }, placeAt(annotationPointer(name))),
  );
}
