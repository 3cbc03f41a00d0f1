// why: the name of the call that a profile has refused, from the kernel's log. Not in the sandbox of the other tests: the log has the pids of
// the first pid namespace.
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import t from 'tap';
import { bundle, reason, runtime, setUp, test } from '../../support/host/systemd.ts';
import type { Config } from '../../support/spec.ts';

const calls = ['mkdir', 'mkdirat'];
const flags = ['SECCOMP_FILTER_FLAG_LOG'];
const rule = (action: string, more: object = {}): object => ({ defaultAction: 'SCMP_ACT_ALLOW', ...more,
  syscalls: [{ names: calls, action, ...(action === 'SCMP_ACT_ERRNO' ? { errnoRet: 38 } : {}) }] });

const ends: readonly (readonly [how: string, profile: object, status: number, said: RegExp])[] = [
  ['ended with SCMP_ACT_KILL_PROCESS', rule('SCMP_ACT_KILL_PROCESS'), 159,
    /was ended by its seccomp profile, for the system call mkdir(at)?\n[^]*E0644/],
  ['ended with SCMP_ACT_TRAP', rule('SCMP_ACT_TRAP', { flags }), 159,
    /was ended by its seccomp profile, for the system call mkdir(at)?\n/],
  ['answered with ENOSYS', rule('SCMP_ACT_ERRNO', { flags }), 1,
    /ended by itself with status 1\n[^]*E0674[^]*system\s+call\s+mkdir(at)?\s/],
];

const initial = (): boolean => readlinkSync('/proc/self/ns/pid') === 'pid:[4026531836]';
const why = reason ?? (initial() ? undefined : 'not in the first pid namespace');

if (why !== undefined) t.pass('the call that a profile has refused', { skip: why });
else {
  t.setTimeout(2000_000);
  setUp();
  for (const [how, seccomp, status, said] of ends) {
    test(`a call that a profile has ${how}`, (id) => {
      const dir = bundle('root', (config) => {
        config.process.args = ['mkdir', '/tmp/x'];
        config.linux.seccomp = seccomp as NonNullable<Config['linux']['seccomp']>;
      });
      const ran = runtime('root', ['run', '--keep', '--bundle', dir, id]);
      assert.equal(ran.code, status, ran.stderr);
      const { stdout, stderr } = runtime('root', ['why', id]);
      assert.match(stdout, said, stderr);
      assert.equal(runtime('root', ['delete', id]).code, 0);
    });
  }
  test('an errno without the flag: nobody knows, and it says how one could', (id) => {
    const dir = bundle('root', (config) => {
      config.process.args = ['mkdir', '/tmp/x'];
      config.linux.seccomp = rule('SCMP_ACT_ERRNO') as NonNullable<Config['linux']['seccomp']>;
    });
    assert.equal(runtime('root', ['run', '--keep', '--bundle', dir, id]).code, 1);
    const { stdout } = runtime('root', ['why', id]);
    assert.doesNotMatch(stdout, /E0674/);
    assert.match(stdout.replace(/\s+/g, ' '),
      /"veloci run --learn FILE" shows which ones it refuses, and with SECCOMP_FILTER_FLAG_LOG/);
    assert.equal(runtime('root', ['delete', id]).code, 0);
  });
}
