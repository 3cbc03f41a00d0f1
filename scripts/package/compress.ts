import { spawnSync } from 'node:child_process';

function filter(program: string, args: readonly string[], input: Buffer): Buffer {
  const { status, stdout, error } = spawnSync(program, args, { input, maxBuffer: 1 << 30 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} failed with status ${status}`);
  return stdout;
}

/** By gzip, without a name or a time. Node's own zlib differs from version to version, and from processor to processor. */
export function gzip(input: Buffer): Buffer {
  return filter('gzip', ['-9nc'], input);
}

/** By xz, in one thread: more of them would cut the data in other places. */
export function xz(input: Buffer): Buffer {
  return filter('xz', ['-6', '-T1', '-c'], input);
}
