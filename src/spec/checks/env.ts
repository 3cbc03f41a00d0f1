import type { Process } from '../types.ts';
import type { Findings } from './findings.ts';

/** Every entry of an environment is NAME=VALUE. */
export function checkEnvList(env: readonly string[] | undefined, pointer: string, findings: Findings): void {
  if (env === undefined) return;
  for (let index = 0; index < env.length; index++) {
    const entry = env[index] as string;
    const equals = entry.indexOf('=');
    if (equals > 0) continue;
    findings.add(equals === 0 ? 'envNoName' : 'envNoValue', `${pointer}/${index}`, { value: entry });
  }
}

/** The environment of a process. */
export function checkEnv(process: Process, pointer: string, findings: Findings): void {
  checkEnvList(process.env, `${pointer}/env`, findings);
}
