// spec: a configuration to begin with, or one in another form.
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import { habitsOf } from '../../compat/habits.ts';
import { defaultSpec, likeDocker, makeRootless } from '../../spec/beginning.ts';
import type { Call } from '../call.ts';
import { isOn } from '../options.ts';
import { answerText } from '../respond.ts';
import { checkSpecFlags, specFmt, specMerge, specMigrate } from './spec-edit.ts';

/** @throws InvalidDocument when a configuration cannot be edited */
export function spec(call: Call): Response {
  checkSpecFlags(call);
  switch (call.request.operands?.[0]) {
    case 'fmt':
      return specFmt(call);
    case 'merge':
      return specMerge(call);
    case 'migrate':
      return specMigrate(call);
    default:
      return answerText(beginning(call));
  }
}

/** Text of the file, as other runtimes write it: indented by tabs. */
function beginning(call: Call): string {
  const { facts, options } = call.request;
  const config = defaultSpec();
  if (facts.cgroup.mode === 'v2') config.linux!.namespaces!.push({ type: 'cgroup' });
  if (options['from'] === 'docker-default') likeDocker(config, facts.arch);
  if (isOn(options, 'rootless')) {
    makeRootless(config, facts.euid, facts.egid);
    if (habitsOf(call.request.peer).rootlessNetwork === 'host') shareNetwork(config);
  }
  return JSON.stringify(config, null, '\t');
}

/** The network of the caller. Without a network namespace of its own a user may not mount sysfs. */
function shareNetwork(config: Spec): void {
  const linux = config.linux!;
  linux.namespaces = linux.namespaces!.filter(({ type }) => type !== 'network');
  const sysfs = config.mounts!.find(({ type }) => type === 'sysfs')!;
  sysfs.type = 'none';
  sysfs.source = '/sys';
  sysfs.options = ['rbind', ...sysfs.options!];
}
