// An audit as JSON.
import { capabilityRows, hostObjects, limitWords, sharedNamespaces } from './overview.ts';
import { risks, type Finding } from './types.ts';
import type { View } from './view.ts';

export function auditJson(view: View, findings: readonly Finding[]): string {
  const open = findings.filter(({ accepted }) => accepted === undefined);
  const counts = Object.fromEntries(
    risks.map((risk) => [risk, open.filter((finding) => finding.risk === risk).length]),
  );
  return `${
    JSON.stringify({
      formatVersion: 1,
      counts,
      accepted: findings.length - open.length,
      findings: findings.map(({ rule, risk, message, why, remedy, references, at, accepted, running }) => ({
        rule,
        severity: risk,
        message,
        file: at.file,
        pointer: at.pointer,
        ...(at.line > 0 ? { line: at.line, column: at.column } : {}),
        why,
        remedy,
        references,
        ...(accepted === undefined ? {} : { accepted }),
        ...(running === undefined ? {} : { running }),
      })),
      capabilities: capabilityRows(view),
      hostObjects: hostObjects(view),
      sharedNamespaces: sharedNamespaces(view),
      limits: limitWords(view),
    }, null, 2)
  }\n`;
}
