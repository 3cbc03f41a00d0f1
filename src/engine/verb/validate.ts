// validate: everything that is wrong or doubtful in a configuration.
import { jsonKeys, renderLine, renderLong } from '../../diagnostic/render.ts';
import { sarif } from '../../diagnostic/sarif.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import { dialectOf } from '../../spec/dialect.ts';
import { locateAll } from '../../spec/parse/locate.ts';
import { readConfig } from '../../spec/read.ts';
import { compile } from '../../plan/compile.ts';
import { PlanError } from '../../plan/context.ts';
import type { Call } from '../call.ts';
import { contextOf, isOn } from '../options.ts';
import { answerText } from '../respond.ts';

export function validate(call: Call): Response {
  const { request, configName } = call;
  const reading = readConfig(call.blobs.config ?? new Uint8Array(), call.host, configName, {
    warnings: true,
    ...dialectOf(request.peer, request.facts),
  });
  const { text } = reading;
  const found =
    reading.found.some(({ severity }) => severity === 'error') || reading.value === undefined || text === undefined
      ? reading.found
      : [...reading.found, ...locateAll(compiled(reading.value, call), text, configName)];
  const errors = found.filter(({ severity }) => severity === 'error').length;
  const warnings = found.length - errors;
  const exitCode = errors > 0 ? 1 : 0;
  const format = isOn(request.options, 'json') ? 'json' : request.options['format'];
  if (format === 'sarif') return answerText(sarif(found), exitCode);
  if (format === 'json') {
    const findings = found.map((finding) => ({ severity: finding.severity, message: finding.message,
      ...jsonKeys(finding) })
    );
    return answerText(`${JSON.stringify({ valid: errors === 0, errors, warnings, findings }, null, 2)}\n`, exitCode);
  }
  const { terminal } = request.facts;
  const blocks = found.map((
    finding,
  ) => (terminal ? `${renderLong(finding, text)}\n` : `${finding.severity} ${renderLine(finding)}`));
  blocks.push(
    `${configName}: ${errors === 0 ? 'valid' : count(errors, 'error')}${
      warnings === 0 ? '' : `, ${count(warnings, 'warning')}`
    }`,
  );
  return answerText(`${blocks.join('\n')}\n`, exitCode);
}

/**
 * What the compiler says of a valid configuration. What it refuses is no error here, but one of create on this host: another
 * one may have what is missing.
 */
function compiled(spec: Spec, { request, host }: Call): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const take = (diagnostic: Diagnostic): void => {
    found.set(JSON.stringify(diagnostic), { ...diagnostic, severity: 'warning' });
  };
  try {
    compile(spec, contextOf(request, host, take));
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    take(error.diagnostic);
  }
  return [...found.values()];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
