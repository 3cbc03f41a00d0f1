import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan, encodeResponse } from '../../src/generated/encode.ts';
import { createWriter } from '../../src/host/writer.ts';
import { Random } from '../support/fuzz/random.ts';
import { fullPlan, randomPlan } from '../support/code/wire.ts';
import { tar } from '../support/image.ts';

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
    files: [{ path: '/a', where: 'root' }],
    relaunch: ['run', 'a'],
    edits: [{ content: 'k', forget: false, check: true }],
  }, writer);
  return [plan, encodePlan(fullPlan(new Random(1)), writer), response, ...random];
}

/** A state.json; the first byte chooses its reader. */
function textSeeds(): Uint8Array[] {
  const state = { ociVersion: '1.3.0', id: 'a', pid: 42, bundle: '/b', annotations: { 'k"\u0001': 'v', n: '{[,:]}' },
    more: [1, -2.5e3, null] };
  return [Buffer.concat([Buffer.from([5]), Buffer.from(JSON.stringify(state))])];
}

/** Archives of each form that layers have. */
function tarSeeds(): Uint8Array[] {
  return [
    tar([{ name: 'a', type: '5' }, { name: 'a/b', data: 'x'.repeat(600) }, { name: 'c', type: '2', link: 'a/b' }, {
      name: 'd',
      type: '1',
      link: 'a/b',
    }, { name: 'null', type: '3', device: [1, 3] }, { name: 'pipe', type: '6' }]),
    tar([{ name: 'a', data: 'x',
      pax: { path: 'long/'.repeat(40) + 'name', size: '1', uid: '70000', gid: '80000', mtime: '-1.5',
        'SCHILY.xattr.user.a': Buffer.from('a\0b'), comment: 'c' } }]),
    tar([{ name: 'L', type: 'L', data: `${'n/'.repeat(120)}a\0` }, { name: 'K', type: 'K', data: 'target\0' }, {
      name: 'a',
      type: '2',
      link: 'b',
    }]),
    tar([{ name: 'g', type: 'g', data: '13 comment=a\n' }, { name: 'a', magic: 'ustar  \0',
      uid: Buffer.from('80000000ffffff00', 'hex') }]),
  ];
}

const makers: Readonly<Record<string, () => Uint8Array[]>> = { image_tar_fuzz: tarSeeds, reader_fuzz: readerSeeds,
  texts_fuzz: textSeeds };

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
