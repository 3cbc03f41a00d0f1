// dprint-ignore-file: a table, one row a line where it fits
// The command capture.
import { bundle, config } from './flags.ts';
import { stateFiles } from './manual.ts';
import type { Command } from './types.ts';

export const capture: Command = {
  name: 'capture', summary: 'gather what a bug report needs in one archive', operands: '[ID]', minOperands: 0, maxOperands: 1,
  description: 'Writes a tar archive about a container, or about a bundle alone: configuration, plan, differences, timeline of the last '
    + 'start, how it ended, the end of its log, state, host facts, doctor and versions, below 1 MB. README.txt in it says what each file '
    + 'is, and what is missing and why: a container may run, be paused, have stopped, or be damaged. Values of environment variables and '
    + 'what looks like a secret are redacted; read it before you give it to others. The same facts give the same bytes.',
  flags: [
    { ...bundle, summary: 'the bundle [.]; of a container: another one than its own', path: true },
    { ...config, summary: 'another name for config.json, absolute or below the bundle' },
    { name: 'out', also: ['o'], kind: 'string', value: 'FILE', forEngine: false,
      summary: 'a new file for its owner alone; without it, standard output that is no terminal' },
  ],
  examples: [
    { line: 'veloci capture -o web1.tar web1', what: 'gather what is known of web1' },
    { line: 'veloci capture -b /srv/web | tar tv', what: 'list what would be gathered of a bundle' },
  ],
  files: ['config.json', ...stateFiles], see: ['why', 'diff', 'timeline'],
};
