// The command under the name crun: for engines and scripts that were written for it.
import type { Adapter, CommandHabits, Habits, Words } from './types.ts';
import { habits as own } from './veloci.ts';

export const habits = (): Habits => ({
  ...own,
  wording: 'crun',
  warnings: { stderr: 'none', log: 'none' },
  warnsOfAnnotations: false,
  completesIdMaps: true,
  refusesUnknownCapabilities: true,
  criuConfigs: ['/etc/criu/crun.conf', '/etc/criu/runc.conf'],
  createContainerDirectory: 'bundle',
  givesStdioGroup: true,
  // The kernel would have nothing to do with it.
  labelWithoutSelinux: 'ignored',
  listensWithoutRule: true,
  // It has always sent this one; its listeners compare it.
  seccompStateVersion: '0.2.0',
  subCgroupMayLack: true,
  writesStatus: true,
});

const command: CommandHabits = {
  unknownCommandStatus: 1,
  needsCommand: true,
  // The specification wants it refused.
  deletesCreated: true,
  listNeedsRoot: false,
  versionFeatures: '+SYSTEMD +CAP +SECCOMP +EBPF +CRIU',
  versionShowsRoot: true,
  versionNamesProgram: true,
  usageOperands: {
    create: '[OPTION]... CONTAINER',
    run: '[OPTION]... CONTAINER',
    update: '[OPTION]... CONTAINER',
    exec: 'CONTAINER cmd',
    kill: 'CONTAINER [SIGNAL]',
    mounts: '[add|remove] CONTAINER FILE',
    start: 'CONTAINER',
    state: 'CONTAINER',
    delete: 'CONTAINER',
    pause: 'CONTAINER',
    resume: 'CONTAINER',
    checkpoint: 'CONTAINER',
    restore: 'CONTAINER',
    ps: '',
    list: '',
    spec: '',
    features: '',
  },
};

const words: Words = {
  deadlineMissing: 'sched_setattr: `SCHED_DEADLINE` requires `{name}`',
  deadlineZero: 'sched_setattr: `SCHED_DEADLINE` {name} must be greater than 0',
  deadlineOrder: 'sched_setattr: `SCHED_DEADLINE` {name} ({value}) must be <= {other} ({limit})',
  deadlineRange: 'sched_setattr: `SCHED_DEADLINE` {name} ({value}) must be between {least} and {most}',
  subCgroup: 'invalid cgroup `{value}`: `..` components are not allowed',
};

export const crun: Adapter = { name: 'crun', habits, command, words, wordsAlone: {} };
