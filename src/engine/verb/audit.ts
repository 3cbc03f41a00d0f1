// audit: what the container could do to the host.
import { audit as auditSpec, unknownAcceptances, type Audit } from '../../audit/audit.ts';
import { auditedFiles, checkFiles, checkPrivilegedFiles } from '../../audit/checks/files.ts';
import { checkNeighbours } from '../../audit/checks/neighbours.ts';
import { auditJson } from '../../audit/json.ts';
import { liveSpec } from '../../audit/live.ts';
import type { Report } from '../../audit/report.ts';
import { auditSarif } from '../../audit/sarif.ts';
import { ruleOf } from '../../audit/table.ts';
import { auditText } from '../../audit/text.ts';
import { reaches, risks, type Finding, type Risk } from '../../audit/types.ts';
import { viewOf, type Surroundings, type View } from '../../audit/view.ts';
import { habitsOf } from '../../compat/habits.ts';
import type { FileLook, Response } from '../../generated/plan.ts';
import type { OtherContainer } from '../../generated/protocol.ts';
import { readObservation } from '../../generated/read-protocol.ts';
import { compareLive, looksOf } from '../../observe/compare.ts';
import { compile } from '../../plan/compile.ts';
import { dialectOf } from '../../spec/dialect.ts';
import { locate, locateAll } from '../../spec/parse/locate.ts';
import { parseDocument } from '../../spec/parse/parse.ts';
import type { Spec } from '../../spec/types.ts';
import { validateConfig } from '../../spec/validate.ts';
import type { Call } from '../call.ts';
import { choice, contextOf, isOn } from '../options.ts';
import { InvalidDocument } from '../read.ts';
import { answerText } from '../respond.ts';

const everyRisk = Object.fromEntries(risks.map((risk) => [risk, true])) as Readonly<Record<Risk, true>>;

/** @throws InvalidDocument when the configuration has not the form of one */
export function audit(call: Call): Response {
  const { request, configName } = call;
  const { spec, text } = specOf(call);
  // Of a container the options are those that it was made with.
  const options = request.flags ?? request.options;
  const least = choice(options, 'fail-on', everyRisk);
  const surroundings: Surroundings = { facts: request.facts,
    ...(request.bundle === undefined ? {} : { bundle: request.bundle }) };
  const view = viewOf(spec, surroundings);
  const files = request.bundle === undefined || isOn(options, 'no-files') ? [] : auditedFiles(view);
  if (request.running === true && call.blobs.live === undefined) return ask(runningLooks(call, spec, files));
  if (request.running !== true && files.length > 0 && request.seen === undefined) return ask(files);
  const result = request.running === true
    ? auditRunning(call, spec, surroundings, files)
    : auditSpec(spec, surroundings, (view, report) => {
      if (request.seen !== undefined) checkFiles(view, request.seen, request.facts.euid, report);
      checkPrivilegedFiles(view, request.privileged, report);
      checkNeighbours(view, othersOf(call), report);
    });
  const findings = result.findings.map((finding) => located(finding, text, configName));
  const failing = findings.some(({ risk, accepted }) =>
    accepted === undefined && least !== undefined && reaches(risk, least)
  );
  const exitCode = failing ? 2 : 0;
  const format = isOn(options, 'json') ? 'json' : isOn(options, 'sarif') ? 'sarif' : 'text';
  if (format === 'json') return answerText(auditJson(result.view, findings), exitCode);
  if (format === 'sarif') return answerText(auditSarif(findings), exitCode);
  const notes = unknownAcceptances(spec, (name) => ruleOf(name) !== undefined).map((pointer) =>
    `${configName}:${locate(text, pointer, 'key').line} (${pointer}): there is no rule of this name\n`
  );
  return answerText(auditText(result.view, findings, configName) + notes.join(''), exitCode);
}

function ask(files: readonly FileLook[]): Response {
  return { ...answerText(''), files };
}

/** Links of an image are covered by mounts while a container runs. */
function seenRunning({ where }: FileLook): boolean {
  return where !== 'link';
}

function runningLooks(call: Call, spec: Spec, files: readonly FileLook[]): readonly FileLook[] {
  return [...looksOf(compile(spec, contextOf(call.request, call.host)), spec), ...files.filter(seenRunning)];
}

/** Other containers of the state root. */
function othersOf({ request }: Call): readonly OtherContainer[] {
  return (request.others ?? []).filter(({ id }) => id !== request.id);
}

/** What runs, with what its configuration lets it be in places that the kernel does not show. */
function auditRunning(call: Call, spec: Spec, surroundings: Surroundings, files: readonly FileLook[]): Audit {
  const live = readObservation(JSON.parse(call.host.scan(call.blobs.live!).text ?? ''));
  const comparison = compareLive(compile(spec, contextOf(call.request, call.host)), spec, live);
  const more = (view: View, report: Report): void => {
    const paths = new Map(live.hostPaths.map((path) => [path.path, path]));
    const seen = files.map(({ path }) => paths.get(path) ?? { errno: 2, mode: 0 });
    checkFiles(view, seen, call.request.facts.euid, report);
    checkPrivilegedFiles(view, live.privileged, report);
    checkNeighbours(view, othersOf(call), report);
  };
  const declared = new Set(auditSpec(spec, surroundings, more).findings.map(nameOf));
  const running = auditSpec(liveSpec(spec, live, comparison), surroundings, more);
  return { ...running,
    findings: running.findings.map((finding) =>
      declared.has(nameOf(finding)) ? finding : { ...finding, running: true }
    ) };
}

function nameOf({ rule, message }: Finding): string {
  return `${rule} ${message}`;
}

/**
 * The configuration, when it has the form of one: one that `validate` refuses for what it says can be audited, too, for
 * other runtimes may take it.
 */
function specOf(call: Call): { readonly spec: Spec; readonly text: string } {
  const { request, configName } = call;
  const document = parseDocument(call.blobs.config ?? new Uint8Array(), call.host, configName);
  if (document.text !== undefined) call.texts[configName] = document.text;
  if ('error' in document) throw new InvalidDocument([document.error]);
  const { complete = (spec: Spec): Spec => spec, habits } = dialectOf(habitsOf(request.peer), request.facts);
  const errors = validateConfig(document.value, habits?.lenientJson === true);
  if (errors.length > 0) throw new InvalidDocument(locateAll(errors, document.text, configName));
  return { spec: complete(document.value as unknown as Spec), text: document.text };
}

function located(finding: Finding, text: string, file: string): Finding {
  const { pointer } = finding.at;
  return { ...finding, at: { file, pointer, ...locate(text, pointer) } };
}
