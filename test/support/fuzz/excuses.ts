// Where veloci differs from both peers on purpose: one excuse each, as narrow as it can be, with its reason.
import type { Config } from '../spec.ts';

export interface Verdicts {
  ours: 'accepted' | 'refused';
  theirs: ('accepted' | 'refused')[];
  /** What veloci said. */
  stderr: string;
  /** The fact inside that differs; undefined when the verdict does. */
  fact?: string;
}

interface Excuse {
  why: string;
  holds: (config: Config, verdicts: Verdicts) => boolean;
}

/** A refusal of ours, by its words, of what the peers take. */
const refusal = (words: RegExp, why: string): Excuse => ({ why,
  holds: (_config, { ours, stderr }) => ours === 'refused' && words.test(stderr) });

const excuses: readonly Excuse[] = [
  refusal(/E0429: /, 'the id 4294967295 means "no id" to the kernel: setresuid(2) would keep that of the runtime'),
  refusal(/E0410: maskedPaths\[/, 'config-linux "Masked Paths": the values MUST be absolute paths'),
  refusal(/E0410: readonlyPaths\[/, 'config-linux "Readonly Paths": the values MUST be absolute paths'),
  refusal(/E0410: device path /, 'config-linux "Devices": path is the full path to the device inside of the container'),
  refusal(/E0410: path of \w+ hook \d+ /, 'config "POSIX-platform Hooks": path MUST be an absolute path'),
  refusal(/E0808: /, 'config-linux "Devices": a file at the path that is not that device MUST be an error'),
  refusal(/E0449: /, 'config "Annotations": keys MUST NOT be an empty string'),
  { why: 'capabilities that the kernel would refuse (capset(2)) are left out with a warning; the peers fail',
    holds: (_config, { ours, stderr, fact }) => fact === undefined && ours === 'accepted' && /E0495: /.test(stderr) },
  refusal(/E0301: .* not null /, 'the schema of the specification has no null: the peers take it for an empty value'),
];

/** Why this difference is right; undefined when nothing says so. */
export function excuseFor(config: Config, verdicts: Verdicts): string | undefined {
  return excuses.find(({ holds }) => holds(config, verdicts))?.why;
}
