import type { Seccomp, SeccompRule, Spec } from '../types.ts';
import { mustBeAbsolute, type Findings } from './findings.ts';

/** Most arguments of a system call. */
const argumentCount = 6;

/** The largest errno that a filter can give back; SCMP_ACT_TRACE may give any 16 bits. */
const errnoMost = 4095;

/** What the schema cannot say about a filter (config-linux.md, Seccomp). */
export function checkSeccomp(spec: Spec, findings: Findings): void {
  const seccomp = spec.linux?.seccomp;
  if (seccomp === undefined) return;
  const { syscalls } = seccomp;
  if (seccomp.defaultAction === 'SCMP_ACT_NOTIFY') findings.add('seccompDefaultNotify', '/linux/seccomp/defaultAction');
  checkListener(seccomp, findings);
  if (syscalls !== undefined) {
    for (let index = 0; index < syscalls.length; index++) checkRule(syscalls[index]!, index, findings);
  }
  checkErrno(seccomp, findings);
}

/** Notifications need somebody who gets them. */
function checkListener({ syscalls, listenerPath = '', listenerMetadata }: Seccomp, findings: Findings): void {
  if (listenerPath !== '') {
    mustBeAbsolute(findings, listenerPath, 'listenerPath', '/linux/seccomp/listenerPath');
    return;
  }
  if (listenerMetadata !== undefined && listenerMetadata !== '')
    findings.add('seccompMetadata', '/linux/seccomp/listenerMetadata');
  syscalls?.forEach(({ action }, number) => {
    if (action === 'SCMP_ACT_NOTIFY') findings.add('seccompListener', `/linux/seccomp/syscalls/${number}/action`);
  });
}

function checkRule(rule: SeccompRule, number: number, findings: Findings): void {
  const { args } = rule;
  if (args === undefined) return;
  for (let index = 0; index < args.length; index++) {
    const value = args[index]!.index;
    if (value >= argumentCount)
      findings.add('seccompArgIndex', `/linux/seccomp/syscalls/${number}/args/${index}/index`, { value });
  }
}

/** Whether an action is there and gives no value back: only two do. */
function isWithoutValue(action: string | undefined): boolean {
  return typeof action === 'string' && action !== 'SCMP_ACT_ERRNO' && action !== 'SCMP_ACT_TRACE';
}

/** "When the action doesn't support an errno, the runtime MUST print and error and fail." */
function checkErrno(seccomp: Seccomp, findings: Findings): void {
  const { defaultAction, defaultErrnoRet, syscalls } = seccomp;
  const range = (value: number | undefined, pointer: string): void => {
    if (value !== undefined && value > errnoMost)
      findings.add('valueRange', pointer, { name: pointer.slice(pointer.lastIndexOf('/') + 1), value,
        expected: 'an errno, from 0 to 4095' });
  };
  range(defaultErrnoRet, '/linux/seccomp/defaultErrnoRet');
  if (defaultErrnoRet !== undefined && isWithoutValue(defaultAction)) {
    findings.add('seccompErrno', '/linux/seccomp/defaultErrnoRet', { name: 'defaultErrnoRet', action: defaultAction });
  }
  syscalls?.forEach(({ action, errnoRet }, index) => {
    if (action === 'SCMP_ACT_ERRNO') range(errnoRet, `/linux/seccomp/syscalls/${index}/errnoRet`);
    if (errnoRet !== undefined && isWithoutValue(action)) {
      findings.add('seccompErrno', `/linux/seccomp/syscalls/${index}/errnoRet`, { name: 'errnoRet', action });
    }
  });
}
