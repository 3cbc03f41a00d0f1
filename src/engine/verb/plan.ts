// plan: shows what create would do, saves it, or compares two plans.
import { summaryOf } from '../../audit/summary.ts';
import { viewOf } from '../../audit/view.ts';
import { diagnose } from '../../diagnostic/diagnose.ts';
import { indent, printable } from '../../diagnostic/marks.ts';
import type { Plan, Response } from '../../generated/plan.ts';
import { explainPlan } from '../../plan/explain.ts';
import { compile } from '../../plan/compile.ts';
import { PlanError } from '../../plan/context.ts';
import { comparePlans, differenceData, differenceText } from '../../saved/compare.ts';
import { isSavedPlan, NotSaved, readSaved, savedText, type SavedPlan } from '../../saved/document.ts';
import { settledFacts } from '../../saved/facts.ts';
import { listPlan, printableListing, redactListing, type Listing } from '../../saved/listing.ts';
import type { Call } from '../call.ts';
import { isOn, text } from '../options.ts';
import { answerText } from '../respond.ts';
import { configOf } from '../read.ts';
import { digestOf, linesOf, plannedContext, rootLook, savedDocument, savedHead } from '../saving.ts';

/** A plan as it is shown. */
interface Shown {
  readonly summary: SavedPlan['summary'];
  readonly listing: Listing;
  /** How messages name its configuration. */
  readonly name: string;
  /** Digest of the encoded plan; absent where nobody asks for it. */
  readonly digest?: string;
  readonly redacted?: boolean;
}

export function plan(call: Call): Response {
  const { request, blobs } = call;
  if (request.other !== undefined) return compare(call);
  if (request.options['out'] !== undefined) return save(call);
  if (!isSavedPlan(blobs.config ?? new Uint8Array())) return print(call, ownOf(call));
  const shown = savedOf(call);
  return print(call, { ...shown,
    listing: isOn(request.options, 'json') ? shown.listing : printableListing(shown.listing),
    name: printable(shown.name) });
}

function print(call: Call, shown: Shown): Response {
  const { options } = call.request;
  const { listing, name } = shown;
  if (isOn(options, 'json')) return answerText(`${JSON.stringify({ planVersion: 1, programs: listing }, null, 2)}\n`);
  const operations = Object.values(listing).flat();
  const lines = new Map(operations.map(({ from, line }) => [from as string, line as number | undefined]));
  const place = (pointer: string): string => {
    const line = lines.get(pointer);
    return line === undefined ? '' : `${name}:${line}`;
  };
  const programs = listing as unknown as Plan['programs'];
  return answerText(
    `${head(shown.summary)}\n${explainPlan({ planVersion: 1, programs }, place, isOn(options, 'all'))}`,
  );
}

/** What the container is, and how many operations make it so. */
function head(rows: SavedPlan['summary']): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, words]) => `${label.padEnd(width)}  ${indent}${printable(words)}\n`).join('');
}

/** The plan of a bundle. */
function ownOf(call: Call): Shown {
  const { facts, bundle } = call.request;
  const spec = configOf(call);
  const compiled = compile(spec, plannedContext(call, spec));
  return {
    summary: summaryOf(viewOf(spec, { facts, ...(bundle === undefined ? {} : { bundle }) })),
    listing: listPlan(compiled, { lineOf: linesOf(call), digest: (value) => call.host.sha256(value),
      redactEnv: isOn(call.request.options, 'redact-env') }),
    name: call.configName,
  };
}

/** The plan in a file, which may come from anybody. */
function savedOf(call: Call): Shown {
  const { saved } = readFile(call);
  return { summary: saved.summary, listing: saved.plan, name: saved.config.name, digest: saved.digest,
    redacted: saved.env === 'redacted' };
}

function readFile(call: Call): { saved: SavedPlan } {
  try {
    return readSaved(call.blobs.config ?? new Uint8Array(), call.host);
  } catch (error) {
    if (!(error instanceof NotSaved)) throw error;
    throw new PlanError(diagnose('savedInvalid', { path: call.configName, what: error.message }));
  }
}

/** The file, and the plan as text. */
function save(call: Call): Response {
  const { request } = call;
  const spec = configOf(call);
  if (request.seen === undefined) return { ...answerText(''), files: [rootLook(call, spec)] };
  const { nonce, time } = request.occasion!;
  const env = request.options['redact-env'] === false ? 'included' : 'redacted';
  const document = savedDocument(call, spec, savedHead(call, spec, { nonce, time, env, id: text(request.options, 'id')
    ?? null }), settledFacts(request.facts));
  const shown = print(call, { summary: document.summary, listing: document.plan, name: document.config.name });
  return { ...shown, config: savedText(document, call.host) };
}

/** The exit code of a command that has found differences. */
const different = 2;

function compare(call: Call): Response {
  const { request, blobs } = call;
  const { bundle, configName } = request.other!;
  const { bundle: firstBundle = '/' } = request;
  const second: Call = { ...call, configName,
    blobs: { ...(blobs.process === undefined ? {} : { config: blobs.process }) }, request: { ...request, bundle },
    texts: {} };
  const savedSides = [call, second].map(({ blobs: { config = new Uint8Array() } }) => isSavedPlan(config));
  const isSaved = savedSides.includes(true);
  // Two bundles lie in two places: what is relative to them is the same. That of a saved plan is its own.
  const other: Call = isSaved ? second : { ...second, request: { ...request, bundle: firstBundle } };
  const [before, after] = [call, other].map((side, index) =>
    savedSides[index] === true ? savedOf(side) : settledOf(side)
  ) as [Shown, Shown];
  const redacted = before.redacted === true || after.redacted === true || isOn(request.options, 'redact-env');
  const listings = [before, after].map(({ listing }) => (redacted ? redactListing(listing) : listing)) as [Listing,
    Listing];
  const found = comparePlans(...listings);
  // What no listing shows still counts.
  const hidden = found.length === 0 && before.digest !== after.digest;
  const same = found.length === 0 && !hidden;
  const exitCode = same ? 0 : different;
  if (isOn(request.options, 'json')) {
    const data = { same, differences: differenceData(found), ...(hidden ? { hidden: hiddenWords } : {}) };
    return answerText(`${JSON.stringify(data, null, 2)}\n`, exitCode);
  }
  const count = found.length === 1 ? '1 operation differs' : `${found.length} operations differ`;
  const words = same ? 'no differences' : hidden ? hiddenWords : count;
  const shown = differenceText(found, { before: before.name, after: after.name });
  return answerText(`${shown}${shown === '' ? '' : '\n'}${words}\n`, exitCode);
}

const hiddenWords = 'only values of environment variables differ, which are left out';

/** The plan of a bundle, to be compared with another one. */
function settledOf(call: Call): Shown {
  const { request } = call;
  const spec = configOf(call);
  const settled = { ...call,
    request: { ...request, facts: settledFacts(request.facts), options: { ...request.options, 'redact-env': false } } };
  return { ...ownOf(settled), digest: digestOf(call, compile(spec, plannedContext(settled, spec))) };
}
