// What a container could do to its host: all findings of a configuration, without looking at anything but it.
import { pointerPart } from '../spec/parse/position.ts';
import type { Spec } from '../spec/types.ts';
import { checks } from './checks/index.ts';
import { Report } from './report.ts';
import { acceptance, risks, type Finding } from './types.ts';
import { viewOf, type Surroundings, type View } from './view.ts';

export interface Audit {
  readonly view: View;
  /** The worst first; then in the order of the checks. */
  readonly findings: readonly Finding[];
}

/** @param more findings of what was seen on the host */
export function audit(
  spec: Spec,
  surroundings: Surroundings = {},
  more: (view: View, report: Report) => void = () => {},
): Audit {
  const view = viewOf(spec, surroundings);
  const report = new Report(view.confined);
  for (const check of checks) check(view, report);
  more(view, report);
  const findings = report.found.map((finding) => accepted(spec, finding));
  return { view, findings: findings.sort((a, b) => risks.indexOf(a.risk) - risks.indexOf(b.risk)) };
}

/** A reason must be one: an empty one accepts nothing. */
function accepted({ annotations }: Spec, finding: Finding): Finding {
  const reason = annotations?.[acceptance + finding.rule] ?? '';
  return reason.trim() === '' ? finding : { ...finding, accepted: reason };
}

/** Annotations that accept a rule that does not exist, by their pointers. */
export function unknownAcceptances({ annotations }: Spec, isRule: (name: string) => boolean): readonly string[] {
  return Object.keys(annotations ?? {})
    .filter((name) => name.startsWith(acceptance) && !isRule(name.slice(acceptance.length)))
    .map((name) => `/annotations/${pointerPart(name)}`);
}
