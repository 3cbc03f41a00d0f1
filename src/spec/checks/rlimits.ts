import type { Process } from '../types.ts';
import type { Findings } from './findings.ts';

/** Resource limits: each once, soft at most hard (config.md, POSIX process). */
export function checkRlimits(process: Process, pointer: string, findings: Findings): void {
  const { rlimits } = process;
  if (rlimits === undefined) return;
  for (let index = 0; index < rlimits.length; index++) {
    const { type, soft, hard } = rlimits[index]!;
    const rlimitPointer = `${pointer}/rlimits/${index}`;
    if (soft > hard) findings.add('rlimitSoft', `${rlimitPointer}/soft`, { value: type, soft, hard });
    for (let other = 0; other < index; other++) {
      if (rlimits[other]!.type === type) {
        findings.add('rlimitDuplicate', `${rlimitPointer}/type`, { value: type });
        break;
      }
    }
  }
}
