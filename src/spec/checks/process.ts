import type { Process } from '../types.ts';
import { mustBeAbsolute, type Findings } from './findings.ts';

/** Most supplementary groups of a process (NGROUPS_MAX). */
const mostGroups = 65536;

/** The kernel's "no id". */
export const noId = 4294967295;

/** args, cwd and the user of a process (config.md, Process). */
export function checkProgram(process: Process, pointer: string, findings: Findings): void {
  const { args, cwd, user } = process;
  if (args === undefined || args.length === 0)
    findings.add('argsEmpty', args === undefined ? pointer : `${pointer}/args`);
  else if (args[0] === '')
    findings.add('programEmpty', `${pointer}/args/0`);
  mustBeAbsolute(findings, cwd, 'cwd', `${pointer}/cwd`);
  if (user === undefined) return;
  if (user.uid === noId) findings.add('idInvalidNumber', `${pointer}/user/uid`, { name: 'uid' });
  if (user.gid === noId) findings.add('idInvalidNumber', `${pointer}/user/gid`, { name: 'gid' });
  const groups = user.additionalGids ?? [];
  if (groups.length > mostGroups)
    findings.add('groupsMany', `${pointer}/user/additionalGids`, { count: groups.length, most: mostGroups });
  groups.forEach((gid, index) => {
    if (gid === noId)
      findings.add('idInvalidNumber', `${pointer}/user/additionalGids/${index}`, { name: `additionalGids[${index}]` });
  });
}

/** consoleSize without a terminal has no effect. */
export function checkTerminal(process: Process, pointer: string, findings: Findings): void {
  if (findings.warnings && process.consoleSize !== undefined && process.terminal !== true) {
    findings.add('consoleSizeUseless', `${pointer}/consoleSize`);
  }
}
