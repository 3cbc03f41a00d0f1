// ended: why a process of a container has ended, when the kernel has killed it for the configuration's sake.
import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import { jsonKeys, renderLine } from '../../diagnostic/render.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import { locateAll } from '../../spec/parse/locate.ts';
import type { Call } from '../call.ts';
import { worded } from '../wording.ts';
import { warningsOf } from '../options.ts';
import { configOf } from '../read.ts';
import { answerText } from '../respond.ts';

/** 128 and SIGSYS: how a shell names the end by a seccomp filter. */
const badSystemCall = 128 + 31;

/** The warning for the log, and what is said of it in an event; nothing when the configuration is not the cause. */
export function ended(call: Call): Response {
  const { status, outOfMemory, terminal, systemCall } = call.request.ended!;
  const spec = configOf(call);
  const reason = outOfMemory ? memoryEnd(spec) : status === badSystemCall ? seccompEnd(spec, systemCall) : undefined;
  if (reason === undefined) return answerText('');
  const located = locateAll([reason], call.texts[call.configName]!, call.configName);
  const [shown] = worded(call.request, located);
  const { code, ...keys } = jsonKeys(shown!);
  // Of a request that was kept the flags are those of the command that asks now.
  const { request } = call;
  const asker = { ...request, options: request.flags ?? request.options, facts: { ...request.facts, terminal } };
  const warnings = warningsOf(asker) === 'all' ? renderLine(shown!) : '';
  return { ...answerText(shown!.at?.pointer ?? ''), code,
    keys: JSON.stringify({ code, message: shown!.message, ...keys }).slice(1, -1), warnings };
}

export function memoryEnd(spec: Spec): Diagnostic {
  const { limit } = spec.linux?.resources?.memory ?? {};
  const isSet = limit !== undefined && limit > 0;
  return diagnose('endOom', isSet ? { limit } : {}, isSet ? placeAt('/linux/resources/memory/limit') : undefined);
}

/** Actions that end a process. */
export const deadly = /^SCMP_ACT_(KILL|KILL_THREAD|KILL_PROCESS|TRAP)$/;

/** The rule that refused a call: the one that names it, else what the profile does with all others. */
export function seccompEnd(spec: Spec, systemCall?: string): Diagnostic | undefined {
  const profile = spec.linux?.seccomp;
  if (profile === undefined) return undefined;
  const holes = systemCall === undefined ? {} : { call: systemCall };
  const rules = profile.syscalls ?? [];
  const own = systemCall === undefined
    ? -1
    : rules.findIndex(({ action, names }) => deadly.test(action) && names.includes(systemCall));
  if (own < 0 && deadly.test(profile.defaultAction))
    return diagnose('endSeccomp', holes, placeAt('/linux/seccomp/defaultAction'));
  const index = own < 0 ? rules.findIndex(({ action }) => deadly.test(action)) : own;
  return index < 0 ? undefined : diagnose('endSeccomp', holes, placeAt(`/linux/seccomp/syscalls/${index}/action`));
}
