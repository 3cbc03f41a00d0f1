// An audit as SARIF: accepted findings are suppressed ones.
import { sarifLog, type SarifFinding } from '../diagnostic/sarif.ts';
import { ruleOf } from './table.ts';
import type { Finding, Risk, Rule } from './types.ts';

/** As code hosts rank: 9.0 and more is critical, 7.0 high, 4.0 medium. */
const ranks: Readonly<Record<Risk, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '3.0', info: '0.0' };
const levels: Readonly<Record<Risk, SarifFinding['level']>> = { critical: 'error', high: 'error', medium: 'warning',
  low: 'note', info: 'note' };

export function auditSarif(findings: readonly Finding[]): string {
  return sarifLog(
    findings.map(({ rule, risk, message, why, remedy, at, accepted, running }) => ({
      rule,
      level: levels[risk],
      message: `${message}${running === undefined ? '' : ' (of the running container alone)'}. ${why}. ${remedy}`,
      at,
      ...(accepted === undefined ? {} : { accepted }),
    })),
    (id) => {
      const { risk, message, why, remedy, references } = ruleOf(id) as Rule;
      return { id, short: message, help: `${why}. ${remedy}. See ${references.join(', ')}.`, security: ranks[risk] };
    },
  );
}
