import { hookKinds } from '../hook-kinds.ts';
import type { Spec } from '../types.ts';
import { checkEnvList } from './env.ts';
import { mustBeAbsolute, type Findings } from './findings.ts';

/** Hooks have absolute paths and a proper environment (config.md, POSIX-platform hooks). */
export function checkHooks({ hooks }: Spec, findings: Findings): void {
  if (hooks === undefined) return;
  for (const kind of hookKinds) {
    const list = hooks[kind];
    if (list === undefined) continue;
    for (let index = 0; index < list.length; index++) {
      const pointer = `/hooks/${kind}/${index}`;
      mustBeAbsolute(findings, list[index]!.path, `path of ${kind} hook ${index}`, `${pointer}/path`);
      checkEnvList(list[index]!.env, `${pointer}/env`, findings);
    }
  }
}
