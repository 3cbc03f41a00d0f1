// npm run test:engines [-- WORD...]: engines of Debian through the runtime, as root, each on folders of its own and in
// a network namespace of its own. Words choose engines, `--step=REGEX` steps of theirs; `--peers` runs crun and runc too,
// for a table beside each other.
//
//   RUNTIME=PATH             the runtime (default dist/bin/veloci)
//   VELOCI_ENGINES_TRACE=1   a line for every step, with its time
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildah } from '../test/engines/buildah.ts';
import { containerd } from '../test/engines/containerd.ts';
import { cri } from '../test/engines/cri.ts';
import { docker } from '../test/engines/docker.ts';
import { makeImage } from '../test/engines/image.ts';
import { podman } from '../test/engines/podman.ts';
import { cgroupParent, enclosed } from '../test/engines/enclosure.ts';
import { postgres } from '../test/engines/postgres.ts';
import { rootless } from '../test/engines/rootless.ts';
import { upgrades } from '../test/engines/upgrade.ts';
import type { Engine, Session, Step } from '../test/engines/types.ts';
import { busyboxRootfs } from '../test/support/helpers.ts';
import { runtimePath, which } from '../test/support/paths.ts';
import { ExpectedError } from './lib/command.ts';
import { textsOf } from './lib/json.ts';

const engines: readonly Engine[] = [podman, rootless, containerd, cri, docker, buildah, ...upgrades, ...postgres];
/** In the environment of the process that is alone with the engines: its folder. */
const insideOf = 'VELOCI_ENGINES_FOLDER';
/** In the same place: the engines that cannot be tried, with the reasons. */
const skippedVariable = 'VELOCI_ENGINES_LEFT_OUT';
/** Seconds that one call of an engine may take. */
const timeLimit = 300;

/** Small commands that the steps' scripts use: e = the engine, r and d = ctr's run with an id first. */
function writeHelpers(dir: string, session: Session): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const write = (name: string, line: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  write('e', `exec timeout --foreground ${timeLimit} ${session.command.join(' ')} "$@"`);
  for (const [name, line] of Object.entries(session.helpers ?? {})) write(name, line);
  write('r', 'id=$1; shift; exec e $R "$id" "$@"');
  write('d', 'id=$1; shift; exec e $DETACH "$id" "$@"');
  return bin;
}

/** Runs a step; undefined when it is fine, else what came instead. */
function runStep(step: Step, env: Record<string, string>, session: Session): string | undefined {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', step.script], {
    ...session.user,
    env,
    cwd: env['D'],
    encoding: 'utf8',
    timeout: 4 * timeLimit * 1000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = `${stdout}${stderr}`.replaceAll('\r', '');
  const fine = step.want === undefined ? status === step.status : step.want.test(output);
  return fine ? undefined : `status ${status}: ${output.trim().split('\n').slice(-2).join(' | ').slice(0, 300)}`;
}

/** Runs the steps of an engine on a runtime; the failures by step. */
async function runEngine(
  engine: Engine,
  runtime: string,
  work: string,
  image: string,
  wanted: RegExp,
): Promise<Map<string, string>> {
  const dir = join(work, `${engines.indexOf(engine)}-${basename(runtime)}`);
  mkdirSync(dir);
  const session = await engine.begin(dir, runtime, image);
  const bin = writeHelpers(dir, session);
  const env = {
    ...process.env as Record<string, string>,
    HEALTH: ':',
    C: cgroupParent(work),
    ...session.env,
    D: dir,
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
  };
  const chosen = session.steps.filter((step) => wanted.test(step.name));
  const failures = new Map<string, string>();
  try {
    for (const step of chosen) {
      const failure = runStep(step, env, session);
      if (process.env['VELOCI_ENGINES_TRACE'])
        console.log(`${new Date().toISOString().slice(11, 19)} ${step.name}: ${failure ?? 'ok'}`);
      if (failure !== undefined) failures.set(step.name, failure);
    }
  } finally {
    await session.end();
  }
  console.log(`${engine.name} with ${basename(runtime)}: ${chosen.length - failures.size} of ${chosen.length} steps`);
  return failures;
}

/** Only what passes with a peer is this runtime's fault. */
function report(engine: Engine, results: ReadonlyMap<string, ReadonlyMap<string, string>>): void {
  const [tested = '', ...peers] = results.keys();
  for (const [step, why] of results.get(tested) ?? []) {
    const beside = peers.map((peer) => `${peer} ${results.get(peer)!.has(step) ? 'fails, too' : 'passes'}`);
    console.log(`  FAILED ${engine.name} > ${step}${beside.length === 0 ? '' : ` (${beside.join(', ')})`}\n    ${why}`);
  }
}

/** Runs the chosen engines; the number of steps that fail, though a peer that was tried passes them. */
async function runAll(args: readonly string[], work: string): Promise<number> {
  const words = args.filter((word) => !word.startsWith('--'));
  const runtimes = [
    runtimePath(),
    ...(args.includes('--peers') ? ['crun', 'runc'].map(which).filter((path) => path !== undefined) : []),
  ];
  const wanted = new RegExp(args.find((arg) => arg.startsWith('--step='))?.slice('--step='.length) ?? '');
  const image = makeImage(work);
  const unprepared = textsOf(JSON.parse(process.env[skippedVariable] ?? '{}'), skippedVariable);
  const skipped: string[] = [];
  let failed = 0, tried = 0;
  for (const engine of engines) {
    if (words.length > 0 && !words.some((word) => engine.name.includes(word))) continue;
    const reason = reasonAgainst(engine) ?? unprepared[engine.name];
    if (reason !== undefined) {
      skipped.push(`${engine.name} (${reason})`);
      continue;
    }
    tried += 1;
    const results = new Map<string, Map<string, string>>();
    try {
      for (const runtime of runtimes)
        results.set(basename(runtime), await runEngine(engine, runtime, work, image, wanted));
    } catch (error) {
      // One engine that does not start is no reason not to try the others.
      console.log(`  FAILED ${engine.name}: it does not start\n    ${inWords(error)}`);
      failed += 1;
      continue;
    }
    report(engine, results);
    const [, ...peers] = [...results.values()];
    for (const step of results.get(basename(runtimes[0]!))!.keys()) {
      if (peers.length === 0 || peers.some((peer) => !peer.has(step))) failed += 1;
    }
  }
  for (const line of skipped) console.log(`not run here: ${line}`);
  console.log(`${tried} engines tried, ${skipped.length} not run here, ${failed} failures`);
  return failed;
}

function inWords(error: unknown): string {
  return error instanceof Error ? error.message.trim().split('\n')[0]! : String(error);
}

/** Programs that are in no package of Debian 12, and where they come from. */
const elsewhere: Readonly<Record<string, string>> = { crictl: 'a program of the cri-tools project: put it into PATH' };

/** Why an engine cannot be tried on this machine. */
function reasonAgainst(engine: Engine): string | undefined {
  const missing = engine.needs.filter((program) => which(program) === undefined && program !== 'netavark');
  if (missing.length === 0) return undefined;
  const hints = new Set(missing.map((program) => elsewhere[program] ?? 'npm run setup -- --engines'));
  return `${missing.join(', ')} missing: ${[...hints].join('; ')}`;
}

/** Makes what takes a network; the reasons why an engine cannot be tried, by its name. */
function prepareAll(words: readonly string[]): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const engine of engines) {
    if (words.length > 0 && !words.some((word) => engine.name.includes(word))) continue;
    if (reasonAgainst(engine) !== undefined) continue;
    try {
      engine.prepare?.();
    } catch (error) {
      reasons[engine.name] = inWords(error);
    }
  }
  return reasons;
}

export async function main(args: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0) throw new ExpectedError('the engines are run as root');
  const work = process.env[insideOf];
  if (work === undefined) {
    process.env[skippedVariable] = JSON.stringify(prepareAll(args.filter((word) => !word.startsWith('--'))));
    busyboxRootfs();
    return enclosed(insideOf, ['scripts/run.mjs', 'test-engines', ...args]);
  }
  spawnSync('ip', ['link', 'set', 'lo', 'up']);
  return await runAll(args, work) > 0 ? 1 : 0;
}
