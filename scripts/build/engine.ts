import { statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { command } from '../lib/command.ts';
import { inRoot, root } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';
import { init } from './programs.ts';
import { quickjs } from './third-party.ts';
import { muslFlags, toolchain } from './toolchain.ts';

const entry = inRoot('src', 'engine', 'main.ts');

/** Names of the embedded data. The engine is a script, not a module: it needs no job queue to start. */
const header = `#pragma once
#include <stdint.h>

// Data that the build puts into the command.
extern "C" {
// QuickJS bytecode of a script (not a module) for JS_ReadObject and JS_EvalFunction. It defines the global object
// \`veloci\` with the exports of src/engine/main.ts.
extern const uint8_t veloci_engine[];
extern const uint32_t veloci_engine_size;
// The program that enters containers: a static ELF file.
extern const uint8_t veloci_init[];
extern const uint32_t veloci_init_size;
// The texts of the command explain, as JSON (src/engine/topics.ts).
extern const uint8_t veloci_explain[];
extern const uint32_t veloci_explain_size;
}
`;

const bundling = {
  bundle: true,
  platform: 'neutral',
  target: 'es2023',
  format: 'iife',
  globalName: 'veloci',
  minify: true,
} satisfies BuildOptions;

/** Bundles src/engine/main.ts to one script of the plain language: an import of node:* is an error. */
async function bundle(): Promise<string> {
  const outfile = inRoot('build', 'engine', 'engine.js');
  await runStep({
    name: 'engine/bundle',
    key: bundling,
    inputs: [entry],
    outputs: [outfile],
    run: async () => {
      const files = { entryPoints: [entry], outfile, absWorkingDir: root };
      const { metafile } = await build({ ...bundling, ...files, metafile: true, logLevel: 'warning' });
      return Object.keys(metafile.inputs).map((file) => resolve(root, file));
    },
  });
  return outfile;
}

/** Bundle, bytecode and object of the engine. */
export async function engineObject(): Promise<string> {
  const [script, { qjsc }, tools] = await Promise.all([bundle(), quickjs(), toolchain()]);
  const source = inRoot('build', 'engine', 'engine.c');
  const object = inRoot('build', 'engine', 'engine.o');
  // -s strips line numbers and names of variables, which load slower than the code itself.
  const compile = ['-c', '-s', '-N', 'veloci_engine', '-o', source, script];
  const assemble = [...muslFlags(tools), '-O1', '-c', source, '-o', object];
  await runStep({
    name: 'engine/bytecode',
    key: [qjsc, compile, assemble, tools.version],
    inputs: [script],
    outputs: [object],
    run: async () => {
      await command(qjsc, compile);
      await command('gcc', assemble);
      console.log(`built the engine (${Math.round(statSync(script).size / 1000)} KB of script)`);
    },
  });
  return object;
}

/** A file as an object that defines `veloci_NAME` and `veloci_NAME_size`; `path` is one in the checkout. */
async function dataObject(name: string, path: string): Promise<string> {
  const source = inRoot('build', 'native', `embedded-${name}.S`);
  const object = inRoot('build', 'native', `embedded-${name}.o`);
  const text = `  .section .rodata.veloci_${name}, "a"
  .global veloci_${name}, veloci_${name}_size
  .balign 16
veloci_${name}:
  .incbin "${path}"
veloci_${name}_end:
  .balign 4
veloci_${name}_size:
  .long veloci_${name}_end - veloci_${name}
  .section .note.GNU-stack, "", @progbits
`;
  await runStep({
    name: `programs/embedded-${name}`,
    key: text,
    inputs: [inRoot(path)],
    outputs: [object],
    run: async () => {
      writeFileSync(source, text);
      await command('gcc', ['-c', source, '-o', object]);
    },
  });
  return object;
}

/** Writes embedded.h, which the sources of the command include. */
export async function embeddedHeader(): Promise<void> {
  const output = inRoot('build', 'native', 'include', 'embedded.h');
  await runStep({
    name: 'programs/embedded-header',
    key: header,
    inputs: [],
    outputs: [output],
    run: async () => writeFileSync(output, header),
  });
}

/** The objects that the command carries as data; the init program must have been built. */
export async function embeddedObjects(): Promise<string[]> {
  return Promise.all([
    engineObject(),
    dataObject('init', init.output),
    dataObject('explain', 'src/generated/explain.json'),
  ]);
}
