// The profile that --learn writes: from calls to rules, and several runs to one.
import t from 'tap';
import type { LearnedCall } from '../../../src/generated/protocol.ts';
import { addCalls, addProfile, profileOf, type Learned } from '../../../src/learn/profile.ts';
import { learnedReport } from '../../../src/learn/report.ts';

const empty = (): Learned => ({ architectures: new Set(), allowed: new Map() });
const call = (name: string, first: readonly string[] = ['0'], second: readonly string[] = ['0']): LearnedCall => ({
  architecture: 'SCMP_ARCH_X86_64',
  name,
  count: 1,
  first,
  second,
});

function profileFrom(...calls: readonly LearnedCall[]): ReturnType<typeof profileOf> {
  const learned = empty();
  addCalls(learned, calls);
  return profileOf(learned);
}

t.test('what was called is allowed, and nothing else', (t) => {
  const profile = profileFrom(call('write'), call('read'), call('read'));
  t.match(profile, { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1, architectures: ['SCMP_ARCH_X86_64'] });
  t.same(profile.syscalls, [{ names: ['exit', 'exit_group', 'read', 'restart_syscall', 'rt_sigreturn', 'write'],
    action: 'SCMP_ACT_ALLOW' }]);
  t.end();
});

t.test('arguments that decide', (t) => {
  const { syscalls } = profileFrom(call('socket', ['10', '1']), call('clone', ['18874385', '1207959552']),
    call('setns', ['3'], ['1073741824']));
  t.same(syscalls!.slice(1), [
    { names: ['clone'], action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 0x7e020080, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] },
    { names: ['clone'], action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 0x7e020080, valueTwo: 0x48000000, op: 'SCMP_CMP_MASKED_EQ' }] },
    { names: ['setns'], action: 'SCMP_ACT_ALLOW',
      args: [{ index: 1, value: 0x7e020080, valueTwo: 0x40000000, op: 'SCMP_CMP_MASKED_EQ' }] },
    { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] },
    { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 10, op: 'SCMP_CMP_EQ' }] },
  ]);
  const { first: _first, ...many } = call('socket');
  t.match(profileFrom(many).syscalls, [{ names: ['exit', 'exit_group', 'restart_syscall', 'rt_sigreturn', 'socket'] }],
    'too many values to note: any');
  t.end();
});

t.test('several runs are one profile', (t) => {
  const earlier = profileFrom(call('read'), call('socket', ['1']));
  const learned = empty();
  t.equal(addProfile(learned, JSON.parse(JSON.stringify(earlier))), true);
  t.same(profileOf(learned), earlier, 'nothing new changes nothing');
  addCalls(learned, [{ ...call('socket', ['2']), architecture: 'SCMP_ARCH_X86' }, call('getpid')]);
  const both = profileOf(learned);
  t.same(both.architectures, ['SCMP_ARCH_X86', 'SCMP_ARCH_X86_64']);
  t.same([...new Set(both.syscalls!.flatMap(({ names }) => names))], ['exit', 'exit_group', 'getpid', 'read',
    'restart_syscall', 'rt_sigreturn', 'socket']);
  t.same(both.syscalls!.slice(1).map(({ args }) => args![0]!.value), [1, 2]);
  t.end();
});

t.test('another file is refused', (t) => {
  const rule = { names: ['a'], action: 'SCMP_ACT_ALLOW' };
  for (const value of [undefined, null, 1, [], {}, { defaultAction: 'SCMP_ACT_ALLOW' }, {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: {},
  }, { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [1] }, { defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ ...rule, action: 'SCMP_ACT_KILL' }] }, { defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ ...rule, names: [1] }] }, { defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ ...rule, args: [{ index: 0, value: 1.5, op: 'SCMP_CMP_EQ' }] }] }, { defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ ...rule, args: [{ index: 0, value: 1, op: 'SCMP_CMP_NE' }] }] }, { defaultAction: 'SCMP_ACT_ERRNO',
    architectures: [{}], syscalls: [rule] }])
    t.equal(addProfile(empty(), value), false, JSON.stringify(value));
  t.end();
});

t.test("the report compares with Docker's profile", (t) => {
  const text = learnedReport(profileFrom(call('read'), call('ptrace')), 7, 0);
  t.match(text, /^learned 6 system calls from 7 that were made\n/);
  t.match(text, /^Docker's profile allows \d{3} more: .*process_vm_readv/m);
  t.notMatch(text, / ptrace/, 'the program needs it');
  t.end();
});
