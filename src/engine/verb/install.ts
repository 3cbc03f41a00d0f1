// install --apply, --undo: the configuration of an engine, as it shall be.
import { Conflict, withoutSettings, withSettings } from '../../configure/change.ts';
import { difference } from '../../configure/difference.ts';
import { engineFiles, type EngineFile, type Intent, UnknownVersion } from '../../configure/settings.ts';
import { TomlFault } from '../../configure/toml-scan.ts';
import { diagnose } from '../../diagnostic/diagnose.ts';
import type { Response } from '../../generated/plan.ts';
import type { Captured } from '../../generated/protocol.ts';
import { PlanError } from '../../plan/context.ts';
import { parseDocument } from '../../spec/parse/parse.ts';
import { lineAndColumn } from '../../spec/parse/position.ts';
import { isObject } from '../../spec/parse/value.ts';
import type { Call } from '../call.ts';
import { isOn } from '../options.ts';
import { InvalidDocument } from '../read.ts';
import { answerText } from '../respond.ts';

/** What the backup of a missing file has. */
const missingMark = '# There was no such file before "veloci install --apply".\n';

/** @throws PlanError and InvalidDocument for a file that is not changed */
export function install(call: Call): Response {
  const { options, captured = [] } = call.request;
  const seen = new Map<string, Captured>(captured.map((one) => [one.name, one] as const));
  const named = seen.get('engine')?.text;
  const engine = Object.entries(engineFiles).find(([flag]) => flag === named)?.[1];
  if (engine === undefined) throw new TypeError('install without an engine');
  const place = call.configName;
  const isMissing = seen.get('file')?.error !== '';
  const hasBackup = seen.get('backup')?.error === '';
  const text = isMissing ? '' : textOf(call, 'config', place, engine);
  const backup = hasBackup ? textOf(call, 'process', `${place}.before-veloci`, engine) : undefined;
  const intentFor = (base: string, asDefault: boolean | undefined): Intent =>
    engine.intent({ own: seen.get('own')?.text ?? '', version: versionIn(seen.get('version')), asDefault,
      text: filled(engine, base) });
  try {
    return isOn(options, 'undo')
      ? undo({ call, engine, place, isMissing, text, backup, intentFor })
      : apply({ call, engine, place, isMissing, text, backup, intentFor });
  } catch (error) {
    throw located(error, call, text);
  }
}

interface Work {
  readonly call: Call;
  readonly engine: EngineFile;
  /** The file's path. */
  readonly place: string;
  readonly isMissing: boolean;
  readonly text: string;
  readonly backup: string | undefined;
  readonly intentFor: (base: string, asDefault: boolean | undefined) => Intent;
}

function apply({ call, engine, place, isMissing, text, backup, intentFor }: Work): Response {
  const given = call.request.options['as-default'];
  const { settings, notes, unchecked } = intentFor(text, typeof given === 'boolean' ? given : undefined);
  const now = withSettings(engine.format, filled(engine, text), settings);
  const lines = notes.map((note) => `${place}: ${note}\n`).join('');
  if (withSettings(engine.format, now, settings) !== now) throw new TypeError(`${place}: a setting did not hold`);
  if (now === text) return answerText(`${place}: nothing to change: ${engine.engine} has veloci already\n${lines}`);
  // What was there before the first time counts, as long as something of ours is there.
  const isFirst = backup === undefined || !mentions(text);
  const unasked = unchecked === undefined ? '' : `${place}: not checked by the engine: ${unchecked}\n`;
  return {
    ...answerText(`${difference(text, now, isMissing ? '/dev/null' : place, place)}${lines}${unasked}`),
    edits: [{ content: now, forget: false, check: unchecked === undefined,
      ...(isFirst ? { backup: isMissing ? missingMark : text } : {}) }],
  };
}

function undo({ engine, place, isMissing, text, backup, intentFor }: Work): Response {
  if (backup === undefined) {
    if (!mentions(text)) return answerText(`${place}: nothing to take back: ${engine.engine} has no veloci there\n`);
    throw refusal(place, 'what it was before is not known: its backup is gone', 'take the lines of veloci out by hand');
  }
  if (isMissing)
    return { ...answerText(`${place}: nothing to take back: the file is gone\n`),
      edits: [{ forget: true, check: false }] };
  const wasMissing = backup === missingMark;
  const before = filled(engine, wasMissing ? '' : backup);
  const isUntouched = [true, false].some((asDefault) =>
    withSettings(engine.format, before, intentFor(before, asDefault).settings) === text
  );
  const { settings, unchecked } = intentFor(before, true);
  const left = isUntouched ? before : withoutSettings(engine.format, text, settings, before);
  const isGone = wasMissing && left.trim() === engine.format.empty.trim();
  const now = isUntouched && !wasMissing ? backup : isGone ? '' : left;
  const shown = difference(text, now, place, isGone ? '/dev/null' : place);
  return {
    ...answerText(shown === '' ? `${place}: nothing to take back\n` : shown),
    edits: [{ ...(isGone ? {} : { content: now }), forget: true, check: !isGone && unchecked === undefined }],
  };
}

/** Whether a text has something of ours. */
function mentions(text: string): boolean {
  return text.includes('veloci');
}

/** A file without anything in it is taken for one that has nothing but its form. */
function filled({ format }: EngineFile, text: string): string {
  return text.trim() === '' ? format.empty : text;
}

/** The numbers of what a program says to --version: `podman version 4.3.1`. */
function versionIn(printed: Captured | undefined): readonly number[] {
  const found = printed?.error === '' ? /\b[0-9]{1,6}\.[0-9]{1,6}(?:\.[0-9]{1,6})?/.exec(printed.text)?.[0] : undefined;
  return found?.split('.').map(Number) ?? [];
}

/** @throws InvalidDocument for a file that is no text of its form */
function textOf(call: Call, blob: 'config' | 'process', name: string, { format }: EngineFile): string {
  const bytes = call.blobs[blob] ?? new Uint8Array();
  const { text, badByte = 0 } = call.host.scan(bytes);
  if (text === undefined) throw refusal(name, `byte ${badByte} is not UTF-8`, 'mend it first');
  call.texts[name] = text;
  if (text.trim() === '' || text === missingMark || format.empty === '') return text;
  const document = parseDocument(bytes, call.host, name);
  if ('error' in document) throw new InvalidDocument([document.error]);
  if (!isObject(document.value)) throw refusal(name, 'it is not a JSON object', 'mend it first');
  return text;
}

function refusal(file: string, reason: string, remedy: string, text = '', offset = 0): PlanError {
  const place = { file, pointer: '', ...lineAndColumn(text, offset), length: 1 };
  return new PlanError(diagnose('configureFile', { reason, remedy }, place));
}

const conflicts = {
  notTable: ['has a value where a table is needed', 'make it a table'],
  notList: ['is not a list', 'make it a list'],
  foreign: ['was added to the entry of veloci by hand', 'remove it and run the command again'],
} as const;

/** What an error says of a file, with its line. */
function located(error: unknown, { configName }: Call, text: string): unknown {
  if (error instanceof TomlFault) return refusal(configName, error.message, 'mend it first', text, error.offset);
  if (error instanceof UnknownVersion)
    return refusal(configName, `its version ${error.version} is not known`, 'edit it by hand', text, error.offset);
  if (!(error instanceof Conflict)) return error;
  const [reason, remedy] = conflicts[error.reason];
  return refusal(configName, `"${error.at.join('.')}" ${reason}`, remedy, text, error.offset);
}
