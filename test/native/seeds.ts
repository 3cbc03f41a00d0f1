import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan, encodeResponse } from '../../src/generated/encode.ts';
import { createWriter } from '../../src/host/writer.ts';
import { Random } from '../support/random.ts';
import { fullPlan, randomPlan } from '../support/wire.ts';

/** Plans and a response of the encoder: the fuzzer starts from what is valid. */
function readerSeeds(): Uint8Array[] {
  const writer = createWriter();
  const random = Array.from({ length: 40 }, (_, seed) => encodePlan(randomPlan(new Random(seed)), writer));
  const plan = encodePlan({ planVersion: 1, programs: {} }, writer);
  const response = encodeResponse({
    exitCode: 1,
    plan,
    text: 'a',
    error: 'b',
    explained: '',
    code: 'E0901',
    keys: '',
    warnings: '',
    files: [{ path: '/a', inRoot: true }],
  }, writer);
  return [plan, encodePlan(fullPlan(new Random(1)), writer), response, ...random];
}

const makers: Readonly<Record<string, () => Uint8Array[]>> = { reader_fuzz: readerSeeds };

/**
 * Writes the seeds that a fuzz target has into a folder.
 * @returns whether it has any
 */
export function writeSeeds(target: string, folder: string): boolean {
  const make = makers[target];
  if (make === undefined) return false;
  mkdirSync(folder, { recursive: true });
  make().forEach((bytes, index) => writeFileSync(join(folder, `seed-${index}`), bytes));
  return true;
}
