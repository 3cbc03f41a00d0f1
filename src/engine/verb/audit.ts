// audit: what the container could do to the host.
import { audit as auditSpec, unknownAcceptances } from '../../audit/audit.ts';
import { auditedFiles, checkFiles } from '../../audit/checks/files.ts';
import { auditJson } from '../../audit/json.ts';
import { auditSarif } from '../../audit/sarif.ts';
import { ruleOf } from '../../audit/table.ts';
import { auditText } from '../../audit/text.ts';
import { reaches, risks, type Finding, type Risk } from '../../audit/types.ts';
import { viewOf, type Surroundings } from '../../audit/view.ts';
import { habitsOf } from '../../compat/habits.ts';
import type { Response } from '../../generated/plan.ts';
import { dialectOf } from '../../spec/dialect.ts';
import { locate, locateAll } from '../../spec/parse/locate.ts';
import { parseDocument } from '../../spec/parse/parse.ts';
import type { Spec } from '../../spec/types.ts';
import { validateConfig } from '../../spec/validate.ts';
import type { Call } from '../call.ts';
import { choice, isOn } from '../options.ts';
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
  const looks = request.bundle !== undefined && !isOn(options, 'no-files');
  if (looks && request.seen === undefined) {
    const files = auditedFiles(viewOf(spec, surroundings));
    if (files.length > 0) return { ...answerText(''), files };
  }
  const result = auditSpec(spec, surroundings, (view, report) => {
    if (request.seen !== undefined) checkFiles(view, request.seen, request.facts.euid, report);
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
