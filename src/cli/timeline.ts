// dprint-ignore-file: a table, one row a line where it fits
// The command timeline.
import { stateFiles } from './manual.ts';
import type { Command } from './types.ts';

export const timeline: Command = {
  name: 'timeline', summary: 'show where the start of a container spent its time', operands: 'ID', minOperands: 1,
  maxOperands: 1,
  description: 'Shows each operation of the container\'s last start, or of one of its last sixteen execs, with its process, duration and the line of config.json that '
    + 'caused it, and the share of engine, hooks, cgroups and mounts. Times are in milliseconds; dots in a bar are waiting. '
    + 'Prints text unless a flag selects another format.',
  flags: [
    { name: 'svg', kind: 'bool', summary: 'print a picture' },
    { name: 'chrome', kind: 'bool', summary: 'print trace events as JSON, for Perfetto and chrome://tracing' },
    {
      name: 'otlp', kind: 'bool',
      summary: 'print a trace of OpenTelemetry as JSON, below TRACEPARENT of the environment, or of the one that create had',
    },
    { name: 'exec', kind: 'int', value: 'N', summary: 'of an exec in place of the start: 1 is the last one' },
    { name: 'execs', kind: 'bool', summary: 'list the last execs: when, how long until the program ran, what' },
  ],
  examples: [
    { line: 'veloci timeline web1', what: 'see where the start of web1 spent its time' },
    { line: 'veloci timeline --svg web1 > start.svg', what: 'the same as a picture' },
  ],
  environment: ['TRACEPARENT'], files: stateFiles, see: ['run', 'plan', 'why'],
};
