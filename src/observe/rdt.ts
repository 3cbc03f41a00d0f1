// The observer of Intel RDT: the class of service in resctrl, its schemata, and whether init is in it.
import { errnoWords } from '../diagnostic/errno.ts';
import type { RdtJoin } from '../generated/plan.ts';
import { operationsOf, type Observer, type Report, type Subject } from './subject.ts';

const missing = 2;

function fileOf({ group }: RdtJoin, file: string): string {
  return group === '' ? file : `${group}/${file}`;
}

/** The monitoring group lists its own tasks, the class those of all. */
function tasksOf(operation: RdtJoin): string {
  return fileOf(operation, operation.monitor === undefined ? 'tasks' : `mon_groups/${operation.monitor}/tasks`);
}

export const rdt: Observer = {
  looks: (steps) =>
    operationsOf(steps, 'rdt.join').flatMap((operation) =>
      [fileOf(operation, 'schemata'), tasksOf(operation)].map((path) => ({ path, where: 'resctrl' as const }))
    ),
  compare: (steps, subject, report) => {
    for (const operation of operationsOf(steps, 'rdt.join')) {
      const { from, group } = operation;
      const file = subject.resctrl(fileOf(operation, 'schemata'));
      if (file.errno === missing) report.differ(from, `class ${group || '/'}`, 'no such class');
      else if (file.errno !== 0) report.unseen(from, `resctrl cannot be read: ${errnoWords(file.errno)}`);
      else {
        compareSchemata(operation, file.text, report);
        compareTasks(operation, subject, report);
      }
    }
  },
};

/** Values by resource and cache, `L3:0`, in the form that the kernel shows them: hexadecimal masks without leading zeros. */
function valuesOf(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [resource = '', domains = ''] = line.split(':');
    for (const domain of domains.split(';')) {
      const [id, value] = domain.split('=').map((part) => part.trim());
      if (value !== undefined) values.set(`${resource.trim()}:${id!}`, value.toLowerCase().replace(/^0+(?=.)/, ''));
    }
  }
  return values;
}

function compareSchemata({ from, schemata, compare }: RdtJoin, text: string, report: Report): void {
  const running = valuesOf(text);
  for (const [key, value] of valuesOf(`${compare.join('\n')}\n${schemata}`))
    report.compare(from, `${key}=${value}`, `${key}=${running.get(key) ?? 'none'}`);
}

function compareTasks(operation: RdtJoin, subject: Subject, report: Report): void {
  const { from, group, monitor } = operation;
  const tasks = subject.resctrl(tasksOf(operation));
  const pointer = monitor === undefined ? from : `${from}/enableMonitoring`;
  const name = monitor === undefined ? `in class ${group || '/'}` : `in monitoring group ${monitor}`;
  if (tasks.errno !== 0 && tasks.errno !== missing)
    return report.unseen(pointer, `resctrl cannot be read: ${errnoWords(tasks.errno)}`);
  const isIn = tasks.text.split(/\s+/).includes(subject.status('Pid') ?? '');
  report.compare(pointer, name, isIn ? name : `not ${name}`);
}
