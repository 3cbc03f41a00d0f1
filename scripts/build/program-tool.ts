// What the trees of native programs call while they are built: data to embed, and the prepared engine of a program.
//
//   embed NAME FILE OUT.S        an object that defines veloci_NAME and veloci_NAME_size
//   digest NAME FILE OUT.S       an object that defines veloci_NAME_digest, the SHA-256 of the file
//   room 0|PROGRAM OUT.S [EMULATOR]         an object with room for the engine that PROGRAM prepares (0: none)
//   finish BYTES PROGRAM OUT [EMULATOR]     PROGRAM with its engine in that room, of at most BYTES (0: any size)
//   limit BYTES PROGRAM OUT      PROGRAM, of at most BYTES
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { putSnapshot, snapshotSize, snapshotSource, takeSnapshot } from './snapshot.ts';

function embed(name: string, file: string, output: string): void {
  writeFileSync(
    output,
    `  .section .rodata.veloci_${name}, "a"
  .global veloci_${name}, veloci_${name}_size
  .balign 16
veloci_${name}:
  .incbin "${resolve(file)}"
veloci_${name}_end:
  .balign 4
veloci_${name}_size:
  .long veloci_${name}_end - veloci_${name}
  .section .note.GNU-stack, "", @progbits
`,
  );
}

function digest(name: string, file: string, output: string): void {
  const text = createHash('sha256').update(readFileSync(file)).digest('hex');
  writeFileSync(
    output,
    `  .section .rodata.veloci_${name}_digest, "a"
  .global veloci_${name}_digest
veloci_${name}_digest:
  .asciz "${text}"
  .section .note.GNU-stack, "", @progbits
`,
  );
}

function room(program: string, output: string, emulator?: string): void {
  const snapshot = program === '0' ? undefined : takeSnapshot(program, output, emulator);
  if (program !== '0' && snapshot === undefined)
    console.log(`${basename(program)} gets no prepared engine: this system starts programs at fixed addresses`);
  writeFileSync(output, snapshotSource(snapshot === undefined ? 0 : snapshotSize(snapshot)));
}

function limit(most: string, program: string, output: string): void {
  copyFileSync(program, output);
  const { size } = statSync(output);
  if (Number(most) === 0 || size <= Number(most)) return;
  rmSync(output);
  throw new Error(`${basename(output)} has ${size} bytes, more than the ${most} that it may have`);
}

function finish(most: string, program: string, output: string, emulator?: string): void {
  const snapshot = takeSnapshot(program, output, emulator);
  limit(most, program, output);
  if (snapshot !== undefined) putSnapshot(output, snapshot);
  chmodSync(output, 0o755);
}

const actions: Readonly<Record<string, (...args: string[]) => void>> = { embed, digest, room, finish, limit };
const [action = '', ...args] = process.argv.slice(2);
try {
  const act = actions[action];
  if (act === undefined) throw new Error(`no such action: ${action}`);
  act(...args);
} catch (error) {
  console.error(`program-tool: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
