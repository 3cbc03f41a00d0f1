// Appliers of cgroups and of resctrl: the same operations as those of update.
import { deviceProgram } from '../cgroup/device-bpf.ts';
import { shownList } from '../cgroup/device-list.ts';
import { deviceRules } from '../cgroup/device-rules.ts';
import { newDraft } from '../plan/begin.ts';
import { compileUpdate } from '../plan/compile-update.ts';
import { writeSchemata } from '../plan/concern/cgroup/rdt.ts';
import { resourcesPointer } from '../plan/update/merge.ts';
import { findValue, type JsonValue } from '../spec/parse/value.ts';
import { leaveRemoved, type Applier } from './job.ts';

export const resources: Applier = (job, changes) => {
  const { declared, kept, context, subject } = job;
  const changed = leaveRemoved(changes);
  if (changed.length === 0) return;
  // A list that was not there is one change, and each of its elements has settings.
  const given = new Map(changed.flatMap(({ property }) => {
    const value = findValue(declared as unknown as JsonValue, property);
    const elements = Array.isArray(value) ? value.map((_, index) => `${property}/${index}`) : [];
    return [property, ...elements].map((pointer) => [pointer, pointer] as const);
  }));
  const before = { ...declared, linux: { ...declared.linux, resources: kept.linux?.resources ?? {} } };
  const list = subject.cgroupFile('devices.list');
  const { operations } = compileUpdate(before, { resources: declared.linux?.resources ?? {}, given }, undefined,
    context, list.errno === 0 ? shownList(list.text, `${resourcesPointer}/devices`) : undefined);
  for (const operation of operations) {
    job.host.push(operation);
    // The program that was there is gone then.
    if (operation.op === 'cgroup.devices') {
      const program = deviceProgram(deviceRules(kept.linux?.resources?.devices));
      job.undo.push({ ...operation, from: `${resourcesPointer}/devices`, program });
    }
  }
};

export const rdt: Applier = (job, changes) => {
  const { declared, kept, context } = job;
  const changed = leaveRemoved(changes);
  if (changed.length === 0) return;
  if (kept.linux?.intelRdt === undefined) {
    const reason = 'the processes are in the class of the host already';
    for (const change of changed) change.outcome = { kind: 'restart', reason };
    return;
  }
  const d = newDraft(declared, declared.process ?? { cwd: '/' }, '/process', context);
  writeSchemata(d);
  job.host.push(...d.host);
};
