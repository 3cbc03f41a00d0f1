// apply: makes a container what its configuration says. The caller is asked first for the configuration, then for what the
// kernel shows.
import { isToDo } from '../../apply/change.ts';
import { compileApply, type Application } from '../../apply/compile-apply.ts';
import { changesOf, type Change } from '../../apply/change.ts';
import { renderChanges } from '../../apply/text.ts';
import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import type { Spec } from '../../generated/config.ts';
import { encodePlan } from '../../generated/encode.ts';
import type { FileLook, Plan, Response } from '../../generated/plan.ts';
import type { Failure, Options, OptionValue } from '../../generated/protocol.ts';
import { readObservation } from '../../generated/read-protocol.ts';
import { compareLive, looksOf, subjectOf } from '../../observe/compare.ts';
import { compile } from '../../plan/compile.ts';
import { nodesOf } from '../../plan/concern/mount/devices.ts';
import { locateAll } from '../../spec/parse/locate.ts';
import type { Call } from '../call.ts';
import { explain, interference } from '../failure.ts';
import { contextOf, isOn, text } from '../options.ts';
import { configOf } from '../read.ts';
import { answerErrors, answerText } from '../respond.ts';
import { storedOf } from './create.ts';
import { declaredOf, documentOf, keptOf } from './diff.ts';

/** The exit code of --dry-run when there is something to do. */
const toDo = 2;

/** The two configurations of a container, and what is asked. */
interface Subjects {
  /** The call about the declared configuration. */
  readonly call: Call;
  readonly declared: Spec;
  readonly kept: Spec;
  readonly flags: Options;
}

function flagsOf({ request }: Call): Options {
  return request.flags ?? request.options;
}

export function apply(asked: Call): Response {
  const flags = flagsOf(asked);
  const call = withFlags(asked, flags);
  const repairs = isOn(flags, 'repair');
  if (call.request.status === 'missing') return missing(call, flags);
  if (!repairs && call.blobs.config === undefined) return ask([documentOf(call)]);
  const subjects = subjectsOf(call, flags);
  if (call.request.status === 'stopped') return stopped(subjects);
  const context = contextOf(call.request, call.host);
  const plan = compile(subjects.declared, context);
  if (call.blobs.live === undefined) return ask(looksFor(plan, subjects));
  return answer(subjects, applicationOf(subjects, plan));
}

function withFlags(call: Call, flags: Options): Call {
  return { ...call, request: { ...call.request, flags } };
}

function subjectsOf(call: Call, flags: Options): Subjects {
  const kept = keptOf(call);
  const { config } = kept.blobs;
  const declaring = isOn(flags, 'repair')
    ? { ...kept, blobs: { ...call.blobs, ...(config === undefined ? {} : { config }) } }
    : declaredOf(call);
  return { call: declaring, declared: configOf(declaring), kept: configOf(kept), flags };
}

function ask(files: readonly FileLook[]): Response {
  return { ...answerText(''), files };
}

/** What diff looks at, and the devices that the kept configuration has. */
function looksFor(plan: Plan, { declared, kept }: Subjects): FileLook[] {
  const looks = looksOf(plan, declared);
  const known = new Set(looks.map(({ path }) => path));
  const others = nodesOf(kept).filter(({ path }) => !known.has(path));
  return [...looks, ...others.map(({ path }): FileLook => ({ path, where: 'link' }))];
}

function applicationOf({ call, declared, kept }: Subjects, plan: Plan): Application {
  const live = readObservation(JSON.parse(call.host.scan(call.blobs.live!).text ?? ''));
  return compileApply(declared, kept, plan, subjectOf(plan, declared, live), compareLive(plan, declared, live),
    contextOf(call.request, call.host));
}

/** A container that is not there is created and started. */
function missing(call: Call, flags: Options): Response {
  if (call.blobs.config === undefined) return ask([documentOf(call)]);
  const spec = configOf(declaredOf(call));
  const words = relaunch(call, flags, flags, spec);
  const line = `${call.request.id} does not exist: it is created and started`;
  const shown = isOn(flags, 'json')
    ? `${JSON.stringify({ same: false, missing: true, changes: [] }, null, 2)}\n`
    : `${line}\n`;
  return isOn(flags, 'dry-run') ? answerText(shown, toDo) : { ...answerText(shown), relaunch: words };
}

/** One that has stopped has nothing that could be changed. */
function stopped(subjects: Subjects): Response {
  const { call, declared, kept, flags } = subjects;
  const changes = changesOf(declared, kept, undefined).map((change): Change => ({ ...change,
    outcome: { kind: 'restart', reason: 'the container has stopped' } })
  );
  const shown = show(subjects, changes);
  if (isOn(flags, 'dry-run')) return answerText(shown, toDo);
  if (isOn(flags, 'restart'))
    return { ...answerText(shown), relaunch: relaunch(call, call.request.options, flags, declared) };
  return { ...answerErrors([diagnose('applyStopped', { id: call.request.id })], {}), text: shown };
}

function answer(subjects: Subjects, { changes, plan }: Application): Response {
  const { call, declared, flags } = subjects;
  const shown = show(subjects, changes);
  const isThere = changes.some(isToDo);
  if (isOn(flags, 'dry-run') || !isThere) return answerText(shown, isThere ? toDo : 0);
  if (changes.some(({ outcome }) => outcome.kind === 'restart')) {
    if (!isOn(flags, 'restart')) return { ...refuse(call, changes), text: shown };
    return { ...answerText(shown), relaunch: relaunch(call, call.request.options, flags, declared) };
  }
  const { host, request } = call;
  return {
    ...answerText(shown),
    plan: encodePlan(plan!, host.writer()),
    stored: storedOf(call, compile(declared, contextOf(request, host))),
    config: call.texts[call.configName]!,
  };
}

/** Nothing is changed when something takes a restart. */
function refuse(call: Call, changes: readonly Change[]): Response {
  const few = 5;
  const found = changes.filter(({ outcome }) => outcome.kind === 'restart');
  const names = [...new Set(found.map(({ pointer }) => pointer))];
  const properties = names.length <= few
    ? names.join(', ')
    : `${names.slice(0, few).join(', ')} and ${names.length - few} more`;
  const { pointer, outcome } = found[0]!;
  const reason = outcome.kind === 'restart' ? outcome.reason : '';
  const error = diagnose('applyRestart', { id: call.request.id, properties, reason }, placeAt(pointer));
  return answerErrors(locateAll([error], call.texts[call.configName] ?? '', call.configName), call.texts);
}

/** Flags that the container keeps over a restart, and those that are this command's own. */
const lasting = ['systemd-cgroup', 'cgroup-manager', 'rootless', 'no-pivot', 'no-new-keyring', 'pid-file'];
const passing = ['log', 'log-format', 'log-level', 'debug', 'console-socket'];

/**
 * The words of the command that starts the container anew.
 *
 * @param options the flags that it was made with, or those of a first start
 * @throws PlanError when the configuration cannot be started so
 */
function relaunch(call: Call, options: Options, flags: Options, declared: Spec): string[] {
  const { request, host } = call;
  const given: Record<string, OptionValue> = {};
  for (const name of lasting) if (options[name] !== undefined) given[name] = options[name];
  for (const name of passing) if (flags[name] !== undefined) given[name] = flags[name];
  // What fails now ends nothing that runs.
  compile(declared, contextOf({ ...request, verb: 'create', options: given }, host));
  const words = Object.entries(given).map((
    [name, value],
  ) => (value === true ? `--${name}` : `--${name}=${String(value)}`));
  const bundle = text(flags, 'bundle') ?? request.bundle;
  const config = text(flags, 'config') ?? request.configName;
  return [
    ...(request.status === 'created' ? ['create'] : ['run', '--detach']),
    ...words,
    ...(bundle === undefined ? [] : [`--bundle=${bundle}`]),
    ...(config === undefined ? [] : [`--config=${config}`]),
    request.id ?? '',
  ];
}

function show({ call, flags }: Subjects, changes: readonly Change[]): string {
  return renderChanges(changes, { file: call.configName, text: call.texts[call.configName] ?? '',
    json: isOn(flags, 'json') });
}

/** Why a change was refused, with the plan that takes back what was done inside the container. */
export function applyFailed(asked: Call, failure: Failure): Response {
  const flags = flagsOf(asked);
  const subjects = subjectsOf(withFlags(asked, flags), flags);
  const { call, declared } = subjects;
  const { plan, undo } = applicationOf(subjects, compile(declared, contextOf(call.request, call.host)));
  const found = interference(failure) ?? explain(plan!, declared, failure, () => call.configName)
    ?? diagnose('internal', {
      what: `operation ${failure.index} of ${failure.program} failed with errno ${failure.errno}`,
    });
  const errors = locateAll([found], call.texts[call.configName] ?? '', call.configName);
  const back = undo(failure.program, failure.index);
  return { ...answerErrors(errors, call.texts),
    ...(back === undefined ? {} : { plan: encodePlan(back, call.host.writer()) }) };
}
