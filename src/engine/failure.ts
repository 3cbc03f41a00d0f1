// Why a plan failed: the same request is compiled again, the failed operation found by its index, and its
// cause in the configuration by its pointer.
import { diagnose, diagnoseFailure, placeAt } from '../diagnostic/diagnose.ts';
import { cgroupAdvice } from '../diagnostic/table/cgroup-advice.ts';
import { fileSystem } from '../diagnostic/file-systems.ts';
import { signalWords } from '../diagnostic/signals.ts';
import type { Diagnostic, Holes, Place } from '../diagnostic/types.ts';
import type { Failure } from '../generated/protocol.ts';
import type { Spec } from '../generated/config.ts';
import { NamespaceFlag } from '../generated/plan.ts';
import type { CgroupUpdate, CgroupWrite, Operation, Plan, ProgramName } from '../generated/plan.ts';
import { operations } from '../generated/plan-meta.ts';
import { namespaceFiles } from '../spec/namespace-files.ts';
import { pointerNames, pointerPath } from '../spec/parse/position.ts';
import { suggest } from '../spec/suggest.ts';
import { blame } from './blame.ts';

/** Failures of the container's program that init knows better than by a step. */
const kinds: ReadonlySet<string> = new Set(['notFound', 'interpreter', 'notExecutable', 'format', 'execve']);

/** Machines of ELF files by their number (elf.h, EM_*). */
const machines: Readonly<Record<string, string>> = {
  2: 'sparc',
  3: 'i386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  43: 'sparc64',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
  258: 'loongarch64',
};

/** A sysctl as config.json names it. */
function sysctlName(from: string, path: string): string {
  const prefix = '/linux/sysctl/';
  return from.startsWith(prefix) ? pointerPath(from)[2] ?? path : path.replaceAll('/', '.');
}

/** What others have done to a process of ours: no operation is to blame. */
export function interference({ kind, detail }: Failure): Diagnostic | undefined {
  if (kind === 'killed') return diagnose('processKilled', { detail: detail?.words });
  return kind === 'halted' ? diagnose('processHalted', { detail: detail?.words }) : undefined;
}

/**
 * The diagnostic of a failed operation.
 *
 * @param plan the plan that failed, compiled again
 * @param spec the configuration it was compiled from
 * @param file name of the document that the operation's pointer is in, by that pointer; undefined = no
 * document
 * @param command the command that failed, for messages that name it
 */
export function explain(
  plan: Plan,
  spec: Spec,
  failure: Failure,
  file: (pointer: string) => string | undefined,
  command?: string,
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
  const fields: Holes = { ...fieldsOf(operation, step), ...detailOf(operation, failure) };
  const blamed = blame(operation, step, failure, fields['option'], spec);
  const name = file(blamed.pointer);
  const isNowhere = blamed.pointer === '' && operation.op !== 'start.refuse';
  const place = name === undefined || isNowhere
    ? undefined
    : { ...placeAt(blamed.pointer, name), ...(blamed.key ? { key: true as const } : {}) };
  const holes: Holes = { ...fields, ...(blamed.option === undefined ? {} : { option: blamed.option }),
    ...hintsOf(operation, spec), command };
  if (failure.detail?.limit !== undefined) return diagnose('limit', { limit: failure.detail.limit }, place);
  if (failure.kind === 'outOfMemory') return outOfMemory(spec, file);
  const start = startStep(operation, step, failure, fields['cause']);
  if (start !== undefined)
    return diagnoseFailure('process.start', start, failure,
      operation.op === 'program.find' ? { ...holes, path: operation.name } : holes, place);
  if (wasKilledShort(operation, spec, failure)) {
    const diagnostic = diagnoseFailure(operation.op, step, failure, holes, placeOf(limitPointer, file) ?? place);
    return { ...diagnostic,
      hint: `${failure.detail!.words!.trim()}: memory may have run out, raise linux.resources.memory.limit` };
  }
  // The number of these steps is no errno.
  const status = operation.op === 'hook.run' && (step === 'exit' || step === 'signal') ? failure.errno : undefined;
  // Said in words, CRIU's or ours.
  if (operation.op === 'criu.await' || operation.op === 'start.refuse')
    return diagnoseFailure(operation.op, step, { ...failure, errno: 0 }, holes, place);
  if (operation.op === 'cgroup.write' || operation.op === 'cgroup.update')
    return refusedValue(operation, step, failure, holes, place);
  return status === undefined
    ? diagnoseFailure(operation.op, step, failure, holes, place)
    : diagnoseFailure(operation.op, step, { ...failure, errno: 0 }, { ...holes, status,
      signal: signalWords(failure.errno) }, place);
}

/** The step of process.start that a program fails to run for: as init has seen it, or by its errno. */
function startStep(
  operation: Operation,
  step: string | undefined,
  failure: Failure,
  cause: Holes[string],
): string | undefined {
  if (typeof cause === 'string') return cause;
  if (failure.kind !== undefined && kinds.has(failure.kind)) return failure.kind;
  // A path is not looked up in PATH.
  return operation.op === 'program.find' && step === 'find' && operation.name.includes('/') ? 'notFound' : undefined;
}

/** A value of a cgroup: which file it is and who lacks it says more than the errno. */
function refusedValue(
  operation: CgroupWrite | CgroupUpdate,
  step: string | undefined,
  failure: Failure,
  holes: Holes,
  place: Place | undefined,
): Diagnostic {
  const diagnostic = diagnoseFailure(operation.op, step, failure, holes, place);
  const advice = step === 'find' || holes['lacking'] !== undefined
    ? undefined
    : cgroupAdvice(operation.file, failure.errno);
  return advice === undefined ? diagnostic : { ...diagnostic, hint: advice };
}

const limitPointer = '/linux/resources/memory/limit';

function placeOf(pointer: string, file: (pointer: string) => string | undefined): Place | undefined {
  const name = file(pointer);
  return name === undefined ? undefined : placeAt(pointer, name);
}

/** The place of the limit that was too low. */
function outOfMemory(spec: Spec, file: (pointer: string) => string | undefined): Diagnostic {
  const limited = spec.linux?.resources?.memory?.limit !== undefined;
  return diagnose('initOom', {}, limited ? placeOf(limitPointer, file) : undefined);
}

/**
 * Whether stager or init was killed below a limit of memory. systemd removes the cgroup with its last process, and with it the
 * count of those that the kernel has killed.
 */
function wasKilledShort({ op }: Operation, { linux }: Spec, { detail }: Failure): boolean {
  const awaits = op === 'process.await' || op === 'process.spawn' || op.startsWith('sync.') || op.startsWith('fd.');
  return awaits && Number(linux?.resources?.memory?.limit ?? 0) > 0 &&
    /was killed by signal 9$/.test(detail?.words?.trim() ?? '');
}

/** Fillings of hints that only the configuration can give. */
function hintsOf(operation: Operation, spec: Spec): Holes {
  switch (operation.op) {
    // A command line that was written as one word, as the list that it should be.
    case 'program.find':
      return operation.name.includes(' ') && spec.process?.args?.length === 1
        ? { words: JSON.stringify(operation.name.trim().split(/ +/)) }
        : {};
    case 'start.refuse':
      return { suggestion: suggest('process', Object.keys(spec).filter((key) => key !== 'process')) };
    case 'namespace.join':
      return { netns: /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(operation.path)?.[1] };
    case 'cgroup.write':
    case 'cgroup.update':
      return { property: pointerNames(operation.from).join('.') };
    default:
      return {};
  }
}

/** What messages may say of an operation: its simple fields, and its cgroup as a path. */
function fieldsOf(operation: Operation, step: string | undefined): Holes {
  const fields: Record<string, string | number | bigint> = {};
  for (const [key, value] of Object.entries(operation)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') fields[key] = value;
  }
  if ('dir' in operation)
    fields['path'] = operation.dir.path === ''
      ? operation.dir.mount
      : `${operation.dir.mount}/${operation.dir.path}`;
  if (operation.op === 'namespace.join') {
    fields['type'] = namespaceNames(operation.type);
    fields['kind'] = (namespaceFiles as Readonly<Record<string, string>>)[String(fields['type'])] ?? '';
  }
  if (operation.op === 'sysctl.write') fields['name'] = sysctlName(operation.from, operation.path);
  if (operation.op === 'state.write') fields['path'] = 'state.json';
  if (operation.op === 'state.keep') fields['path'] = step === 'plan' ? 'plan' : `${step}.json`;
  if (operation.op === 'notify.open') fields['path'] = 'notify';
  if ('types' in operation) fields['types'] = namespaceNames(operation.types);
  if (operation.op === 'program.run') {
    fields['name'] = operation.args[0] ?? '';
    fields['path'] = operation.args[0] ?? '';
  }
  return fields;
}

/** What came with the failure, as messages say it. */
function detailOf(operation: Operation, { detail = {} }: Failure): Holes {
  const words = detail.words?.trim() ?? '';
  switch (operation.op) {
    case 'mount.fs':
    case 'mount.reconfigure':
      // Words without a refused option are ours, not the kernel's.
      return detail.option === undefined ? { option: words, detail: '' } : { option: detail.option, detail: words };
    case 'mount.idmap':
      return detail.fileSystem === undefined ? {} : mappingOf(detail.fileSystem);
    case 'cgroup.write':
    case 'cgroup.update':
      return detail.lacking === undefined
        ? {}
        : { lacking: detail.lacking, ...delegationOf(operation.file, operation.dir.path, detail.lacking) };
    case 'program.run':
    case 'program.find': {
      const { cause, path, value = '' } = detail;
      // In program.find the path is that of the environment.
      if (cause === undefined) return operation.op === 'program.run' && path !== undefined ? { path } : {};
      return { path, cause, value, interpreter: value, machine: machines[value] ?? value };
    }
    default:
      return words === '' ? {} : { detail: words };
  }
}

/** What is known of the file system whose ids cannot be mapped. */
function mappingOf(magic: number): Holes {
  const { name, mapsIds } = fileSystem(magic);
  return { type: name, ...(mapsIds === undefined ? {} : { since: mapsIds }) };
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
function namespaceNames(types: number): string {
  const names = [];
  for (const [name, bit] of Object.entries(NamespaceFlag)) if ((types & bit) !== 0) names.push(name);
  return names.join(', ');
}
