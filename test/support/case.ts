// The frame of every black-box test: one case = one container story, followed by a leak check.
import './enter.ts';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import t from 'tap';
import { Context } from './context.ts';
import { leaks, snapshot, sweepCgroups } from './leak.ts';
import { timeScale } from './paths.ts';
import { runtimeName } from './runtime.ts';

export { assert };

/** A peer that fails the case although the case is right. */
export interface PeerMark {
  peer: string;
  why: string;
}

export interface CaseOptions {
  /** peers that are known to fail it: reported as "todo", not as a failure */
  peers?: PeerMark[];
  /** peers that must not even try it: it could hurt the machine, or hang */
  never?: PeerMark[];
  /** the case is about something that only this runtime has */
  only?: 'veloci';
  /** not meant for this host: a reason, or false */
  skip?: string | false;
  /** what stays behind on purpose is checked by the case itself */
  leaks?: 'ignore';
  /** why a container that still runs at the end is not what its configuration says; without it `diff` has to be empty */
  drift?: string;
}

/** Pure cgroup v2? */
export const unified: boolean = existsSync('/sys/fs/cgroup/cgroup.controllers');

// A run that is ended removes what its name is part of: scripts/test.ts.
const token = `vt${process.env['VELOCI_TEST_RUN'] ?? ''}${randomBytes(4).toString('hex')}`;
const root = '/run/test-root';
mkdirSync(root, { mode: 0o700 });
mkdirSync('/run/mount', { recursive: true }); // umount(8) makes it
t.setTimeout(1000 * 1000 * timeScale);

/** crun wants every controller of the kernel; the host may not have mounted them all. */
function prepareCgroups(): void {
  if (unified || !runtimeName().startsWith('crun') || existsSync('/sys/fs/cgroup/hugetlb/tasks')) return;
  mkdirSync('/sys/fs/cgroup/hugetlb', { recursive: true });
  execFileSync('mount', ['-t', 'cgroup', '-o', 'hugetlb', 'cgroup', '/sys/fs/cgroup/hugetlb']);
}
prepareCgroups();

function marked(marks: PeerMark[] | undefined): string | undefined {
  const found = marks?.find(({ peer }) => runtimeName().startsWith(peer));
  return found && `${found.peer}: ${found.why}`;
}

/** What a peer leaves behind in every case: no news in any of them. */
const habits: (PeerMark & { leaves: RegExp })[] = [
  { peer: 'crun 1.8.1', why: 'joins every hierarchy of cgroup v1, but removes its cgroup from some alone',
    leaves: /^cgroup \/sys\/fs\/cgroup\/(net_cls|net_prio|perf_event|rdma|misc)\// },
  { peer: 'crun 1.8.1', why: 'makes its own root beside the given one', leaves: /^file \/run\/crun$/ },
];
const habit = (item: string): boolean =>
  habits.some(({ peer, leaves }) => runtimeName().startsWith(peer) && leaves.test(item));

async function story(body: (c: Context) => Promise<void>, options: CaseOptions): Promise<void> {
  const before = snapshot(token, root);
  const context = new Context(token, root, habit);
  let failure: unknown;
  try {
    await body(context);
  } catch (error) {
    failure = error;
  }
  const drifted = await context.cleanUp(options.drift === undefined && failure === undefined);
  const leaked = options.leaks === 'ignore' ? [] : await leaks(before, token, root, habit);
  await sweepCgroups(token);
  if (failure) throw failure;
  assert.deepEqual(drifted, [], 'diff --applied of the containers that still run');
  assert.deepEqual(leaked, [], 'something is left behind');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const line = (error.stack ?? '').split('\n').find((frame) => /\.test\.[jt]s/.test(frame));
  return `${error.message}\n${line?.trim() ?? ''}`;
}

/** Declares a case. Cases of a file run one after the other, in order. */
export function test(name: string, body: (c: Context) => Promise<void>, options: CaseOptions = {}): void {
  const never = marked(options.never);
  const foreign = options.only && !runtimeName().startsWith(options.only) ? `only ${options.only} has it` : false;
  const skip = options.skip || never || foreign;
  if (skip) {
    t.pass(name, { skip });
    return;
  }
  t.test(name, async (sub) => {
    const todo = marked(options.peers);
    try {
      await story(body, options);
      if (todo) sub.comment(`passes although marked: ${todo}`);
      sub.pass(name);
    } catch (error) {
      if (todo) sub.comment(describe(error).split('\n').slice(0, 6).join(' | '));
      sub.fail(name, { at: null, stack: '', reason: describe(error), ...(todo ? { todo } : {}) });
    }
  });
}
