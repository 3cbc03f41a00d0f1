import { NamespaceFlag } from '../generated/plan.ts';
import type { Process, Spec } from '../generated/config.ts';
import { readCgroups } from './concern/cgroup/cgroup.ts';
import { readNamespaces } from './concern/namespaces.ts';
import { learningSpec } from './concern/seccomp/learning.ts';
import type { Context } from './context.ts';
import type { Draft } from './draft.ts';

/** An empty plan for a process in a container. */
export function newDraft(
  spec: Spec,
  process: Process,
  processPointer: string,
  context: Context,
  hides?: boolean,
): Draft {
  const namespaces = readNamespaces(spec);
  return {
    spec: context.flags.learn ? learningSpec(spec, context.facts.arch, context.flags.learnPaths === true) : spec,
    process,
    processPointer: processPointer,
    context,
    namespaces,
    cgroups: readCgroups(spec, namespaces, context),
    hides: hides ?? (namespaces.joined & NamespaceFlag.pid) !== 0,
    attach: [],
    host: [],
    stager: [],
    init: [],
    start: [],
    kill: [],
    delete: [],
    pause: [],
    resume: [],
  };
}
