// The build for arm64, as far as it can be tried on another machine: what the files are, and what programs do under an emulator
// of user programs. That has no filters of system calls, so that a planner refuses to work: whole commands are tried in a guest
// (npm run test:vm -- --arch arm64).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { programsOf } from '../../scripts/build.ts';
import { lacksForeign } from '../../scripts/build/toolchain.ts';
import { treeFolder } from '../../scripts/build/trees.ts';
import { inRoot } from '../../scripts/lib/root.ts';
import type { EngineVerb, Request } from '../../src/generated/protocol.ts';
import { hostFacts, nodeHost } from '../../src/host/node.ts';
import { engine, engineOf } from '../support/code/both-engines.ts';

const machine = 'aarch64';
const programs = inRoot(programsOf(machine));
const emulator = `qemu-${machine}-static`;

/** Why nothing of this can run here. */
function lacking(): string | false {
  if (process.arch === 'arm64') return 'this machine is one itself: every other test is about it';
  const tools = lacksForeign(machine);
  if (tools.length > 0) return `${tools.join(', ')} not installed: npm run setup -- --arm64`;
  return existsSync(join(programs, 'bin/veloci')) ? false : 'not built: node scripts/run.mjs build --arch arm64';
}

const skip = lacking();

interface Segment {
  type: number;
  flags: number;
  alignment: bigint;
}

/** What the head of an ELF file says. */
function elf(bytes: Buffer): { machine: number; type: number; segments: Segment[] } {
  const [at, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  const segments = Array.from({ length: count }, (_, index) => {
    const head = bytes.subarray(at + index * size);
    return { type: head.readUInt32LE(0), flags: head.readUInt32LE(4), alignment: head.readBigUInt64LE(48) };
  });
  return { machine: bytes.readUInt16LE(18), type: bytes.readUInt16LE(16), segments };
}

const types = { load: 1, interpreter: 3, stack: 0x6474e551 };

function emulated(program: string, args: readonly string[], timeout = 60_000) {
  const { status, signal, stdout, stderr } = spawnSync(emulator, [program, ...args], { timeout, maxBuffer: 32 << 20 });
  return { status, signal, stdout, stderr: stderr.toString() };
}

t.test('each file is for arm64, and for pages of any size that it has', { skip }, async (t) => {
  const all = [...['bin/veloci', 'bin/veloci-unpack', 'veloci.node'].map((name) => join(programs, name)),
    join(treeFolder('release', machine), 'native/programs/init')];
  for (const path of all) {
    const { machine, type, segments } = elf(readFileSync(path));
    t.same({ machine, type }, { machine: 183, type: 3 }, path);
    const loaded = segments.filter(({ type }) => type === types.load);
    t.ok(loaded.length >= 2 && loaded.every(({ alignment }) => alignment === 0x10000n), `${path}: 64 KB`);
    t.notOk(loaded.some(({ flags }) => (flags & 3) === 3), `${path}: nothing is both written and executed`);
    t.notOk(segments.some(({ type, flags }) => type === types.stack && (flags & 1) !== 0), `${path}: the stack`);
    t.notOk(segments.some(({ type }) => type === types.interpreter), `${path}: static`);
  }
});

t.test('the command carries a prepared engine', { skip }, async (t) => {
  const bytes = readFileSync(join(programs, 'bin/veloci'));
  const header = bytes.indexOf('VLCISNAP');
  t.equal(bytes.readUInt32LE(header + 8), 2, 'ready');
  t.ok(bytes.readUInt32LE(header + 12) > 100_000, 'with an image');
});

t.test('commands that plan nothing', { skip }, async (t) => {
  const own = inRoot('dist/bin/veloci');
  for (const args of [['--version'], ['version', '--json'], ['--help'], ['help', 'run'], ['run', '--no-such-flag']]) {
    const [there, here] = [emulated(join(programs, 'bin/veloci'), args), spawnSync(own, args)];
    t.same([there.status, there.stdout.toString(), there.stderr], [here.status, here.stdout.toString(),
      here.stderr.toString()], args.join(' '));
  }
  t.equal(emulated(join(programs, 'bin/veloci-unpack'), ['--help']).signal, null);
});

t.test('the engine plans and validates as it does here', { skip }, async (t) => {
  const folder = t.testdir();
  const driver = join(treeFolder('release', machine), 'native/programs/planner-driver');
  const facts = { ...hostFacts(), arch: machine, terminal: false };
  const request = (verb: EngineVerb): Request => ({ verb, options: {}, facts, id: 'c1', bundle: '/bundle',
    configName: 'config.json' });
  const response = Buffer.from(engine(request('spec'), {}, nodeHost())).toString('utf8');
  const spec = JSON.parse(response.slice(response.indexOf('{'), response.lastIndexOf('}') + 1));
  spec.process.terminal = false;
  const texts = { usual: JSON.stringify(spec), wrong: JSON.stringify({ ...spec, ociVersion: 7, unknownKey: 1 }),
    large: JSON.stringify(spec).replace('"oomScoreAdj":0', '"oomScoreAdj":18446744073709551616') };
  for (const [name, text] of Object.entries(texts)) {
    for (const verb of ['create', 'validate', 'plan'] as const) {
      const [asked, config] = [join(folder, `${verb}.request`), join(folder, `${name}.json`)];
      writeFileSync(asked, JSON.stringify(request(verb)));
      writeFileSync(config, text);
      const there = emulated(driver, ['bytecode', engineOf(verb), asked, config]);
      const here = Buffer.from(engine(request(verb), { config: Buffer.from(text) }, nodeHost()));
      t.ok(there.stdout.equals(here), `${verb} of ${name}: ${there.stdout.length} and ${here.length} bytes`, there);
    }
  }
  // A filter is one of this machine's own calls.
  const profile = JSON.parse(readFileSync(inRoot('schema', 'docker-seccomp.json'), 'utf8'));
  spec.linux.seccomp = { defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
    syscalls: profile.syscalls.slice(0, 1).map(({ names, action }: { names: string[]; action: string }) => ({ names,
      action })
    ) };
  const [asked, config] = [join(folder, 'create.request'), join(folder, 'filtered.json')];
  writeFileSync(config, JSON.stringify(spec));
  const { status, stdout, stderr } = emulated(driver, ['bytecode', 'main', asked, config]);
  t.equal(status, 0, stderr);
  // AUDIT_ARCH_AARCH64 in a comparison of the filter.
  t.ok(stdout.includes(Buffer.from([0xb7, 0, 0, 0xc0])), `${stdout.length} bytes with a filter`);
});

/** Tests that need what the emulator of user programs has not, and what that is. */
const beyond: Readonly<Record<string, string>> = {
  base: 'the emulator has no openat2(2)',
  containers: 'the emulator has none of the calls that make a container',
  stager: 'the emulator has none of the calls that make a container',
};

const names = readdirSync(inRoot('test/native')).filter((name) => name.endsWith('.cc')).map((name) =>
  name.slice(0, -3)
);
for (const name of names) {
  const reason = name.endsWith('_fuzz') ? 'no fuzzer is built for another machine' : beyond[name];
  t.test(`test/native/${name}.cc`, { skip: skip || reason || false }, async (t) => {
    const { status, signal, stdout, stderr } = emulated(join(treeFolder('sanitize', machine), 'test/native', name), []);
    t.same({ status, signal }, { status: 0, signal: null }, `${stdout}${stderr}`);
  });
}
