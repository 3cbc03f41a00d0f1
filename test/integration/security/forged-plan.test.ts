// A planner that somebody has taken over answers with any plan: what is refused before anything of it runs.
import { closeSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { habitsOf } from '../../../src/compat/habits.ts';
import { encodePlan, encodeResponse } from '../../../src/generated/encode.ts';
import type { Spec } from '../../../src/generated/config.ts';
import type { HostOperation, Plan, StagerOperation } from '../../../src/generated/plan.ts';
import { hostFacts, nodeHost } from '../../../src/host/node.ts';
import { compile } from '../../../src/plan/compile.ts';
import { assert, test } from '../../support/case.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context } from '../../support/context.ts';
import { hierarchies } from '../../support/host/cgroup.ts';

const only = { only: 'veloci' } as const;

/** The programs of a plan, to be changed. */
type Programs = { -readonly [Name in keyof Plan['programs']]: Plan['programs'][Name] };

const encode = (programs: Programs): Uint8Array => encodePlan({ planVersion: 1, programs }, nodeHost().writer());

/** The programs that `create` of a bundle has, as the engine compiles them here. */
function programsOf(c: Context, bundle: Bundle, id: string): Programs {
  const flags = { preserveFds: 0, noPivot: false, noNewKeyring: false, detach: true,
    cgroupManager: 'cgroupfs' } as const;
  return {
    ...compile(bundle.config as unknown as Spec, { facts: { ...hostFacts(c.root), terminal: false }, host: nodeHost(),
      id, bundle: bundle.dir, habits: habitsOf(undefined), flags }).programs,
  };
}

const laterOf = ({ start, kill, delete: remove, pause, resume }: Programs): Programs => ({ start, kill, delete: remove,
  pause, resume });

/** An answer as the planner gives it to `create`. */
function answerOf(programs: Programs): Uint8Array {
  const { create, stager, init } = programs;
  return encodeResponse({ exitCode: 0, text: '', error: '', explained: '', code: '', keys: '', warnings: '', files: [],
    edits: [], relaunch: [], plan: encode({ create, stager, init }), stored: encode(laterOf(programs)) },
    nodeHost().writer());
}

interface Victim {
  id: string;
  pid: number;
  cgroup: { mount: string; path: string };
}

async function victimOf(c: Context): Promise<Victim> {
  const { id, pid } = await c.started(c.command(['/probe', 'pause']));
  return { id, pid, cgroup: { mount: hierarchies()[0]!.dir, path: id } };
}

const first = (operation: HostOperation) => (programs: Programs): void => {
  // state.record stays the first one.
  const [record, ...rest] = programs.create!;
  programs.create = [record!, operation, ...rest];
};

const hook: HostOperation = { op: 'hook.run', from: '', kind: 'poststop', number: 0, path: '/bin/touch',
  args: ['touch', '/tmp/forged'], env: [], processEnv: false, timeout: 0, state: ['{}'], warn: true, enter: 0 };

const forgeries: readonly {
  name: string;
  message: RegExp;
  forge: (victim: Victim) => (programs: Programs) => void;
}[] = [
  { name: 'a kill of another cgroup while a container is made', message: /program that must not have it/,
    forge: ({ cgroup }) => first({ op: 'cgroup.kill', from: '', dir: cgroup, timeout: 1000 }) },
  { name: 'the removal of a state directory while it is made', message: /program that must not have it/,
    forge: () => first({ op: 'state.remove', from: '' }) },
  { name: 'a limit of another cgroup', message: /not the container's/,
    forge: ({ cgroup }) => first({ op: 'cgroup.write', from: '', dir: cgroup, file: 'cgroup.procs', value: '0' }) },
  { name: 'another cgroup to be opened', message: /not the container's/,
    forge: ({ cgroup }) => first({ op: 'cgroup.open', from: '', dir: cgroup, slot: 9 }) },
  { name: 'a cgroup that begins like its own', message: /not the container's/, forge: () => (programs) => {
    const dir = recorded(programs);
    first({ op: 'cgroup.open', from: '', dir: { ...dir, path: `${dir.path}x` }, slot: 9 })(programs);
  } },
  { name: 'a path out of its own cgroup', message: /no usable path/, forge: ({ id }) => (programs) => {
    const dir = recorded(programs);
    first({ op: 'cgroup.open', from: '', dir: { ...dir, path: `${dir.path}/../${id}` }, slot: 9 })(programs);
  } },
  { name: 'the root of a hierarchy', message: /no usable path/,
    forge: ({ cgroup }) => first({ op: 'cgroup.open', from: '', dir: { ...cgroup, path: '' }, slot: 9 }) },
  { name: 'a file that is a path', message: /has a path/, forge: ({ id }) => (programs) => {
    const file = `../${id}/cgroup.procs`;
    first({ op: 'cgroup.write', from: '', dir: recorded(programs), file, value: '0' })(programs);
  } },
  { name: 'another cgroup inside of an alternative', message: /not the container's/, forge: ({ cgroup }) =>
    first(
      { op: 'alt', from: '', try: { op: 'fd.receive', from: '', slot: 8 }, onErrno: [2],
        else: { op: 'cgroup.open', from: '', dir: cgroup, slot: 9 } } as HostOperation,
    ) },
  { name: 'another cgroup for the stager to join', message: /not the container's/,
    forge: ({ cgroup }) => (programs) => {
      const join: StagerOperation = { op: 'cgroup.join', from: '', dir: cgroup };
      programs.stager = [join, ...programs.stager!];
    } },
];

/** A cgroup that the plan itself records. */
function recorded({ create }: Programs): Victim['cgroup'] {
  const [record] = create!;
  assert.equal(record!.op, 'state.record');
  return (record as Extract<HostOperation, { op: 'state.record' }>).cgroups[0]!;
}

/** Calls create with an answer in place of the planner's. */
async function createWith(c: Context, bundle: Bundle, id: string, answer: Uint8Array) {
  const file = join(c.dir(), 'answer');
  writeFileSync(file, answer);
  const fd = openSync(file, 'r');
  try {
    return await c.rt(['create', '--plan-fd', '9', '--bundle', bundle.dir, id], { fds: { 9: fd } });
  } finally {
    closeSync(fd);
  }
}

function bundleOf(c: Context, id: string): Bundle {
  return c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
}

test('a plan that is not forged is executed', async (c) => {
  const id = c.id();
  const bundle = bundleOf(c, id);
  const created = await createWith(c, bundle, id, answerOf(programsOf(c, bundle, id)));
  assert.equal(created.code, 0, created.stderr);
}, only);

for (const { name, message, forge } of forgeries) {
  test(`forged: ${name}`, async (c) => {
    const victim = await victimOf(c);
    const id = c.id();
    const bundle = bundleOf(c, id);
    const programs = programsOf(c, bundle, id);
    forge(victim)(programs);
    const created = await createWith(c, bundle, id, answerOf(programs));
    assert.equal(created.code, 1, 'it was executed');
    assert.match(created.stderr, /E0905/);
    assert.match(created.stderr, message);
    assert.equal((await c.state(victim.id))['status'], 'running');
    assert.ok(!readdirSync(c.root).includes(id), 'it has left its state');
  }, only);
}

test('forged in the stored plan: kill, delete and exec do what the container needs, to nobody else', async (c) => {
  const victim = await victimOf(c);
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const bundle = bundleOf(c, id);
  const stored = join(c.root, id, 'plan');
  const group = victim.cgroup;
  const forgedSignal: HostOperation = { op: 'process.signal', from: '', cgroup: group, reach: 7,
    freezer: { dir: group, version: 'v1' } };
  const forged: [verb: string[], change: (programs: Programs) => void][] = [
    [['kill', id, 'USR1'], (programs) => {
      programs.kill = [forgedSignal];
    }],
    [['kill', '--all', id, 'KILL'], (programs) => {
      programs.kill = [forgedSignal];
    }],
    [['delete', '--force', id], (programs) => {
      programs.delete = [{ op: 'cgroup.kill', from: '', dir: group, timeout: 1000 }, ...programs.delete!];
    }],
  ];
  const exec = (): ReturnType<Context['rt']> => c.rt(['exec', id, '/probe', 'exit', '7']);
  assert.equal((await exec()).code, 7);
  const memo = readdirSync(join(c.root, id)).find((name) => /exec.*[0-9a-f]{64}$/.test(name));
  const executed: Programs = { exec: [hook, ...programsOf(c, bundle, id).create!.slice(1)] };
  writeFileSync(join(c.root, id, memo!), encode(executed));
  assert.equal((await exec()).code, 7);
  for (const [verb, change] of forged) {
    const programs = laterOf(programsOf(c, bundle, id));
    change(programs);
    writeFileSync(stored, encode(programs));
    const result = await c.rt(verb);
    assert.equal(result.code, 0, `${verb.join(' ')}: ${result.stderr}`);
    assert.equal((await c.state(victim.id))['status'], 'running', verb.join(' '));
  }
  assert.ok(!readdirSync(c.root).includes(id));
  assert.ok(!readdirSync('/tmp').includes('forged'), 'a hook has run');
}, only);
