// What a container is, in a few lines: the head of `veloci plan`.
import { capabilityRows, hostObjects, limitText, sharedNamespaces } from './overview.ts';
import type { View } from './view.ts';

/** Lines of a label and its words. */
export function summaryOf(view: View): readonly (readonly [label: string, words: string])[] {
  const { process, spec, own, mounts } = view;
  const shared = sharedNamespaces(view);
  const objects = hostObjects(view);
  const { seccomp } = spec.linux ?? {};
  const calls = new Set((seccomp?.syscalls ?? []).flatMap(({ names }) => names)).size;
  return [
    ['program', process === undefined
      ? 'none'
      : `${(process.args ?? []).join(' ')} as ${process.user?.uid ?? 0}:${process.user?.gid ?? 0}`],
    ['root', `${spec.root?.path ?? '/'}${spec.root?.readonly === true ? ', read-only' : ', writable'}`],
    ['namespaces',
      `own: ${own.size === 0 ? 'none' : [...own].join(', ')}${
        shared.length === 0 ? '' : `; of the host: ${shared.join(', ')}`
      }`],
    ['mounts', `${mounts.length}, ${mounts.filter(({ bind }) => bind).length} of them of the host`],
    ['capabilities', capabilityRows(view).map(({ name }) => name.replace('CAP_', '')).join(', ') || 'none'],
    ['system calls', seccomp === undefined
      ? 'all'
      : `${calls} with a rule, others ${seccomp.defaultAction.replace('SCMP_ACT_', '').toLowerCase()}`],
    ['limits', limitText(view)],
    ['of the host', objects.length === 0
      ? 'no files, no devices'
      : objects.map(({ path, source, access }) => `${path} (${source}, ${access})`).join(', ')],
  ];
}
