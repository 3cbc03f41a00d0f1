import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { EngineVerb, Request } from '../../src/generated/protocol.ts';
import { engine, engineOf } from '../support/code/both-engines.ts';
import { hostFacts, nodeHost } from '../../src/host/node.ts';
import { inRoot } from '../../scripts/lib/root.ts';

const driver = inRoot('build', 'meson', 'release', 'native', 'programs', 'planner-driver');
const facts = { ...hostFacts(), terminal: false };

function request(verb: EngineVerb, options: Request['options'] = {}): Request {
  return { verb, options, facts, id: 'c1', bundle: '/bundle', configName: 'config.json' };
}

type Config = Record<string, unknown> & { process: Record<string, unknown>; linux: Record<string, unknown> };

/** The configuration of `veloci spec`, and variations of it. */
function configs(folder: string): Map<string, Uint8Array> {
  const response = Buffer.from(engine(request('spec'), {}, nodeHost()));
  const text = response.toString('utf8');
  const spec = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Config;
  const profile = JSON.parse(readFileSync(inRoot('schema', 'docker-seccomp.json'), 'utf8')) as {
    defaultAction: string;
    syscalls: { names: string[]; action: string; args?: unknown[]; includes?: object; excludes?: object }[];
  };
  const detached = { ...spec, process: { ...spec.process, terminal: false } };
  const seccomp = {
    defaultAction: profile.defaultAction,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: profile.syscalls.filter(({ includes, excludes }) => !Object.keys({ ...includes, ...excludes }).length)
      .map(({ names, action, args }) => ({ names, action, ...(args?.length ? { args } : {}) })),
  };
  const filtered = { ...detached, linux: { ...spec.linux, seccomp } };
  const unusual = { ...detached, hostname: 'grüße-😀', annotations: { '\ud800': 'lone', 'a"\\': '\u2028' } };
  const wrong = { ...detached, ociVersion: 7, linux: { ...spec.linux, maskedPaths: [1, '/a'], unknownKey: {} } };
  const text2 = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value, null, 2));
  const found = new Map<string, Uint8Array>([
    ['terminal', text2(spec)],
    ['detached', text2(detached)],
    ['seccomp', text2(filtered)],
    ['unusual', text2(unusual)],
    ['wrong', text2(wrong)],
    ['no object', Buffer.from('[1, 2]')],
    ['empty', Buffer.from('')],
    ['escapes that JSON does not have', Buffer.from('{"ociVersion":"\\x41"}')],
    ['leading zero', Buffer.from('{"a":01}')],
    ['large numbers',
      Buffer.from(JSON.stringify(detached).replace('"oomScoreAdj":0', '"oomScoreAdj":18446744073709551616'))],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22])],
    ['bom', Buffer.from('\ufeff{}')],
  ]);
  for (const [name, bytes] of found) writeFileSync(join(folder, `${name}.json`), bytes);
  return found;
}

t.test('QuickJS and Node give the same bytes', async (t) => {
  const folder = t.testdir();
  const verbs: EngineVerb[] = ['create', 'validate', 'plan'];
  for (const [name, config] of configs(folder)) {
    for (const verb of verbs) {
      const file = join(folder, `${verb}.request`);
      writeFileSync(file, JSON.stringify(request(verb)));
      const node = Buffer.from(engine(request(verb), { config }, nodeHost()));
      for (const mode of ['answer', 'bytecode']) {
        const quickjs = execFileSync(driver, [mode, engineOf(verb), file, join(folder, `${name}.json`)], {
          maxBuffer: 32 << 20,
        });
        t.ok(quickjs.equals(node), `${verb} of ${name}, ${mode}: ${quickjs.length} and ${node.length} bytes`);
      }
    }
  }
});

const brackets = (count: number): Buffer => Buffer.alloc(count, '[');
const mebibyte = 1 << 20;

t.test('a hostile configuration ends in one clear answer, soon', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'request');
  writeFileSync(file, JSON.stringify(request('validate')));
  const hostile: [string, Buffer][] = [
    ['16 MiB of [', brackets(16 * mebibyte)],
    ['16 MiB of {"a":', Buffer.from('{"a":'.repeat(16 * mebibyte / 5))],
    ['one string of 16 MiB', Buffer.from(`"${'x'.repeat(16 * mebibyte - 2)}"`)],
    ['16 MiB of numbers', Buffer.from(`[${'1,'.repeat(8 * mebibyte - 2)}1]`)],
    ['a million members', Buffer.from(`{${Array.from({ length: mebibyte }, (_, index) => `"${index}":0`).join(',')}}`)],
    ['the same member again and again', Buffer.from(`{${'"a":0,'.repeat(2 * mebibyte)}"a":0}`)],
    ['escapes without end', Buffer.from(`"${'\\u0041'.repeat(2 * mebibyte)}`)],
    ['depth 65', Buffer.concat([brackets(65), Buffer.alloc(65, ']')])],
    ['a number of a million digits', Buffer.from(`{"ociVersion":${'1'.repeat(mebibyte)}}`)],
    ['nothing but zeros', Buffer.alloc(mebibyte)],
  ];
  for (const [name, config] of hostile) {
    const path = join(folder, 'config');
    writeFileSync(path, config);
    const begin = process.hrtime.bigint();
    const run = spawnSync(driver, ['answer', 'tools', file, path], { timeout: 40_000, maxBuffer: 64 << 20 });
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    // An answer with a diagnostic, or a fault that the launcher reports.
    const answer = run.status === 0
      ? /E0[23]\d\d/.exec(run.stdout.toString('latin1'))?.[0]
      : /fault=(out_of_memory|timed_out)/.exec(run.stderr.toString())?.[0];
    t.ok(answer, `${name}: ${answer ?? run.stderr.toString()} after ${seconds.toFixed(2)} s`);
    // Ten seconds of processor time, or twenty of the clock on a machine that does other things too.
    t.ok(seconds < 25, `${name}: ${seconds.toFixed(2)} s`);
  }
});

t.test('a planner that waits has nothing but its socket', async (t) => {
  const holder = spawn(driver, ['hold'], { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = new Promise((resolve) => holder.on('exit', resolve));
  const children = (): string => readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  const read = (name: string): string => readFileSync(`/proc/${children()}/${name}`, 'utf8');
  // It is ready when it waits in read(2).
  for (let tries = 0; tries < 200 && (children() === '' || !/^State:\tS/m.test(read('status'))); tries += 1)
    await sleep(5);
  t.match(read('status'), /^NoNewPrivs:\t1$/m);
  t.match(read('status'), /^Seccomp:\t2$/m);
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) t.match(read('status'), new RegExp(`^${set}:\t0+$`, 'm'));
  if (process.getuid?.() === 0) {
    // An id that is nobody's: kill(2) is allowed between processes of one user.
    t.match(read('status'), /^Uid:\t(\d{5,})\t\1\t\1\t\1$/m);
    t.match(read('status'), /^Gid:\t(\d{5,})\t\1\t\1\t\1$/m);
    t.match(read('status'), /^Groups:\t *$/m);
    for (const name of ['uts', 'cgroup']) {
      t.not(readlinkSync(`/proc/${children()}/ns/${name}`), readlinkSync(`/proc/self/ns/${name}`),
        `a ${name} namespace of its own`);
    }
  }
  const descriptors = readdirSync(`/proc/${children()}/fd`).map((fd) => readlinkSync(`/proc/${children()}/fd/${fd}`));
  t.match(descriptors, [/^socket:/]);
  t.equal(descriptors.length, 1);
  const limits = read('limits');
  t.match(limits, /^Max cpu time +10 +11 /m);
  t.match(limits, /^Max open files +0 +0 /m);
  t.match(limits, /^Max file size +0 +0 /m);
  t.match(limits, /^Max core file size +0 +0 /m);
  t.match(limits, /^Max address space +335544320 +335544320 /m);
  t.notMatch(read('maps'), /^\S+ \S*w\S*x/m, 'no memory is writable and executable');
  const planner = children();
  holder.kill('SIGKILL');
  await ended;
  const state = (): string | undefined => {
    try {
      return /^State:\t(\w)/m.exec(readFileSync(`/proc/${planner}/status`, 'utf8'))?.[1];
    } catch {
      return undefined;
    }
  };
  for (let tries = 0; tries < 200 && ![undefined, 'Z'].includes(state()); tries += 1) await sleep(5);
  t.ok([undefined, 'Z'].includes(state()), 'it ends with the launcher');
});

t.test('the confinement ends whoever tries anything else', async (t) => {
  const { stdout, status } = spawnSync(driver, ['attempts'], { encoding: 'utf8' });
  t.equal(status, 0);
  const lines = stdout.trim().split('\n').map((line) => line.split('\t') as [name: string, ending: string]);
  const [numbers, named] = [lines.filter(([name]) => name.startsWith('number ')),
    lines.filter(([name]) => !name.startsWith('number '))];
  const [allowed, refused] = [named.filter(([name]) => name.startsWith('allowed: ')),
    named.filter(([name]) => !name.startsWith('allowed: '))];
  t.ok(allowed.length >= 4 && refused.length >= 50, `${allowed.length} and ${refused.length} attempts`);
  for (const [name, ending] of allowed) t.equal(ending, 'status 0', name);
  for (const [name, ending] of refused) t.equal(ending, `signal ${constants.signals.SIGSYS}`, name);
  // Of all numbers those that concern memory, the clock and the end, for any argument. uretprobe and uprobe pass every filter;
  // they do nothing (ENXIO) or end the process outside of the kernel's own trampolines.
  const passing: Record<string, Record<string, number>> = {
    x64: { munmap: 11, brk: 12, mremap: 25, madvise: 28, clock_gettime: 228, exit_group: 231 },
    arm64: { munmap: 215, brk: 214, mremap: 216, madvise: 233, clock_gettime: 113, exit_group: 94 },
  };
  const probes = process.arch === 'x64' ? ['number 335', 'number 336'] : [];
  const expected = Object.values(passing[process.arch] ?? {}).sort((a, b) => a - b).map((number) => `number ${number}`);
  t.same(numbers.map(([name]) => name).filter((name) => !probes.includes(name)), expected);
});

t.test('little address space', async (t) => {
  const file = join(t.testdir(), 'request');
  writeFileSync(file, JSON.stringify(request('spec')));
  const run = spawnSync('sh', ['-c', 'ulimit -v 100000; exec "$0" answer tools "$1"', driver, file]);
  t.equal(run.status, 0, run.stderr.toString());
  t.ok(run.stdout.equals(Buffer.from(engine(request('spec'), {}, nodeHost()))));
});

t.test('a request that is not JSON', async (t) => {
  const file = join(t.testdir(), 'request');
  writeFileSync(file, '{');
  const run = spawnSync(driver, ['answer', 'main', file], { encoding: 'utf8' });
  t.match(run.stderr, /fault=request .*SyntaxError/);
});
