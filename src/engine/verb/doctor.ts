// doctor: what this host can and cannot do, from what the native side has found out.
import { indent, mark } from '../../diagnostic/marks.ts';
import type { Response } from '../../generated/plan.ts';
import { judge } from '../doctor/judge.ts';
import { judgeSandbox } from '../doctor/sandbox.ts';
import type { Finding } from '../doctor/report.ts';
import { readProbes } from '../../generated/read-protocol.ts';
import type { Call } from '../call.ts';
import { isOn } from '../options.ts';
import { answerText } from '../respond.ts';

export function doctor(call: Call): Response {
  const { request, host, blobs } = call;
  const probes = readProbes(JSON.parse(host.scan(blobs.config ?? new Uint8Array()).text ?? ''));
  const findings = (isOn(request.options, 'sandbox') ? judgeSandbox : judge)(request.facts, probes);
  const problems = findings.filter(({ status }) => status === 'problem').length;
  const warnings = findings.filter(({ status }) => status === 'warning').length;
  const exitCode = problems > 0 ? 1 : 0;
  if (isOn(request.options, 'json')) {
    return answerText(`${JSON.stringify({ ok: problems === 0, problems, warnings, findings }, null, 2)}\n`, exitCode);
  }
  return answerText(`${findings.map(line).join('')}${summary(problems, warnings)}\n`, exitCode);
}

const colours = { ok: 'good', warning: 'warning', problem: 'error' } as const;

function line({ area, status, message, remedy }: Finding): string {
  const rest = `  ${area.padEnd(10)}  `;
  const blank = ' '.repeat(7 + rest.length);
  const head = `${mark[colours[status]]}${status.padEnd(7)}${mark.off}${rest}`;
  return `${head}${indent}${message}\n${remedy === undefined ? '' : `${blank}${indent}${remedy}\n`}`;
}

function summary(problems: number, warnings: number): string {
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
  return `${count(problems, 'problem')}, ${count(warnings, 'warning')}`;
}
