// spec fmt, merge and migrate: a configuration in another form.
import { diagnose } from '../../diagnostic/diagnose.ts';
import type { Response } from '../../generated/plan.ts';
import { PlanError } from '../../plan/context.ts';
import { formatConfig } from '../../spec/format.ts';
import { mergePatch } from '../../spec/merge-patch.ts';
import { migrate } from '../../spec/migrate.ts';
import { locateAll } from '../../spec/parse/locate.ts';
import { parseDocument } from '../../spec/parse/parse.ts';
import type { JsonObject, JsonValue } from '../../spec/parse/value.ts';
import type { Call } from '../call.ts';
import { isOn } from '../options.ts';
import { configOf, InvalidDocument } from '../read.ts';
import { answerText } from '../respond.ts';

/** Flags of `spec` that only one form of it has. */
const owners: Readonly<Record<string, string | undefined>> = { write: 'fmt', check: 'fmt', rootless: undefined,
  from: undefined };

/** @throws PlanError for a flag that has no meaning here: a default is written, or one is edited */
export function checkSpecFlags(call: Call): void {
  const { options, operands } = call.request;
  const action = operands?.[0];
  for (const [flag, owner] of Object.entries(owners)) {
    if (options[flag] === undefined || owner === action) continue;
    throw new PlanError(
      diagnose('specFlag', { flag: `--${flag}`, command: `spec${action === undefined ? '' : ` ${action}`}`,
        remedy: owner === undefined ? 'it is for "veloci spec" alone' : `it is for "veloci spec ${owner}"` }),
    );
  }
}

/** @throws InvalidDocument */
export function specFmt(call: Call): Response {
  const { value, text } = documentOf(call, 'config', call.configName);
  const formatted = formatConfig(value, text);
  if (!isOn(call.request.options, 'check')) return answerText(formatted);
  return formatted === text
    ? answerText('')
    : answerText(`${call.configName}: "veloci spec fmt --write" would change it\n`, 2);
}

/** @throws InvalidDocument */
export function specMerge(call: Call): Response {
  const [, , patchName = 'patch'] = call.request.operands ?? [];
  const base = documentOf(call, 'config', call.configName);
  const patch = documentOf(call, 'process', patchName);
  return answerText(formatConfig(mergePatch(base.value, patch.value), base.text));
}

/** The configuration, and as warnings what was changed. @throws InvalidDocument for what cannot be kept */
export function specMigrate(call: Call): Response {
  const { value, text } = documentOf(call, 'config', call.configName);
  // What a start refuses has no meaning that could be kept.
  configOf(call);
  const result = migrate(value as JsonObject);
  if ('refused' in result) throw new InvalidDocument(locateAll([result.refused], text, call.configName));
  const notes = result.changes.length === 0 ? ['nothing to change'] : result.changes;
  return { ...answerText(formatConfig(result.config, text)),
    explained: notes.map((line) => `${call.configName}: ${line}\n`).join('') };
}

function documentOf(call: Call, blob: 'config' | 'process', name: string): { value: JsonValue; text: string } {
  const document = parseDocument(call.blobs[blob] ?? new Uint8Array(), call.host, name);
  if (document.text !== undefined) call.texts[name] = document.text;
  if ('error' in document) throw new InvalidDocument([document.error]);
  return document;
}
