// Configurations that are large: they work, or a named limit is told.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { timeScale } from '../../support/paths.ts';
import type { CallOptions, Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;
const mebibyte = 1 << 20;

/** Calls create with a JSON log; its last line. */
async function create(c: Context, change: (config: Config) => void, options: CallOptions = {}): Promise<{
  id: string;
  result: Result;
  entries: { code?: string; msg: string; pointer?: string }[];
}> {
  const id = c.id();
  const log = join(c.dir(), 'log');
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
    change(config);
  });
  const args = ['--log', log, '--log-format', 'json', 'create', '--bundle', dir, id];
  const result = await c.rt(args, options);
  const text = existsSync(log) ? readFileSync(log, 'utf8').trim() : '';
  return { id, result, entries: text === '' ? [] : text.split('\n').map((line) => JSON.parse(line)) };
}

/** Annotations of so many bytes. */
const annotated = (size: number) => (config: Config): void => {
  config.annotations = { 'org.example.text': 'x'.repeat(size - 1000), 'org.example.quotes': '"\n'.repeat(500) };
};

for (const count of [100, 1000, 4000]) {
  test(`${count} system calls that libseccomp does not know`, async (c) => {
    const names = Array.from({ length: count }, (_, index) => `getpid_of_later_kernels_${index}`);
    const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action: 'SCMP_ACT_ERRNO' }] };
    const { dir } = c.command(['/probe', 'pause'], (config) => {
      config.linux.seccomp = seccomp;
    });
    const validated = await c.rt(['validate', '--format', 'json', '--bundle', dir]);
    assert.equal(validated.code, 0, validated.stderr);
    const { findings } = JSON.parse(validated.stdout) as { findings: { code: string; hint?: string }[] };
    const unknown = findings.filter(({ code }) => code === 'E0521');
    assert.equal(unknown.length, Math.min(count, 100), 'the first hundred are told');
    assert.equal(findings.some(({ code }) => code === 'E0309'), count > 100, 'and that there are more');
    const { result } = await create(c, (config) => {
      config.linux.seccomp = seccomp;
    });
    assert.equal(result.code, 0, result.stderr);
    // Alone on its processor each takes 0.1 s; the planner itself may use 2.
    for (const { ms } of [validated, result]) assert.ok(ms < 2000 * timeScale, `${ms} ms`);
  }, only);
}

for (const size of [1.5, 4, 15]) {
  test(`${size} MiB of annotations`, async (c) => {
    const change = annotated(size * mebibyte);
    const { id, result } = await create(c, change);
    assert.equal(result.code, 0, result.stderr);
    const wanted = {} as Config;
    change(wanted);
    const state = JSON.parse((await c.rt(['state', id])).stdout) as { annotations: unknown; status: string };
    assert.deepEqual(state.annotations, wanted.annotations);
    assert.equal(state.status, 'created');
    const rows = JSON.parse((await c.rt(['list', '--format', 'json'])).stdout) as typeof state[];
    assert.deepEqual(rows[0]!.annotations, wanted.annotations);
    assert.equal((await c.rt(['start', id])).code, 0);
    assert.equal((JSON.parse((await c.rt(['state', id])).stdout) as typeof state).status, 'running');
  }, only);
}

test('annotations for so many hooks that the plan is too large: E0956', async (c) => {
  const { result, entries } = await create(c, (config) => {
    annotated(mebibyte)(config);
    config.hooks = { createRuntime: Array.from({ length: 20 }, () => ({ path: '/bin/true' })) };
  });
  assert.equal(result.code, 1);
  assert.equal(entries.at(-1)?.code, 'E0956');
  assert.match(result.stderr, /larger than 16 MiB/);
  await c.nothingLeft();
}, only);

test('65,536 supplementary groups, and one more: E0498', async (c) => {
  const groups = (count: number) => (config: Config): void => {
    config.process.user.additionalGids = Array.from({ length: count }, (_, index) => index + 1);
  };
  const { result } = await create(c, groups(65536));
  assert.equal(result.code, 0, result.stderr);
  const refused = await create(c, groups(65537));
  assert.equal(refused.result.code, 1);
  const { code, pointer } = refused.entries.at(-1)!;
  assert.deepEqual({ code, pointer }, { code: 'E0498', pointer: '/process/user/additionalGids' });
}, only);

/** A command that runs what follows it in a cgroup with so many bytes of memory. */
function limited(c: Context, bytes: number): string[] {
  const dir = `/sys/fs/cgroup/${unified ? '' : 'memory/'}${c.token}-memory-${bytes}`;
  mkdirSync(dir);
  c.later(() => {
    rmdirSync(dir);
  });
  writeFileSync(join(dir, unified ? 'memory.max' : 'memory.limit_in_bytes'), String(bytes));
  if (unified) writeFileSync(join(dir, 'memory.swap.max'), '0');
  return ['/bin/sh', '-c', `echo $$ > ${dir}/cgroup.procs && exec "$0" "$@"`];
}

/** 500 KB of annotations. */
const many = (config: Config): void => {
  config.annotations = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`org.example.${index}`, 'x'.repeat(80)]),
  );
};

const noMemory = existsSync(unified ? '/sys/fs/cgroup/memory.pressure' : '/sys/fs/cgroup/memory/cgroup.procs')
  ? false
  : 'this host has no memory controller here';

test('a configuration of 500 KB with a caller that has 32 MiB of memory', async (c) => {
  const { result } = await create(c, many, { prefix: limited(c, 32 * mebibyte) });
  assert.equal(result.code, 0, result.stderr);
}, { ...only, skip: noMemory });

test('a caller that has too little memory for the planner: E0955', async (c) => {
  const { result, entries } = await create(c, annotated(4 * mebibyte), { prefix: limited(c, 24 * mebibyte) });
  assert.equal(result.code, 1);
  assert.equal(entries.at(-1)?.code, 'E0955', result.stderr);
  assert.match(result.stderr, /memory/);
  await c.nothingLeft((item) => item.includes(`${c.token}-memory`));
}, { ...only, skip: noMemory });
