// dprint-ignore-file: a table, one row a line where it fits
// The command spec.
import { bundle } from './flags.ts';
import type { Command } from './types.ts';

export const spec: Command = {
  name: 'spec', first: 1, summary: 'write a default config.json, or format, merge or migrate one', operands: '[fmt|merge|migrate] [FILE] [FILE]',
  minOperands: 0, maxOperands: 3,
  description: 'Writes a configuration that runs `sh` in the root file system `rootfs` beside it. An existing file is not '
    + 'overwritten. With `--from FILE` the configuration of an image says what it runs, by the rules of image-spec. `fmt` prints a configuration with its members in the order of the specification and two spaces; `merge BASE PATCH` '
    + 'one with a JSON Merge Patch (RFC 7386) applied; `migrate` one in terms of the newest version that is known, and on standard '
    + 'error what has changed, or it is refused. All three keep unknown properties and each digit of a number. Maps keep the order of their keys.',
  flags: [
    { ...bundle, summary: 'where to write it, or what fmt and migrate read [.]' },
    { name: 'rootless', kind: 'bool', summary: 'for an unprivileged user, with a user namespace' },
    { name: 'file', also: ['f'], kind: 'string', value: 'FILE', summary: 'another name for config.json, absolute or relative to the bundle; - for standard input' },
    { name: 'write', also: ['w'], kind: 'bool', summary: 'fmt: replace the file, atomically' },
    { name: 'check', kind: 'bool', summary: 'fmt: write nothing, and exit with 2 when it would change the file' },
    { name: 'from', kind: 'string', value: 'MODEL',
      summary: 'runc: the defaults of `runc spec`, with few capabilities; docker-default: those of a container of Docker 24; else a file with '
        + 'the configuration of an image, with a point or a slash in its name; - for standard input [runc]' },
  ],
  examples: [
    { line: 'veloci spec', what: 'write config.json into the current directory' },
    { line: 'veloci spec --from image.json', what: 'write what an image asks for' },
    { line: 'veloci spec fmt --write -b /srv/web', what: 'format /srv/web/config.json' },
    { line: 'veloci spec merge config.json debug.json > merged.json', what: 'apply the changes of debug.json' },
    { line: 'veloci spec migrate -b /srv/web', what: 'show the same configuration for the newest version' },
  ],
  exits: [['2', 'With `fmt --check`: the file would be changed.']],
  files: ['config.json'], see: ['validate', 'plan', 'explain'],
};
