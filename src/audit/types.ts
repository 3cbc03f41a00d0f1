// What an audit finds: dangers for the host, not errors of the configuration.
import type { Place } from '../diagnostic/types.ts';

/** Annotations that accept a finding: this, and the id of the rule; the value is the reason. */
export const acceptance = 'org.veloci.audit.ignore.';

/** How bad a danger is, the worst first. */
export const risks = ['critical', 'high', 'medium', 'low', 'info'] as const;

/**
 * critical: the host is lost with one call; high: with little work; medium: a further fault (of the kernel, of a program) is
 * needed, or the host can be brought to a standstill; low: a layer of defence is missing; info: worth to know.
 */
export type Risk = (typeof risks)[number];

/** A line of the table of rules. */
export interface Rule {
  readonly risk: Risk;
  /** The risk in a user namespace that has no id 0 of the host: `none` = no finding; absent = the same. */
  readonly confined?: Risk | 'none';
  /** What is so, with holes: `{name}`. Lower case, no final period. */
  readonly message: string;
  /** What an attacker gets from it. */
  readonly why: string;
  /** The smallest change that ends it, with the same holes. */
  readonly remedy: string;
  /** CVEs, manual pages, sections of the specification. */
  readonly references: readonly string[];
}

/** Rules by their ids: words with dashes, as annotations and `explain` take them. */
export type Rules = Readonly<Record<string, Rule>>;

/** Fillings of the holes. */
export type Fillings = Readonly<Record<string, string | number>>;

/** A danger that was found. */
export interface Finding {
  /** Id of the rule. */
  readonly rule: string;
  readonly risk: Risk;
  readonly message: string;
  readonly why: string;
  readonly remedy: string;
  readonly references: readonly string[];
  readonly at: Place;
  /** The reason for which an annotation accepts it. */
  readonly accepted?: string;
  /** The container has it, while what it was made from has not. */
  readonly running?: true;
}

/** Whether a risk is as bad as another one, or worse. */
export function reaches(risk: Risk, least: Risk): boolean {
  return risks.indexOf(risk) <= risks.indexOf(least);
}
