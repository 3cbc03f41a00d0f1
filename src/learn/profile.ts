// linux.seccomp from what a program was seen to call: nothing that it does not need is allowed.
import type { Seccomp, SeccompArchitecture, SeccompRule } from '../generated/config.ts';
import type { LearnedCall } from '../generated/protocol.ts';

/** Kinds of namespaces in the flags of clone(2), unshare(2) and setns(2). */
const namespaceFlags = 0x7e020080n;

/** Calls with an argument that decides about what they can do: its index, and which of its bits count. */
const telling: Readonly<Record<string, { readonly index: 0 | 1; readonly mask?: bigint }>> = {
  socket: { index: 0 },
  socketpair: { index: 0 },
  personality: { index: 0 },
  clone: { index: 0, mask: namespaceFlags },
  unshare: { index: 0, mask: namespaceFlags },
  setns: { index: 1, mask: namespaceFlags },
};

/** Any program may come to these, seen or not: by a signal, by being stopped, at its end. */
const always = ['exit', 'exit_group', 'restart_syscall', 'rt_sigreturn'] as const;

/** The calls of a profile, and for the telling ones the values of the argument; null stands for any value. */
export type Allowed = Map<string, Set<bigint> | null>;

/** What a learned profile allows. */
export interface Learned {
  readonly architectures: Set<SeccompArchitecture>;
  readonly allowed: Allowed;
}

/** Adds what was seen. */
export function addCalls({ architectures, allowed }: Learned, calls: readonly LearnedCall[]): void {
  for (const { architecture, name, first, second } of calls) {
    architectures.add(architecture as SeccompArchitecture);
    const argument = telling[name];
    const values = argument === undefined ? undefined : argument.index === 0 ? first : second;
    if (argument === undefined || values === undefined) {
      allowed.set(name, null);
      continue;
    }
    const known = allowed.get(name);
    if (known === null) continue;
    const { mask } = argument;
    const seen = values.map((value) => mask === undefined ? BigInt(value) : BigInt(value) & mask);
    allowed.set(name, new Set([...known ?? [], ...seen]));
  }
}

/** Adds what an earlier run has learned: a profile as `profileOf` makes it. False when it is another one. */
export function addProfile({ architectures, allowed }: Learned, value: unknown): boolean {
  const profile = asProfile(value);
  if (profile === undefined) return false;
  for (const architecture of profile.architectures ?? []) architectures.add(architecture);
  for (const { names, args = [] } of profile.syscalls ?? []) {
    for (const name of names) {
      const [test] = args;
      if (test === undefined) allowed.set(name, null);
      else if (allowed.get(name) !== null)
        allowed.set(name, new Set([...allowed.get(name) ?? [], BigInt(test.valueTwo ?? test.value)]));
    }
  }
  return true;
}

/** A value of JSON that has the form of a learned profile. */
function asProfile(value: unknown): Seccomp | undefined {
  const profile = value as Partial<Seccomp> | null;
  if (typeof profile !== 'object' || profile?.defaultAction !== 'SCMP_ACT_ERRNO') return undefined;
  const { architectures = [], syscalls = [] } = profile as { architectures?: unknown; syscalls?: unknown };
  if (!isTexts(architectures) || !Array.isArray(syscalls) || !syscalls.every(isRule)) return undefined;
  return profile as Seccomp;
}

function isRule(value: unknown): boolean {
  const { names, action, args = [] } = Object(value) as Readonly<Record<string, unknown>>;
  return isTexts(names) && action === 'SCMP_ACT_ALLOW' && Array.isArray(args) && args.length <= 1 && args.every(isTest);
}

function isTest(test: unknown): boolean {
  const { index, value, valueTwo, op } = Object(test) as Readonly<Record<string, unknown>>;
  return Number.isInteger(index) && Number.isInteger(value)
    && (op === 'SCMP_CMP_EQ' && valueTwo === undefined || op === 'SCMP_CMP_MASKED_EQ' && Number.isInteger(valueTwo));
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** The smallest profile that allows it. Names are sorted: the same calls give the same text. */
export function profileOf({ architectures, allowed }: Learned): Seccomp {
  const plain = [...new Set([...always, ...[...allowed].filter(([, values]) => values === null).map(([name]) => name)])]
    .sort();
  const rules: SeccompRule[] = [{ names: plain, action: 'SCMP_ACT_ALLOW' }];
  for (const name of Object.keys(telling).sort()) {
    const { index, mask } = telling[name]!;
    for (const value of [...allowed.get(name) ?? []].sort((a, b) => a < b ? -1 : a > b ? 1 : 0)) {
      const test = mask === undefined
        ? { index, value: Number(value), op: 'SCMP_CMP_EQ' } as const
        : { index, value: Number(mask), valueTwo: Number(value), op: 'SCMP_CMP_MASKED_EQ' } as const;
      rules.push({ names: [name], action: 'SCMP_ACT_ALLOW', args: [test] });
    }
  }
  return { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1, architectures: [...architectures].sort(),
    syscalls: rules };
}
