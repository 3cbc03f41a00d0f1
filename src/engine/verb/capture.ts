// capture: the archive for a bug report. The caller is asked for the configuration as it is now and for the log first.
import { archiveOf, type Contents, type EntryName } from '../../capture/archive.ts';
import { Redactor } from '../../capture/redactor.ts';
import { isDocument } from '../../capture/strings.ts';
import { utf8Of } from '../../base/utf8.ts';
import type { FileLook, Response } from '../../generated/plan.ts';
import type { Captured, Options, Request } from '../../generated/protocol.ts';
import type { Call } from '../call.ts';
import { answerOf } from '../engine.ts';
import { text } from '../options.ts';
import { answerText } from '../respond.ts';
import { documentOf } from './diff.ts';
import { plan } from './plan.ts';
import { timeline } from './timeline.ts';
import { validate } from './validate.ts';

/** The files that other commands print. */
const commands: readonly (readonly [command: string, file: EntryName])[] = [
  ['diff', 'diff.json'],
  ['doctor', 'doctor.txt'],
  ['features', 'features.json'],
  ['state', 'state.json'],
  ['version', 'version.txt'],
  ['why', 'why.json'],
];

type Content = { readonly text: string } | { readonly without: string };

export function capture(call: Call): Response {
  const { request } = call;
  const isContainer = request.id !== undefined;
  const log = text(request.options, 'log');
  const document = isContainer && isPlaced(request) ? documentOf(call) : undefined;
  const logFile: FileLook | undefined = isContainer && log?.startsWith('/') === true
    ? { path: log, where: 'host' }
    : undefined;
  if (request.captured === undefined) {
    return { ...answerText(''), files: [document, logFile].filter((file) => file !== undefined) };
  }
  const captured = new Map<string, Captured>(request.captured.map((one) => [one.name, one] as const));
  const redactor = new Redactor();
  const contents = new Map<EntryName, Content>();
  const kept = captured.get('kept');
  const own = configuration(call, redactor);
  if (!isContainer) {
    contents.set('config.json', { text: own.text });
  } else {
    contents.set('applied.json', {
      text: kept === undefined ? own.text : failure(kept, 'what the container was created from'),
    });
    contents.set('config.json', declaredOf(captured.get(document?.path ?? ''), redactor, call));
    contents.set('log.txt', logOf(captured.get(logFile?.path ?? ''), log));
  }
  contents.set('timeline.txt', { without: isContainer ? 'see state.json and validate.txt' : 'a bundle has none' });
  const compiled = kept !== undefined || own.state === 'large'
    ? { 'plan.txt': '', 'plan.json': '', 'validate.txt': '' }
    : own.state === 'valid'
    ? plansOf(call, own.text)
    : whyNoPlan(call);
  for (const [name, words] of Object.entries(compiled))
    contents.set(name as EntryName,
      words === '' ? { without: 'there is no configuration that can be compiled here' } : { text: words });
  contents.set('request.json', { text: `${JSON.stringify(planned(request), null, 2)}\n` });
  for (const [command, file] of commands) {
    const printed = captured.get(command);
    contents.set(file, printed === undefined ? { without: 'a bundle has none' } : { text: printedBy(printed) });
  }
  // First all documents, then everything without what they have shown to be secret.
  for (const [name, content] of contents) {
    if ('text' in content && name.endsWith('.json') && !fromRedacted.has(name) && isDocument(content.text))
      contents.set(name, { text: redactor.document(content.text) });
  }
  const subject = isContainer ? `the container ${request.id}` : `the bundle ${request.bundle ?? ''}`;
  return { ...answerText(''), stored: archiveOf(redactor.text(subject), clean(contents, redactor)) };
}

/** Made from documents that are redacted already. */
const fromRedacted: ReadonlySet<EntryName> = new Set(['applied.json', 'config.json', 'plan.json']);

function clean(contents: Contents, redactor: Redactor): Contents {
  return new Map([...contents].map(([name, content]): [EntryName, Content] => {
    if ('without' in content) return [name, { without: redactor.text(content.without) }];
    const isData = name.endsWith('.json') && isDocument(content.text);
    return [name, { text: isData ? redactor.data(content.text) : redactor.text(content.text) }];
  }));
}

/** Whether it is known where the container's bundle is. */
function isPlaced({ bundle, flags = {} }: Request): boolean {
  return bundle !== undefined || text(flags, 'bundle') !== undefined || text(flags, 'config')?.startsWith('/') === true;
}

interface Configuration {
  readonly text: string;
  readonly state: 'valid' | 'invalid' | 'large';
}

/** Larger ones, in bytes or characters, would take seconds and be cut. */
const largest = 2 << 20;

/** A configuration without its secrets, or why it is not there. */
function configuration({ blobs, host }: Call, redactor: Redactor): Configuration {
  const { config = new Uint8Array() } = blobs;
  if (config.length > largest) return { text: '[left out: it is larger than 2 MiB]\n', state: 'large' };
  const document = host.scan(config).text;
  return document === undefined ? noDocument('its bytes are no UTF-8') : redactedDocument(document, redactor);
}

function redactedDocument(document: string, redactor: Redactor): Configuration {
  const own = document.replace(/^\ufeff/, '');
  return isDocument(own) ? { text: redactor.document(own), state: 'valid' } : noDocument('it is no JSON object');
}

function noDocument(reason: string): Configuration {
  return { text: `[left out: ${reason}, so that secrets in it cannot be recognized]\n`, state: 'invalid' };
}

function declaredOf(file: Captured | undefined, redactor: Redactor, { blobs, host }: Call): Content {
  if (file === undefined) return { without: 'where it is is not known' };
  if (file.error !== '') return { text: failure(file, file.name) };
  if (file.text === host.scan(blobs.config ?? new Uint8Array()).text)
    return { without: `the same as applied.json (${file.name})` };
  return { text: redactedDocument(file.text, redactor).text };
}

function logOf(file: Captured | undefined, log: string | undefined): Content {
  if (file === undefined)
    return { without: log === undefined ? 'the container was made without --log' : `the log is no file: ${log}` };
  if (file.error !== '') return { text: failure(file, file.name) };
  return file.text === '' ? { without: `the log is empty: ${file.name}` } : { text: file.text };
}

function failure({ error }: Captured, what: string): string {
  return `[cannot be read: ${what}: ${error.trim()}]\n`;
}

/** What a command has printed; its words of an error behind it, or in its place. */
function printedBy({ name, text: output, error, status, cut }: Captured): string {
  const more = cut ? '[cut: there was more]\n' : '';
  if (output !== '' && error === '' && more === '') return output;
  // Warnings beside what other programs read would make it something else.
  if (output !== '' && more === '' && isDocument(output)) return output;
  const ended = output === '' ? `[veloci ${name} ended with status ${status} and printed nothing but:]\n` : '';
  return `${output}${more}${ended}${error}`;
}

/** The same request as a plan of create, with nothing of this command. */
function planned({ peer, id, bundle, configName, options, facts }: Request): Request {
  return { verb: 'plan', options, ...(peer === undefined ? {} : { peer }), ...(id === undefined ? {} : { id }),
    ...(bundle === undefined ? {} : { bundle }), ...(configName === undefined ? {} : { configName }), facts };
}

/** What other verbs say of a configuration without secrets. */
function plansOf(call: Call, document: string): Readonly<Partial<Record<EntryName, string>>> {
  const config = new Uint8Array(utf8Of(document));
  const request = planned(call.request);
  const { timing } = call.request;
  // run --timeline names a form of its own.
  const { timeline: _, ...given } = request.options;
  const ask = (verb: 'plan' | 'validate' | 'timeline', options: Options): string => {
    const answer = answerOf({ answers: { plan, validate, timeline } }, { ...request, verb,
      facts: { ...request.facts, terminal: false }, options: { ...given, ...options },
      ...(timing === undefined ? {} : { timing }) }, { config }, call.host);
    // Without marks for terminals.
    return `${answer.text.replace(/[\u0001-\u0008\u000e]/g, '')}${answer.error === '' ? '' : `${answer.error}\n`}`;
  };
  return { 'plan.txt': ask('plan', {}), 'plan.json': ask('plan', { json: true }),
    'validate.txt': ask('validate', { 'no-files': true }),
    ...(timing === undefined ? {} : { 'timeline.txt': ask('timeline', {}) }) };
}

/** Where a text that is no JSON goes wrong, without quoting it. */
function whyNoPlan(call: Call): Readonly<Partial<Record<EntryName, string>>> {
  const { code, keys } = answerOf({ answers: { plan } }, planned(call.request), call.blobs, call.host);
  const { line, column } = JSON.parse(`{${keys}}`) as { line?: number; column?: number };
  return { 'plan.txt': '', 'plan.json': '',
    'validate.txt': `${code} in line ${line ?? 1}, column ${column ?? 1} ("veloci explain ${code}")\n` };
}
