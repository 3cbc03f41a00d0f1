// validate: everything that is wrong or doubtful in a bundle.
import { jsonKeys, renderLine, renderLong } from '../../diagnostic/render.ts';
import { sarif } from '../../diagnostic/sarif.ts';
import type { Response } from '../../generated/plan.ts';
import type { Call } from '../call.ts';
import { findingsOf } from '../findings.ts';
import { isOn } from '../options.ts';
import { answerText } from '../respond.ts';

export function validate(call: Call): Response {
  const { request, configName } = call;
  const { diagnostics, text, files } = findingsOf(call);
  if (files.length > 0) return { ...answerText(''), files };
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const exitCode = errors > 0 ? 1 : 0;
  const format = isOn(request.options, 'json') ? 'json' : request.options['format'];
  if (format === 'sarif') return answerText(sarif(diagnostics), exitCode);
  if (format === 'json') {
    const findings = diagnostics.map((finding) => ({ severity: finding.severity, message: finding.message,
      ...jsonKeys(finding) })
    );
    return answerText(`${JSON.stringify({ valid: errors === 0, errors, warnings, findings }, null, 2)}\n`, exitCode);
  }
  const { terminal } = request.facts;
  const blocks = diagnostics.map((
    finding,
  ) => (terminal ? `${renderLong(finding, text)}\n` : `${finding.severity} ${renderLine(finding)}`));
  blocks.push(
    `${configName}: ${errors === 0 ? 'valid' : count(errors, 'error')}${
      warnings === 0 ? '' : `, ${count(warnings, 'warning')}`
    }`,
  );
  return answerText(`${blocks.join('\n')}\n`, exitCode);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
