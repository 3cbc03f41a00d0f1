// diff: what a container is and what its configuration says. The caller is asked first for the configuration, then for what the
// kernel shows.
import { mark, printable } from '../../diagnostic/marks.ts';
import type { Spec } from '../../generated/config.ts';
import type { FileLook, Plan, Response } from '../../generated/plan.ts';
import { readObservation } from '../../generated/read-protocol.ts';
import { compareLive, looksOf } from '../../observe/compare.ts';
import { compareConfigs } from '../../observe/configs.ts';
import type { Unobserved } from '../../observe/subject.ts';
import { compile } from '../../plan/compile.ts';
import { locate } from '../../spec/parse/locate.ts';
import type { JsonValue } from '../../spec/parse/value.ts';
import type { Call } from '../call.ts';
import { contextOf, isOn, text } from '../options.ts';
import { configOf } from '../read.ts';
import { answerText } from '../respond.ts';

/** A difference as it is shown; `other` is what is running, or was applied. */
interface Shown {
  readonly pointer: string;
  readonly declared: string;
  readonly other: string;
  readonly against: 'running' | 'applied';
}

interface Outcome {
  readonly differences: readonly Shown[];
  readonly unobserved: readonly Unobserved[];
  readonly compared: number;
}

/** The exit code of a command that has found differences. */
const different = 2;

export function diff(call: Call): Response {
  const flags = call.request.flags ?? {};
  const isApplied = isOn(flags, 'applied');
  if (!isApplied && call.blobs.config === undefined) return ask([documentOf(call)]);
  const declared = isApplied ? keptOf(call) : declaredOf(call);
  const spec = configOf(declared);
  if (isOn(flags, 'declared')) {
    const differences = againstKept(call, spec);
    return show(call, declared, { differences, unobserved: [], compared: 0 });
  }
  const plan = planOf(declared, spec);
  if (call.blobs.live === undefined) return ask(looksOf(plan, spec));
  const live = readObservation(JSON.parse(call.host.scan(call.blobs.live).text ?? ''));
  const report = compareLive(plan, spec, live);
  const seen = report.differences.map(({ pointer, declared: wanted, running }): Shown => ({ pointer, declared: wanted,
    other: running, against: 'running' })
  );
  // What cannot be read back may still be another than what was applied.
  const rest = isApplied
    ? []
    : againstKept(call, spec).filter(({ pointer }) => !isCompared(pointer, report.compared));
  return show(call, declared, { differences: [...seen, ...rest], unobserved: report.unobserved,
    compared: report.compared.size });
}

function ask(files: readonly FileLook[]): Response {
  return { ...answerText(''), files };
}

/** Where the configuration is that is declared now. */
export function documentOf({ request }: Call): FileLook {
  const flags = request.flags ?? {};
  const name = text(flags, 'config') ?? request.configName ?? 'config.json';
  if (name === '-' || name.startsWith('/')) return { path: name, where: 'document' };
  return { path: `${text(flags, 'bundle') ?? request.bundle ?? '.'}/${name}`, where: 'document' };
}

export function declaredOf(call: Call): Call {
  const name = text(call.request.flags ?? {}, 'config') ?? call.configName;
  return { ...call, configName: name === '-' ? 'standard input' : name };
}

/** The kept configuration as one of its own. */
export function keptOf(call: Call): Call {
  return { ...call, blobs: { config: call.blobs.process ?? new Uint8Array() }, texts: {} };
}

function planOf(call: Call, spec: Spec): Plan {
  return compile(spec, contextOf(call.request, call.host));
}

function againstKept(call: Call, declared: Spec): Shown[] {
  const kept = configOf(keptOf(call));
  return compareConfigs(declared as unknown as JsonValue, kept as unknown as JsonValue)
    .map(({ pointer, declared: now, applied }) => ({ pointer, declared: now, other: applied, against: 'applied' }));
}

/** Whether the kernel has told of a property, of what it is in, or of something in it. */
function isCompared(pointer: string, compared: ReadonlySet<string>): boolean {
  for (const other of compared) {
    if (other === pointer || other.startsWith(`${pointer}/`) || pointer.startsWith(`${other}/`)) return true;
  }
  return false;
}

function show(call: Call, { configName, texts }: Call, outcome: Outcome): Response {
  const document = texts[configName] ?? '';
  const placed = outcome.differences.map((shown) => ({ ...shown, ...locate(document, shown.pointer) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  const exitCode = placed.length === 0 ? 0 : different;
  const flags = call.request.flags ?? {};
  if (isOn(flags, 'json')) {
    const differences = placed.map(({ pointer, line, column, declared, other, against }) => ({ file: configName, line,
      column, pointer, declared, [against]: other })
    );
    const { unobserved, compared } = outcome;
    return answerText(`${JSON.stringify({ same: placed.length === 0, compared, differences, unobserved }, null, 2)}\n`,
      exitCode);
  }
  let answer = '';
  for (const { pointer, line, column, declared, other, against } of placed) {
    answer += `${mark.frame}${configName}:${line}:${column} (${pointer}):${mark.off} declared ${mark.good}${
      printable(declared)
    }${mark.off}, ${against} ${mark.error}${printable(other)}${mark.off}\n`;
  }
  if (isOn(flags, 'unobserved')) {
    for (const { pointer, reason } of outcome.unobserved)
      answer += `${mark.frame}${pointer}:${mark.off} not observed: ${printable(reason)}\n`;
  }
  return answerText(`${answer}${summary(placed.length, outcome, isOn(flags, 'declared'))}\n`, exitCode);
}

function count(number: number, what: string, many: string): string {
  return `${number} ${number === 1 ? what : many}`;
}

function summary(differences: number, { compared, unobserved }: Outcome, configsOnly: boolean): string {
  const found = differences === 0 ? 'no differences' : count(differences, 'difference', 'differences');
  if (configsOnly) return found;
  return `${found}; ${count(compared, 'property', 'properties')} compared, ${unobserved.length} not observed`;
}
