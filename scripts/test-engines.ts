// npm run test:engines [-- WORD...]: engines of Debian through the runtime, as root, each on folders of its own and in
// a network namespace of its own. Words choose engines; `--peers` runs crun and runc too, for a table beside each other.
//
//   RUNTIME=PATH   the runtime (default dist/bin/veloci)
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildah } from '../test/engines/buildah.ts';
import { containerd } from '../test/engines/containerd.ts';
import { docker } from '../test/engines/docker.ts';
import { makeImage } from '../test/engines/image.ts';
import { podman } from '../test/engines/podman.ts';
import type { Engine, Session, Step } from '../test/engines/types.ts';
import { runtimePath, which } from '../test/support/paths.ts';
import { ExpectedError } from './lib/command.ts';

const engines: readonly Engine[] = [podman, containerd, docker, buildah];
const inside = 'VELOCI_ENGINES_INSIDE';
/** Seconds that one call of an engine may take. */
const patience = 60;

/** Small commands that the steps' scripts use: e = the engine, r and d = ctr's run with an id first. */
function writeHelpers(dir: string, session: Session): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const write = (name: string, line: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  write('e', `exec timeout ${patience} ${session.command.join(' ')} "$@"`);
  write('r', 'id=$1; shift; exec e $R "$id" "$@"');
  write('d', 'id=$1; shift; exec e $DETACH "$id" "$@"');
  return bin;
}

/** Runs a step; undefined when it is fine, else what came instead. */
function runStep(step: Step, env: Record<string, string>): string | undefined {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', step.script], { env, encoding: 'utf8', timeout: 4 * patience * 1000, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = `${stdout}${stderr}`.replaceAll('\r', '');
  const fine = step.want === undefined ? status === step.status : step.want.test(output);
  return fine ? undefined : `status ${status}: ${output.trim().split('\n').slice(-2).join(' | ').slice(0, 300)}`;
}

/** Runs the steps of an engine on a runtime; the failures by step. */
async function runEngine(engine: Engine, runtime: string, work: string, image: string): Promise<Map<string, string>> {
  const dir = join(work, `${engine.name}-${basename(runtime)}`);
  mkdirSync(dir);
  const session = await engine.begin(dir, runtime, image);
  const bin = writeHelpers(dir, session);
  const env = { ...process.env as Record<string, string>, HEALTH: ':', ...session.env, D: dir, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const failures = new Map<string, string>();
  try {
    for (const step of session.steps) {
      const failure = runStep(step, env);
      if (failure !== undefined) failures.set(step.name, failure);
    }
  } finally {
    await session.end();
  }
  console.log(`${engine.name} with ${basename(runtime)}: ${session.steps.length - failures.size} of ${session.steps.length} steps`);
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

/** Unmounts what engines have left below the folder, deepest first, and removes it. */
function cleanUp(work: string): void {
  spawnSync('sh', ['-c', 'awk -v d="$1/" \'index($5, d) == 1 {print $5}\' /proc/self/mountinfo | sort -r | xargs -r umount -l', 'sh', work]);
  rmSync(work, { recursive: true, force: true });
}

export async function main(args: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0) throw new ExpectedError('the engines are run as root');
  if (process.env[inside] === undefined) {
    const again = spawnSync('unshare', ['-m', '-n', '--propagation', 'private', process.execPath, 'scripts/run.mjs', 'test-engines', ...args], {
      stdio: 'inherit', env: { ...process.env, [inside]: '1', RUNTIME: runtimePath() },
    });
    return again.status ?? 1;
  }
  spawnSync('ip', ['link', 'set', 'lo', 'up']);
  const words = args.filter((word) => !word.startsWith('--'));
  const runtimes = [runtimePath(), ...(args.includes('--peers') ? ['crun', 'runc'].map(which).filter((path) => path !== undefined) : [])];
  const work = mkdtempSync(join(tmpdir(), 'veloci-engines-'));
  let failed = 0;
  try {
    const image = makeImage(work);
    for (const engine of engines) {
      if (words.length > 0 && !words.some((word) => engine.name.includes(word))) continue;
      const missing = engine.needs.filter((program) => which(program) === undefined && program !== 'netavark');
      if (missing.length > 0) {
        console.log(`not run here: ${engine.name} (${missing.join(', ')} missing: npm run setup -- --engines)`);
        continue;
      }
      const results = new Map<string, Map<string, string>>();
      for (const runtime of runtimes) results.set(basename(runtime), await runEngine(engine, runtime, work, image));
      report(engine, results);
      const [, ...peers] = [...results.values()];
      for (const step of results.get(basename(runtimes[0]!))!.keys()) {
        if (peers.length === 0 || peers.some((peer) => !peer.has(step))) failed += 1;
      }
    }
  } finally {
    cleanUp(work);
  }
  return failed > 0 ? 1 : 0;
}
