// Collects what the checks find.
import { placeAt } from '../diagnostic/diagnose.ts';
import { ruleOf, type RuleName } from './table.ts';
import type { Fillings, Finding, Risk, Rule } from './types.ts';

/** Gathers findings of one configuration. */
export class Report {
  readonly found: Finding[] = [];
  private readonly confined: boolean;

  /** @param confined whether the container's root is apart from that of the host */
  constructor(confined: boolean) {
    this.confined = confined;
  }

  /**
   * Adds a finding, unless a user namespace takes the danger away.
   *
   * @param pointer the value that causes it or, for a missing one, the object that should have it
   * @param risk where it is not that of the table
   */
  add(name: RuleName, pointer: string, fillings: Fillings = {}, risk?: Risk): void {
    const rule = ruleOf(name) as Rule;
    const usual = this.confined ? rule.confined ?? rule.risk : rule.risk;
    if (usual === 'none') return;
    this.found.push({
      rule: name,
      risk: risk ?? usual,
      message: filled(rule.message, fillings),
      why: filled(rule.why, fillings),
      remedy: filled(rule.remedy, fillings),
      references: rule.references,
      at: placeAt(pointer),
    });
  }
}

/** Longest value that a text repeats, in UTF-16 units. */
const longest = 200;

function filled(template: string, fillings: Fillings): string {
  return template.replace(/\{([a-z]+)\}/g, (hole, name: string) => {
    const value = fillings[name];
    return value === undefined ? hole : clean(String(value));
  });
}

/** Without control characters, which must not reach a terminal; long values are cut. */
function clean(value: string): string {
  const short = value.length > longest ? `${value.slice(0, longest)}...` : value;
  return short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
