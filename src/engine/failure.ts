// Why a plan failed: the same request is compiled again, the failed operation found by its index, and its
// cause in the configuration by its pointer.
import { diagnoseFailure, placeAt } from '../diagnostic/diagnose.ts';
import type { Diagnostic, Failure, Holes } from '../diagnostic/types.ts';
import type { Spec } from '../generated/config.ts';
import { NamespaceFlag } from '../generated/plan.ts';
import type { Operation, Plan, ProgramName } from '../generated/plan.ts';
import { operations } from '../generated/plan-meta.ts';

/** Failures of the container's program that init knows better than by a step. */
const kinds: ReadonlySet<string> = new Set(['seccomp', 'notFound', 'interpreter', 'notExecutable', 'format', 'execve']);

/**
 * The diagnostic of a failed operation.
 *
 * @param plan the plan that failed, compiled again
 * @param spec the configuration it was compiled from
 * @param file name of the document that the operation's pointer is in, by that pointer; undefined = no
 * document
 */
export function explain(
  plan: Plan, spec: Spec, failure: Failure, file: (pointer: string) => string | undefined,
): Diagnostic | undefined {
  let operation: Operation | undefined = plan.programs[failure.program as ProgramName]?.[failure.index];
  // In an alternative the way to the operation is in the higher bits of the step.
  let way = failure.step >> 8;
  while (operation !== undefined && operation.op === 'alt') {
    operation = (way & 1) === 0 ? operation.try : operation.else;
    way >>= 1;
  }
  if (operation === undefined) return undefined;
  const step = failure.step < 0 ? undefined : operations()[operation.op].steps[failure.step & 0xff];
  const fields: Holes = { ...fieldsOf(operation), ...detailOf(operation, failure) };
  const pointer = exactPointer(operation, step, fields['option'], spec);
  const name = file(pointer);
  const at = name === undefined || pointer === '' ? undefined : placeAt(pointer, name);
  if (failure.kind !== undefined && kinds.has(failure.kind)) {
    return diagnoseFailure('process.start', failure.kind, failure, fields, at);
  }
  // A path is not looked up in PATH.
  if (operation.op === 'program.find' && step === 'find' && operation.name.includes('/')) {
    return diagnoseFailure('process.start', 'notFound', failure, { ...fields, path: operation.name }, at);
  }
  // The number of these steps is no errno.
  const status = operation.op === 'hook.run' && (step === 'exit' || step === 'signal') ? failure.errno : undefined;
  // CRIU says it in words.
  if (operation.op === 'criu.await') return diagnoseFailure(operation.op, step, { ...failure, errno: 0 }, fields, at);
  return status === undefined
    ? diagnoseFailure(operation.op, step, failure, fields, at)
    : diagnoseFailure(operation.op, step, { ...failure, errno: 0 }, { ...fields, status }, at);
}

/** Members of a mount by the step that fails because of them. */
const mountMembers: Readonly<Record<string, string>> = { target: 'destination', source: 'source', fsopen: 'type' };

/** The member of a mount, or its option, that a step failed for; else the operation's own pointer. */
function exactPointer(
  operation: Operation, step: string | undefined, option: Holes[string], spec: Spec,
): string {
  const { from } = operation;
  if (step === undefined || !from.startsWith('/mounts/')) return from;
  const mount = spec.mounts?.[Number(from.slice('/mounts/'.length))];
  if (mount === undefined) return from;
  if (step === 'option' && typeof option === 'string') {
    const index = mount.options?.findIndex((text) => text === option || text.startsWith(`${option}=`) || text === `r${option}` || text === option.replace('_', '')) ?? -1;
    if (index >= 0) return `${from}/options/${index}`;
  }
  const member = mountMembers[step];
  return member !== undefined && member in mount ? `${from}/${member}` : from;
}

/** What messages may say of an operation: its simple fields, and its cgroup as a path. */
function fieldsOf(operation: Operation): Holes {
  const fields: Record<string, string | number | bigint> = {};
  for (const [key, value] of Object.entries(operation)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') fields[key] = value;
  }
  if ('dir' in operation) fields['path'] = operation.dir.path === '' ? operation.dir.mount : `${operation.dir.mount}/${operation.dir.path}`;
  if (operation.op === 'namespace.join') fields['type'] = namespaceNames(operation.type);
  if ('types' in operation) fields['types'] = namespaceNames(operation.types);
  if (operation.op === 'program.run') {
    fields['name'] = operation.args[0] ?? '';
    fields['path'] = operation.args[0] ?? '';
  }
  return fields;
}

/** The words that came with the failure, taken apart where the operation has a form for them. */
function detailOf(operation: Operation, failure: Failure): Holes {
  const detail = failure.detail?.trim() ?? '';
  if (detail === '') return {};
  if (operation.op === 'mount.fs' || operation.op === 'mount.reconfigure') {
    // The refused parameter, then the kernel's words.
    const colon = detail.indexOf(': ');
    return colon < 0 ? { option: detail, detail: '' } : { option: detail.slice(0, colon), detail: detail.slice(colon + 2) };
  }
  if (operation.op === 'cgroup.write') return { lacking: detail, ...delegationOf(operation.file, operation.dir.path, detail) };
  if (operation.op === 'program.run' || operation.op === 'process.start') {
    const mark = ': interpreter ';
    const at = detail.indexOf(mark);
    return at < 0 ? { path: detail } : { path: detail.slice(0, at), interpreter: detail.slice(at + mark.length) };
  }
  return { detail };
}

/**
 * Whose part it is to hand a controller down.
 *
 * @param cgroup path of the container's cgroup
 * @param lacking path of the cgroup.controllers that lacks it: of the first cgroup from the root without it
 */
function delegationOf(file: string, cgroup: string, lacking: string): Holes {
  const units = lacking.split('/').slice(0, -1).filter((name) => /\.(slice|service|scope)$/.test(name));
  // What the manager of a user is given, the slices above it are given too.
  const unit = /(?:^|\/)(user@[0-9]+\.service)\//.exec(cgroup)?.[1] ?? units[units.length - 1];
  return { controller: file.slice(0, Math.max(0, file.indexOf('.'))), unit: unit ?? 'the cgroup above' };
}

/** Names of a set of namespaces. */
export function namespaceNames(types: number): string {
  const names = [];
  for (const [name, bit] of Object.entries(NamespaceFlag)) if ((types & bit) !== 0) names.push(name);
  return names.join(', ');
}
