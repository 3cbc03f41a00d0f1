// why: what is said of a call that the kernel's log names, by what the profile does with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Seccomp, Spec } from '../../../src/generated/config.ts';
import type { Exit, Request } from '../../../src/generated/protocol.ts';
import { noteFound } from '../../support/codes.ts';
import { engine } from '../../support/code/both-engines.ts';
import { decodeStruct } from '../../support/code/wire.ts';
import { facts, host } from '../plan/support.ts';

const base = JSON.parse(readFileSync(join('test/fixtures/hardened/config.json'), 'utf8')) as Spec;

interface Said {
  readonly summary: string;
  readonly cause?: { readonly code: string; readonly message: string; readonly pointer: string; readonly line: number };
  readonly hints: readonly string[];
}

function why(seccomp: Seccomp, exit: Exit): Said {
  const config = new TextEncoder().encode(JSON.stringify({ ...base, linux: { ...base.linux, seccomp } }, null, 2));
  const request: Request = { verb: 'why', options: {}, flags: { json: true }, facts: facts(), bundle: '/srv/web',
    id: 'web1', configName: 'config.json', status: 'stopped', exit };
  const { text, error } = decodeStruct('Response', engine(request, { config }, host())) as unknown as { text: string;
    error: string };
  t.equal(error, '');
  const said = JSON.parse(text) as Said;
  if (said.cause !== undefined) noteFound(said.cause);
  return said;
}

const profile: Seccomp = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }, {
  names: ['mkdir'],
  action: 'SCMP_ACT_ERRNO',
}, { names: ['ptrace'], action: 'SCMP_ACT_KILL_PROCESS' }] };
const started = '2026-01-31T12:00:00.000000001Z';

t.test('a call that was answered with an errno', async (t) => {
  const { cause } = why(profile, { started, status: 1, systemCall: 'mkdir' });
  t.match(cause, { code: 'E0674', pointer: '/linux/seccomp/syscalls/1/action' });
  t.match(cause!.message, /answered the system call mkdir with an error/);
  t.match(why(profile, { started, status: 1, systemCall: 'acct' }).cause, { pointer: '/linux/seccomp/defaultAction' });
  t.equal(why(profile, { started, status: 0, systemCall: 'mkdir' }).cause, undefined, 'it has ended well');
  t.equal(why(profile, { started, status: 1, systemCall: 'read' }).cause, undefined, 'it was not this profile');
  t.equal(why(profile, { started, status: 1 }).cause, undefined);
});

t.test('a call that has ended the program', async (t) => {
  const said = why(profile, { started, status: 159, signal: 'SIGSYS', reason: 'seccomp', systemCall: 'ptrace' });
  t.match(said.summary, /was ended by its seccomp profile, for the system call ptrace/);
  t.match(said.cause, { code: 'E0644', pointer: '/linux/seccomp/syscalls/2/action' });
});

t.test('how a call could be found that nobody has seen', async (t) => {
  const hints = (flags?: Seccomp['flags']): string =>
    why({ ...profile, ...(flags === undefined ? {} : { flags }) }, { started, status: 1 }).hints.join('\n');
  t.match(hints(), /veloci run --learn FILE.*SECCOMP_FILTER_FLAG_LOG/);
  t.notMatch(hints(['SECCOMP_FILTER_FLAG_LOG']), /FLAG_LOG/);
});
