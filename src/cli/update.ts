// dprint-ignore-file: a table, one row a line where it fits
// The command update.
import { stateFiles } from './manual.ts';
import type { Command } from './types.ts';

export const update: Command = {
  name: 'update', summary: 'change the resource limits of a container', operands: 'ID', minOperands: 1, maxOperands: 1,
  description: 'Changes limits of a container that runs, from a file (`linux.resources` of config.json) or from flags. What is '
    + 'absent or zero stays as it is; -1 removes a limit. When the kernel refuses a value, those set before are restored. '
    + 'Sizes take the suffixes k, m, g, t and p.',
  flags: [
    {
      name: 'resources', also: ['r'], kind: 'string', value: 'FILE',
      summary: 'resources as JSON, - for standard input; flags for limits are then ignored',
    },
    { name: 'dry-run', kind: 'bool', summary: 'show what would be written to which file, and change nothing' },
    { name: 'memory', kind: 'string', value: 'BYTES', summary: 'memory limit', limit: ['memory', 'limit', 'bytes'] },
    { name: 'memory-reservation', kind: 'string', value: 'BYTES', summary: 'soft memory limit', limit: ['memory', 'reservation', 'bytes'] },
    { name: 'memory-swap', kind: 'string', value: 'BYTES', summary: 'limit of memory plus swap', limit: ['memory', 'swap', 'bytes'] },
    { name: 'cpu-share', kind: 'string', value: 'N', summary: 'relative weight of cpu time (2 to 262144)', limit: ['cpu', 'shares', 'natural'] },
    { name: 'cpu-period', kind: 'string', value: 'USEC', summary: 'period of the cpu quota', limit: ['cpu', 'period', 'natural'] },
    { name: 'cpu-quota', kind: 'string', value: 'USEC', summary: 'cpu time in each period', limit: ['cpu', 'quota', 'integer'] },
    { name: 'cpu-burst', kind: 'string', value: 'USEC', summary: 'unused cpu time that may be used later', limit: ['cpu', 'burst', 'natural'] },
    { name: 'cpu-idle', kind: 'string', value: '0|1', summary: 'with 1, run only when nothing else needs the cpu', limit: ['cpu', 'idle', 'natural'] },
    { name: 'cpu-rt-period', kind: 'string', value: 'USEC', summary: 'period of the realtime runtime (cgroup v1)', limit: ['cpu', 'realtimePeriod', 'natural'] },
    { name: 'cpu-rt-runtime', kind: 'string', value: 'USEC', summary: 'realtime cpu time in each period (cgroup v1)', limit: ['cpu', 'realtimeRuntime', 'integer'] },
    { name: 'cpuset-cpus', kind: 'string', value: 'LIST', summary: 'cpus that may be used, as in 0-2,7', limit: ['cpu', 'cpus', 'text'] },
    { name: 'cpuset-mems', kind: 'string', value: 'LIST', summary: 'memory nodes that may be used', limit: ['cpu', 'mems', 'text'] },
    { name: 'pids-limit', kind: 'string', value: 'N', summary: 'limit on the number of processes and threads', limit: ['pids', 'limit', 'tasks'] },
    { name: 'blkio-weight', kind: 'string', value: 'N', summary: 'relative weight of block I/O (10 to 1000)', limit: ['blockIO', 'weight', 'natural'] },
    { name: 'l3-cache-schema', kind: 'string', value: 'SCHEMA', summary: 'Intel RDT cache allocation', limit: ['intelRdt', 'l3CacheSchema', 'l3'] },
    { name: 'mem-bw-schema', kind: 'string', value: 'SCHEMA', summary: 'Intel RDT memory bandwidth', limit: ['intelRdt', 'memBwSchema', 'bandwidth'] },
    { name: 'kernel-memory', kind: 'string', value: 'BYTES', summary: 'accepted for compatibility', ignored: true },
    { name: 'kernel-memory-tcp', kind: 'string', value: 'BYTES', summary: 'accepted for compatibility', ignored: true },
  ],
  examples: [
    { line: 'veloci update --memory 512m --pids-limit 200 web1', what: 'change two limits of web1' },
    { line: 'veloci update --dry-run --cpu-quota 50000 web1', what: 'show what a new quota would write' },
  ],
  files: [...stateFiles, '/sys/fs/cgroup/'], see: ['apply', 'events', 'diff', 'cgroups(7)'],
};
