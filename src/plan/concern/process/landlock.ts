// org.veloci.landlock: rules of Landlock for the program and its children (landlock(7)).
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import type { Spec } from '../../../generated/config.ts';
import type { LandlockRestrict } from '../../../generated/plan.ts';
import { directoryRights, type Landlock, landlockAbiOf, LandlockFault, type LandlockKind, landlockKnown, landlockNames,
  readLandlock } from '../../../spec/landlock.ts';
import { annotation, annotationPointer } from '../../annotations.ts';
import { PlanError } from '../../context.ts';
import type { Draft } from '../../draft.ts';

/** Words for an ABI that the kernel has, or not. */
function inWords(abi: number): string {
  return abi === 0 ? 'no Landlock' : `Landlock ABI ${abi}`;
}

/**
 * Restricts the program, as the last thing before the filter that comes last: hooks and what init does are not bound. It takes
 * no_new_privs or CAP_SYS_ADMIN.
 *
 * @throws PlanError for what cannot be read, what the kernel lacks and is required, and a process that may not do it
 */
export function restrictAccess(d: Draft): void {
  if (d.spec.annotations === undefined || d.process.args === undefined) return;
  const text = annotation(d.spec, 'landlock');
  if (text === undefined) return;
  const from = annotationPointer('landlock');
  const ruleset = read(text, from);
  const operation = operationOf(d, ruleset, from);
  if (operation === undefined) return;
  const { noNewPrivileges = false, capabilities } = d.process;
  if (!noNewPrivileges && capabilities?.effective?.includes('CAP_SYS_ADMIN') !== true)
    throw new PlanError(diagnose('landlockPrivileges', {}, placeAt(from)));
  d.init.push(operation);
}

/** @throws PlanError for a container with rules, which CRIU neither saves nor makes again */
export function refuseImages(spec: Spec): void {
  if (spec.annotations !== undefined && annotation(spec, 'landlock') !== undefined)
    throw new PlanError(diagnose('landlockImages', {}, placeAt(annotationPointer('landlock'))));
}

function read(text: string, from: string): Landlock {
  try {
    return readLandlock(text);
  } catch (error) {
    if (!(error instanceof LandlockFault)) throw error;
    throw new PlanError(diagnose('landlockFault', { what: error.what, hint: error.hint }, placeAt(from)));
  }
}

/** What the kernel gets: of a ruleset that is not required, what it knows. Nothing where it knows nothing of it. */
function operationOf(d: Draft, ruleset: Landlock, from: string): LandlockRestrict | undefined {
  const { landlock: abi = 0 } = d.context.facts;
  const known = (kind: LandlockKind): number => ruleset[kind] & landlockKnown(kind, abi);
  const kept = { fs: known('fs'), net: known('net'), scoped: known('scoped') };
  const lost = (['fs', 'net', 'scoped'] as const)
    .flatMap((kind) => landlockNames(kind, ruleset[kind] & ~kept[kind]));
  if (lost.length > 0) {
    const needed = landlockAbiOf(ruleset);
    const holes = { has: inWords(abi), names: lost.join(', '),
      needed: needed === undefined ? 'a newer one' : `ABI ${needed}` };
    if (ruleset.required) throw new PlanError(diagnose('landlockMissing', holes, placeAt(from)));
    d.context.warn?.(diagnose('landlockPartly', holes, placeAt(from)));
  }
  if (kept.fs === 0 && kept.net === 0 && kept.scoped === 0) return undefined;
  const within = <T extends { readonly rights: number }>(rules: readonly T[], handled: number): T[] =>
    rules.map((rule) => ({ ...rule, rights: rule.rights & handled })).filter(({ rights }) => rights !== 0);
  return {
    op: 'landlock.restrict',
    from,
    ...kept,
    // The oldest form of the structure that has all of it.
    size: kept.scoped === 0 ? (kept.net === 0 ? 8 : 16) : 24,
    fileRights: kept.fs & ~directoryRights,
    paths: within(ruleset.paths, kept.fs),
    ports: within(ruleset.ports, kept.net),
  };
}
