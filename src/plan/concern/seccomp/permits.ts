// What a filter lets through: whether the process that loads it can still make the one that the container sees.
import type { Seccomp } from '../../../generated/config.ts';
import { annotation } from '../../annotations.ts';
import type { Draft } from '../../draft.ts';

/** CLONE_PARENT and CLONE_PIDFD. */
const cloneFlags = 0x9000;

/** What is called between the filter and execve, without it: by the process that clones, and by its clone. One text: many are dear. */
const calls = 'clone sendmsg recvmsg futex exit_group setsid ioctl getpid close madvise read'.split(' ');

/** Whether a process that has loaded the container's filter can make another one, which goes on to its execve. */
export function permitsClone({ spec }: Draft): boolean {
  if (spec.annotations !== undefined && annotation(spec, 'seccompProgram') !== undefined) return false;
  const profile = spec.linux?.seccomp;
  return profile === undefined
    || calls.every((name, index) => permits(profile, name, index === 0 ? cloneFlags : undefined));
}

/** Whether a call passes for sure: its first argument is known, if any. */
function permits({ defaultAction, syscalls = [] }: Seccomp, name: string, first: number | undefined): boolean {
  let passes = isPassing(defaultAction);
  for (const { names, action, args = [] } of syscalls) {
    if (!names.includes(name)) continue;
    const holds = first !== undefined
      && args.every(({ index, op, value, valueTwo = 0 }) =>
        index === 0 && op === 'SCMP_CMP_MASKED_EQ' && (BigInt(first) & BigInt(value)) === BigInt(valueTwo)
      );
    if (!isPassing(action) && (args.length === 0 || first === undefined || holds)) return false;
    if (isPassing(action) && (args.length === 0 || holds)) passes = true;
  }
  return passes;
}

/** Whether a call is done as without a filter. */
function isPassing(action: string): boolean {
  return action === 'SCMP_ACT_ALLOW' || action === 'SCMP_ACT_LOG';
}
