// Everything that is wrong or doubtful in a bundle: what the command's validate prints, and the library's returns.
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Spec } from '../generated/config.ts';
import type { FileLook, Plan } from '../generated/plan.ts';
import { compile } from '../plan/compile.ts';
import { PlanError } from '../plan/context.ts';
import { requireRights } from '../plan/rights.ts';
import { habitsOf } from '../compat/habits.ts';
import { dialectOf } from '../spec/dialect.ts';
import { locateAll } from '../spec/parse/locate.ts';
import { readConfig } from '../spec/read.ts';
import { fileFailures, filesOf } from './bundle-files.ts';
import type { Call } from './call.ts';
import { explain } from './failure.ts';
import { contextOf, isOn } from './options.ts';

/** What was found, and the files that must be looked at before it is all. */
export interface Findings {
  readonly diagnostics: readonly Diagnostic[];
  readonly text: string | undefined;
  readonly files: readonly FileLook[];
}

/**
 * Checks the text, compiles it for this host, and asks for the files or, when they have been seen, judges them. With
 * `no-files` only the text counts: what this host could not do is a warning.
 */
export function findingsOf(call: Call): Findings {
  const { request, configName } = call;
  const { diagnostics, text, value } = readConfig(call.blobs.config ?? new Uint8Array(), call.host, configName, {
    warnings: true,
    ...dialectOf(habitsOf(request.peer), request.facts),
  });
  if (value === undefined || text === undefined || diagnostics.some(({ severity }) => severity === 'error'))
    return { diagnostics, text, files: [] };
  const textAlone = isOn(request.options, 'no-files');
  const { warnings, plan } = compiled(value, call, textAlone);
  const looks = plan !== undefined && !textAlone && request.bundle !== undefined;
  const files = looks && request.seen === undefined ? filesOf(plan) : [];
  const missing = looks && request.seen !== undefined
    ? fileFailures(plan, request.seen).flatMap(({ failure, bearable }): Diagnostic[] => {
      const diagnostic = explain(plan, value, failure, () => configName);
      return diagnostic === undefined ? [] : [bearable ? { ...diagnostic, severity: 'warning' } : diagnostic];
    })
    : [];
  return { diagnostics: [...diagnostics, ...locateAll([...warnings, ...missing], text, configName)], text, files };
}

/** What the compiler says of a valid configuration, and its plan, when this host can do it. */
function compiled(
  spec: Spec,
  { request, host }: Call,
  textAlone: boolean,
): { warnings: readonly Diagnostic[]; plan?: Plan } {
  const warnings = new Map<string, Diagnostic>();
  const take = (diagnostic: Diagnostic): void => {
    warnings.set(JSON.stringify(diagnostic), diagnostic);
  };
  try {
    if (!textAlone) requireRights(spec, request.facts);
    const plan = compile(spec, contextOf(request, host, take));
    return { warnings: [...warnings.values()], plan };
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    take(textAlone ? { ...error.diagnostic, severity: 'warning' } : error.diagnostic);
    return { warnings: [...warnings.values()] };
  }
}
