import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { createInterface } from 'node:readline';
import { main as build, programsOf } from './build.ts';
import { lacksForeign, ownMachine } from './build/toolchain.ts';
import { buildTree } from './build/trees.ts';
import { ExpectedError } from './lib/command.ts';
import { endedBySignals } from './lib/ended.ts';
import { filesBelow } from './lib/files.ts';
import { inRoot, root } from './lib/root.ts';
import { SeenCodes } from './lib/seen-codes.ts';
import { TapReader, type Result } from './lib/tap-results.ts';
import { sweepCgroups } from '../test/support/leak.ts';

/** Folders of tests. The fuzzers are last: here they run a few seconds each. */
const folders = ['unit', 'native', 'integration', 'fuzz'];

/**
 * What runs while nothing else does: what changes the host's cgroup hierarchies, which every sandbox shares, or has cgroups
 * of the names that pages give, and the fuzzers, which measure. Everything else has a sandbox of its own, and two of them
 * run at once.
 */
function runsAlone(file: string): boolean {
  if (/^build\/test\/(fuzz|integration\/(cgroup|docs|systemd))\//.test(file)) return true;
  return /host\/(every-controller|v2-alone)/.test(readFileSync(inRoot(sourceOf(file)), 'utf8'));
}

/** The source of a compiled test. */
const sourceOf = (file: string): string => file.replace(/^build\//, '').replace(/\.js$/, '.ts');

/** The compiled tests whose paths contain one of the words; all without words. */
function selectTests(words: readonly string[], from: readonly string[] = folders): string[] {
  const wanted = words.map((word) => word.replace(/\.(test\.)?[jt]s$/, ''));
  const files = from
    .flatMap((folder) => filesBelow(`build/test/${folder}`, '.test.js'))
    .map((file) => relative(root, file))
    .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)));
  if (files.length === 0) throw new ExpectedError(`no test matches ${words.join(' ') || from.join(' ')}`);
  return files;
}

function count(results: readonly Result[], outcome: Result['outcome']): number {
  return results.filter((result) => result.outcome === outcome).length;
}

function summary(results: readonly Result[]): string {
  return `${count(results, 'passed')} passed, ${count(results, 'failed')} failed, ${count(results, 'skipped')} skipped`;
}

function report(file: string, results: readonly Result[]): void {
  console.log(`${file}: ${summary(results)}`);
  for (const { path, diagnostic } of results.filter(({ outcome }) => outcome === 'failed')) {
    console.log(`  FAILED ${path.join(' > ')}`);
    for (const line of diagnostic) console.log(`    ${line}`);
  }
}

/** Part of the names that the cgroups of this run have. */
const run = randomBytes(2).toString('hex');

/**
 * Runs tap and passes its output on as one line per file and the failures in full; the whole output is kept in
 * build/tests.tap.
 * @param seconds most that one file may take; what .taprc says when it is absent
 * @returns the results, how tap ended, and which errors were seen
 */
async function runTap(
  files: readonly string[],
  seconds?: number,
): Promise<{ results: Result[]; status: number | null; codes: SeenCodes }> {
  mkdirSync(inRoot('build'), { recursive: true });
  const record = createWriteStream(inRoot('build', 'tests.tap'));
  const results: Result[] = [];
  const codes = new SeenCodes();
  const limit = seconds === undefined ? [] : [`--timeout=${seconds}`];
  let worst: number | null = 0;
  for (const [part, jobs] of [[files.filter((file) => !runsAlone(file)), 2], [files.filter(runsAlone), 1]] as const) {
    if (part.length === 0) continue;
    const reader = new TapReader(report);
    const status = await tap([`--jobs=${jobs}`, ...limit, ...part], (line) => {
      record.write(`${line}\n`);
      reader.line(line);
      codes.line(line);
    });
    results.push(...reader.results);
    if (status !== 0) worst = status;
  }
  record.end();
  return { results, status: worst, codes };
}

/** Runs tap with these arguments, and resolves to how it has ended. What ends this process ends all that it has started. */
async function tap(args: readonly string[], onLine: (line: string) => void): Promise<number | null> {
  const program = inRoot('node_modules', 'tap', 'dist', 'esm', 'run.mjs');
  const child = spawn(process.execPath, [program, 'run', '--reporter=tap', ...args], {
    cwd: root,
    detached: true, // a group that can be ended as a whole
    env: { ...process.env, VELOCI_TEST_RUN: run },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Sandboxes end with what has started them.
  const withdraw = endedBySignals(child, () => sweepCgroups(`vt${run}`));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) onLine(line);
  return ended.finally(withdraw);
}

/** Says what did not run here and why, once per reason. */
function reportSkipped(results: readonly Result[]): void {
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of results.filter(({ outcome }) => outcome === 'skipped')) {
    const names = reasons.get(reason) ?? [];
    names.push(path.join(' > '));
    reasons.set(reason, names);
  }
  for (const [reason, names] of reasons) {
    console.log(`not run here: ${reason || 'no reason given'}`);
    for (const name of names) console.log(`  ${name}`);
  }
}

/** Whether a test that names a code was skipped here, for what this host lacks. */
function isSkipped(code: string, results: readonly Result[]): boolean {
  const files = new Set(results.filter(({ outcome }) => outcome === 'skipped').map(({ path }) => path[0] ?? ''));
  return [...files].some((file) => {
    const source = inRoot(sourceOf(file));
    return existsSync(source) && readFileSync(source, 'utf8').includes(code);
  });
}

/** Says which errors of the table no test has produced; 1 when there is one whose test was not skipped. */
function reportUnseen(codes: SeenCodes, results: readonly Result[]): number {
  const all = codes.missing();
  const missing = all.filter((line) => !isSkipped(line.slice(0, 5), results));
  const skipped = all.filter((line) => !missing.includes(line));
  if (skipped.length > 0) console.log(`errors whose tests were skipped here: ${skipped.join(', ')}`);
  if (missing.length > 0) console.log(`no test has produced these errors: ${missing.join(', ')}`);
  return missing.length > 0 ? 1 : 0;
}

/** The results of all runs of this process. */
const everything: Result[] = [];

/** Runs files and says what came of them; the exit status. `whole` is a run of all tests. */
async function runAndReport(files: readonly string[], seconds?: number, whole = false): Promise<number> {
  const { results, status, codes } = await runTap(files, seconds);
  everything.push(...results);
  reportSkipped(results);
  const failed = count(results, 'failed');
  if (status !== 0 && failed === 0) console.log(`tap itself failed with status ${status}: see build/tests.tap`);
  const unseen = whole ? reportUnseen(codes, results) : 0;
  console.log(summary(results));
  return failed > 0 || status !== 0 || unseen !== 0 ? 1 : 0;
}

/** Builds, then runs the fuzzers whose paths contain one of the words: about so many seconds each. */
export async function testFuzzers(words: readonly string[], seconds: number): Promise<number> {
  await build([]);
  // A file has several fuzzers at most.
  return runAndReport(selectTests(words, ['fuzz']), 10 * seconds + 240);
}

/** Integration tests that every run of all tests repeats with the checked command: a minute or two. */
const repeated = ['life/lifecycle', 'process/exec', 'mount/mounts'];

/** Builds the command with ASan and UBSan, and runs integration tests with it. */
export async function checkedTests(words: readonly string[]): Promise<number> {
  await build([]);
  await buildTree('checked');
  const runtime = inRoot('build', 'meson', 'checked', 'test', 'checked', 'veloci');
  console.log(`with ASan and UBSan: ${relative(root, runtime)}`);
  const before = process.env['RUNTIME'];
  process.env['RUNTIME'] = runtime;
  try {
    return await runAndReport(selectTests(words, ['integration']));
  } finally {
    if (before === undefined) delete process.env['RUNTIME'];
    else process.env['RUNTIME'] = before;
  }
}

/** Who has built for arm64 before gets that build tested, too, as it is now. Nobody else waits for it. */
async function renewForeign(): Promise<void> {
  const built = existsSync(inRoot(programsOf('aarch64'))) && ownMachine !== 'aarch64';
  if (built && lacksForeign('aarch64').length === 0) await build(['--arch', 'arm64', '--tests']);
}

/** Builds, then runs the tests whose paths contain one of the arguments (all without arguments). */
export async function main(args: readonly string[]): Promise<number> {
  // The native test programs take longest to build; tests of other folders do not need them.
  const native = args.length === 0 || args.some((word) => word.includes('native'));
  await build(native ? ['--tests'] : []);
  const whole = args.length === 0 && process.env['RUNTIME'] === undefined;
  const files = selectTests(args);
  if (files.includes('build/test/native/arm64.test.js')) await renewForeign();
  const failed = await runAndReport(files, undefined, whole);
  if (!whole) return failed;
  const checkedFailed = await checkedTests(repeated);
  console.log(`\n${summary(everything)}`);
  return Math.max(failed, checkedFailed);
}
