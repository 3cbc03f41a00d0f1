import type { Entries } from '../types.ts';

/** E09xx: faults of veloci itself and of its planner. */
export const internal = {
  processKilled: {
    code: 'E0963',
    message: '{detail} before its program ran',
    hint: 'a process of the container with CAP_KILL can do that, or somebody on the host; or memory was short: '
      + 'see the kernel log',
  },
  processHalted: {
    code: 'E0964',
    message: '{detail}, and does not go on',
    hint: 'a process of the container with CAP_KILL can do that, or somebody on the host',
  },
  internal: { code: 'E0901', native: true, message: 'internal error: {what}',
    hint: 'please report it with the command line and config.json' },
  operationFailed: {
    code: 'E0980',
    native: true,
    message: '{what}',
    hint: 'what the configuration asked for there is not known: config.json or request.json in the state directory '
      + 'cannot be read, or there is no memory for a planner; "veloci delete --force" removes the container',
  },
  plannerDied: { code: 'E0902', native: true, message: 'the planner died ({status})',
    hint: 'please report it with config.json' },
  plannerKilled: { code: 'E0955', native: true, message: 'the planner was killed (signal 9)',
    hint: 'memory may have run out (see the kernel log): raise the limit of the cgroup that the command runs in, '
      + 'or make config.json smaller; or somebody has killed it' },
  plannerSlow: { code: 'E0903', native: true, message: 'the planner used more than {seconds} s of processor time',
    hint: 'make config.json smaller' },
  plannerMemory: { code: 'E0904', native: true, message: 'the planner ran out of memory: it may use 192 MiB',
    hint: 'make config.json smaller; annotations take several times their size' },
  planLarge: { code: 'E0956', native: true, message: 'the plan is larger than {limit}',
    hint: 'make config.json smaller; each hook reads a copy of all annotations' },
  limit: { code: 'E0978', native: true, message: 'a limit of veloci is reached: {limit}',
    hint: 'stay below it: it cannot be raised' },
  planInvalid: { code: 'E0905', native: true, message: 'the plan is not valid: {what}',
    hint: 'please report it with config.json' },
  systemCall: {
    code: 'E0906',
    native: true,
    message: 'cannot {what} ({errno})',
    hint:
      'with ENOMEM, EMFILE, ENFILE or EAGAIN free memory, or raise the limits of the caller (see "ulimit -a"); "veloci doctor" shows what this host lacks',
  },
} as const satisfies Entries;
