// What messages say when the command is started as crun: its words, where scripts look for them.
import type { DiagnosticName } from './table.ts';

/** The message of a line of the table in the words of crun; the same holes. */
export const crunMessages: Readonly<Partial<Record<DiagnosticName, string>>> = {
  deadlineMissing: 'sched_setattr: `SCHED_DEADLINE` requires `{name}`',
  deadlineZero: 'sched_setattr: `SCHED_DEADLINE` {name} must be greater than 0',
  deadlineOrder: 'sched_setattr: `SCHED_DEADLINE` {name} ({value}) must be <= {other} ({limit})',
  deadlineRange: 'sched_setattr: `SCHED_DEADLINE` {name} ({value}) must be between {least} and {most}',
  subCgroup: 'invalid cgroup `{value}`: `..` components are not allowed',
};
