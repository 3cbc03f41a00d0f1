// The prepared engine inside a program: see native/planner/snapshot.h. The program itself, started in a mode that only
// the build can set, writes the memory of its engine; runs at different addresses show which words are pointers into
// the program.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const magic = Buffer.from('VLCISNAP');
const headerSize = 24;
const states = { none: 0, write: 1, ready: 2 } as const;

/** Words that depend on the moment: the limits of the stack (two, set again at the start) and the seed of Math.random. */
const maxVolatile = 3;
const maxRuns = 16;

interface Memory {
  /** Address of the header in the run. */
  base: bigint;
  words: BigUint64Array;
}

export interface Snapshot {
  image: Buffer;
  /** Indexes of the words of the image that are offsets from the header. */
  relocations: number[];
}

/** Assembler source of the header and of room for `capacity` bytes. */
export function snapshotSource(capacity: number): string {
  return `  .section .rodata.veloci_snapshot, "a", @progbits
  .global veloci_snapshot
  .balign 64
veloci_snapshot:
  .ascii "${magic.toString()}"
  .long ${states.none}, 0, 0, ${capacity}
  .space ${capacity}
  .section .note.GNU-stack, "", @progbits
`;
}

function headerOffset(program: Buffer): number {
  const offset = program.indexOf(magic);
  if (offset < 0 || program.indexOf(magic, offset + 1) >= 0) throw new Error('the place of the snapshot is not unique');
  return offset;
}

/**
 * Starts a copy of the program in the mode `write`. An emulator places programs at the same address each time: as high as the
 * room allows that it is told to reserve, which is another one in each run.
 */
function runOnce(path: string, emulator: string | undefined, number: number): Memory {
  const reserve = (0x1800000000 + number * 0x10000000).toString(16);
  const [program, args] = emulator === undefined ? [path, []] : [emulator, ['-R', `0x${reserve}`, path]];
  const run = spawnSync(program, args, { maxBuffer: 64 << 20,
    env: emulator === undefined ? {} : { PATH: process.env['PATH'] } });
  if (run.error) throw new Error(`cannot run ${program}: ${run.error.message}`);
  if (run.status !== 0)
    throw new Error(`${path} ended with ${run.signal ?? run.status} when it wrote its engine`);
  const output = run.stdout;
  const size = Number(output.readBigUInt64LE(8));
  const words = new BigUint64Array(Math.ceil(size / 8));
  Buffer.from(words.buffer).set(output.subarray(16, 16 + size));
  return { base: output.readBigUInt64LE(0), words };
}

function compare(a: Memory, b: Memory): Snapshot {
  const relocations: number[] = [];
  const image = Buffer.alloc(a.words.byteLength);
  let unstable = 0;
  a.words.forEach((word, index) => {
    const other = b.words[index] as bigint;
    let value = word;
    if (word !== other && word - a.base === other - b.base) {
      relocations.push(index);
      value = BigInt.asUintN(64, word - a.base);
    } else if (word !== other) {
      unstable += 1;
      value = 0n;
    }
    image.writeBigUInt64LE(value, 8 * index);
  });
  if (unstable > maxVolatile || a.words.length !== b.words.length) {
    throw new Error(`the engine's memory is not the same in two runs: ${unstable} words differ`);
  }
  return { image, relocations };
}

/**
 * The snapshot of a linked program; undefined when the system starts programs at fixed addresses.
 * @param program path of the program, which is left as it is
 * @param beside path beside which a copy is written for the moment
 * @param emulator of the program's machine, when that is another one
 */
export function takeSnapshot(program: string, beside: string, emulator?: string): Snapshot | undefined {
  const bytes = readFileSync(program);
  bytes.writeUInt32LE(states.write, headerOffset(bytes) + 8);
  const copy = resolve(`${beside}.writes`);
  writeFileSync(copy, bytes);
  chmodSync(copy, 0o755);
  try {
    const first = runOnce(copy, emulator, 0);
    for (let run = 1; run <= maxRuns; run += 1) {
      const next = runOnce(copy, emulator, run);
      if (next.base !== first.base) return compare(first, next);
    }
    return undefined;
  } finally {
    rmSync(copy);
  }
}

/** Bytes that a snapshot needs behind the header. */
export function snapshotSize({ image, relocations }: Snapshot): number {
  return image.length + 4 * relocations.length;
}

/** Puts a snapshot into a linked program. */
export function putSnapshot(program: string, snapshot: Snapshot): void {
  const bytes = readFileSync(program);
  const offset = headerOffset(bytes);
  if (snapshotSize(snapshot) > bytes.readUInt32LE(offset + 20)) throw new Error('the snapshot is larger than its room');
  bytes.writeUInt32LE(states.ready, offset + 8);
  bytes.writeUInt32LE(snapshot.image.length, offset + 12);
  bytes.writeUInt32LE(snapshot.relocations.length, offset + 16);
  snapshot.image.copy(bytes, offset + headerSize);
  Buffer.from(Uint32Array.from(snapshot.relocations).buffer).copy(bytes, offset + headerSize + snapshot.image.length);
  writeFileSync(program, bytes);
}
