import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { arch } from 'node:process';
import { basename, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { main as build, programsOf } from './build.ts';
import { ExpectedError } from './lib/command.ts';
import { inRoot, root } from './lib/root.ts';
import { apk } from './package/apk.ts';
import { components, type Component } from './package/components.ts';
import { deb } from './package/deb.ts';
import { facts as factsOf, processorOf, type Facts, type Processor } from './package/facts.ts';
import { npmMain, npmPlatform } from './package/npm.ts';
import { rpm } from './package/rpm.ts';
import { sbom } from './package/sbom.ts';
import { sources } from './package/sources.ts';
import { tarball } from './package/tarball.ts';

type Maker = (facts: Facts, parts: readonly Component[], program: string, folder: string) => string | Promise<string>;

/** The kinds of packages, by the names that `--only` takes. */
const makers: Readonly<Record<string, Maker>> = { tarball, deb, rpm, apk, npm: npmMain, platform: npmPlatform, sbom,
  sources };

/** SHA256SUMS of the files, as sha256sum writes and checks it. */
function writeSums(files: readonly string[], folder: string): void {
  const lines = files.map((file) =>
    `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`
  );
  writeFileSync(join(folder, 'SHA256SUMS'), lines.sort((a, b) => a.slice(66) < b.slice(66) ? -1 : 1).join(''));
}

/** Kinds that are the same for every processor. */
const common: readonly string[] = ['npm', 'sources'];

function processorNamed(name: string): Processor {
  const processor = processorOf(name);
  if (processor === undefined) throw new ExpectedError(`no packages are made for ${name}`);
  return processor;
}

/**
 * Builds, then makes packages: `--arch amd64,arm64` for these processors in place of this machine's, `--only deb,tarball` some
 * of them, `--out DIR` elsewhere than in build/packages.
 */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { arch: { type: 'string', default: arch }, out: { type: 'string' }, only: { type: 'string' } },
  });
  const wanted = values.only?.split(',') ?? Object.keys(makers);
  const unknown = wanted.filter((kind) => !Object.hasOwn(makers, kind));
  if (unknown.length > 0) throw new ExpectedError(`no packages are made of the kind ${unknown.join(', ')}`);
  const processors = values.arch.split(',').map(processorNamed);
  for (const { deb: name } of processors) await build(['--arch', name]);
  const folder = values.out === undefined ? inRoot('build', 'packages') : resolve(root, values.out);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files: string[] = [];
  for (const processor of processors) {
    const [facts, parts] = [await factsOf(processor), await components(processor.machine)];
    const program = `${programsOf(processor.machine)}/bin/veloci`;
    const kinds = wanted.filter((kind) => processor === processors[0] || !common.includes(kind));
    for (const kind of kinds) files.push(await makers[kind]!(facts, parts, program, folder));
  }
  writeSums(files, folder);
  for (const file of files) console.log(`made ${relative(root, file)} (${Math.round(statSync(file).size / 1000)} KB)`);
}
