// A second build of this command, with which tests try what an upgrade does.
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaHash } from '../../../src/generated/plan-meta.ts';
import { runtimePath } from '../paths.ts';

/** All places of a pattern. */
function placesOf(pattern: Buffer, file: Buffer): number[] {
  const places: number[] = [];
  for (let offset = file.indexOf(pattern); offset >= 0; offset = file.indexOf(pattern, offset + 1)) places.push(offset);
  return places;
}

/** A 32-bit number as it may lie in a program: an integer, a double of JavaScript. */
function formsOf(number: number): Buffer[] {
  const integer = Buffer.alloc(4), double = Buffer.alloc(8);
  integer.writeUInt32LE(number);
  double.writeDoubleLE(number);
  return [integer, double];
}

/**
 * The command with the hash of another plan schema, everywhere: in the launcher, in the engine, and in the init program
 * that it carries. It is what a build of changed sources is to the containers of this one: neither reads the plans of the other.
 */
function salted(): Buffer {
  const file = readFileSync(runtimePath());
  const hash = Buffer.from(schemaHash, 'hex'), other = Buffer.from(hash);
  other[0]! ^= 1;
  const forms = formsOf(hash.readUInt32LE(0)), others = formsOf(other.readUInt32LE(0));
  const changes = [
    [Buffer.from(hash.toString('hex')), Buffer.from(other.toString('hex'))] as const,
    ...forms.map((form, index) => [form, others[index]!] as const),
  ];
  let count = 0;
  for (const [from, to] of changes) {
    for (const place of placesOf(from, file)) {
      to.copy(file, place);
      count++;
    }
  }
  if (count < 3) throw new Error(`the hash of the plan schema was found ${count} times in the command`);
  return file;
}

/** Puts another build of the command into a folder: VELOCI_OTHER, or this one with another plan schema. */
export function otherBuild(): string {
  const path = join(mkdtempSync('/tmp/other-'), 'veloci');
  const named = process.env['VELOCI_OTHER'];
  if (named !== undefined) {
    if (!existsSync(named)) throw new Error(`VELOCI_OTHER names ${named}, which does not exist here`);
    copyFileSync(named, path);
  } else {
    writeFileSync(path, salted());
  }
  chmodSync(path, 0o755);
  return path;
}
