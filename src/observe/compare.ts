// A plan compared with the container that it has made: each operation is read back by the observer that its schema names.
import { observerOf, type ObserverName } from '../generated/observers.ts';
import type { Spec } from '../generated/config.ts';
import type { FileLook, Operation, Plan } from '../generated/plan.ts';
import type { Observation } from '../generated/protocol.ts';
import { cgroupFiles, membership } from './cgroups.ts';
import { devicePrograms } from './device-programs.ts';
import { devices, links } from './devices.ts';
import { clocks, idMaps, loopback, names, namespaces, netDevices, sysctls } from './kernel.ts';
import { mounts } from './mounts.ts';
import { affinity, argumentsOfProgram, capabilities, environment, ids, ioPriority, label, memoryPolicy, oomScore,
  personality, privileges, rlimits, scheduler, seccomp, workingDirectory } from './process.ts';
import { rdt } from './rdt.ts';
import { Report, Subject, type Observers, type Step } from './subject.ts';

/** In the order in which they compare: mounts say what covers devices and links. */
const observers: Observers = {
  mounts,
  devices,
  links,
  namespaces,
  idMaps,
  clocks,
  names,
  sysctls,
  netDevices,
  loopback,
  membership,
  cgroupFiles,
  devicePrograms,
  rdt,
  ids,
  capabilities,
  privileges,
  seccomp,
  label,
  rlimits,
  oomScore,
  scheduler,
  ioPriority,
  affinity,
  personality,
  memoryPolicy,
  environment,
  arguments: argumentsOfProgram,
  workingDirectory,
};

/** The programs that make a container, in the order in which they run. */
const programs = ['create', 'stager', 'init'] as const;

/** The operations that an alternative may come to. */
function alternatives(operation: Operation): [Operation, ...Operation[]] {
  if (operation.op !== 'alt') return [operation];
  const rest = operation.else === undefined ? [] : alternatives(operation.else);
  return [...alternatives(operation.try), ...rest];
}

/** The steps of a plan by their observers. */
function stepsOf(plan: Plan): ReadonlyMap<ObserverName, readonly Step[]> {
  const found = new Map<ObserverName, Step[]>();
  for (const program of programs) {
    for (const operation of plan.programs[program] ?? []) {
      const optional = operation.op === 'alt' && operation.else === undefined;
      const step: Step = { operations: alternatives(operation), optional, from: operation.from };
      const own = new Set(step.operations.map(({ op }) => observerOf[op]));
      for (const name of own) if (typeof name === 'string') found.set(name, [...found.get(name) ?? [], step]);
    }
  }
  return found;
}

/** What has to be looked at to compare a plan. */
export function looksOf(plan: Plan, spec: Spec): FileLook[] {
  const steps = stepsOf(plan);
  const looks = Object.entries(observers).flatMap(([name, { looks: of }]) =>
    of?.(steps.get(name as ObserverName) ?? [], spec) ?? []
  );
  const known = new Set<string>();
  return looks.filter(({ path, where }) => {
    const key = `${where} ${path}`;
    return !known.has(key) && known.add(key);
  });
}

/** What was seen of the container of a plan. */
export function subjectOf(plan: Plan, spec: Spec, live: Observation): Subject {
  return new Subject(spec, live, plan.programs.create?.some(({ op }) => op === 'dbus.send') === true);
}

/** Compares a plan with what was seen. */
export function compareLive(plan: Plan, spec: Spec, live: Observation): Report {
  const steps = stepsOf(plan);
  const subject = subjectOf(plan, spec, live);
  const report = new Report();
  for (const [name, { compare }] of Object.entries(observers))
    compare(steps.get(name as ObserverName) ?? [], subject, report);
  return report;
}
