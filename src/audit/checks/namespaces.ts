import type { NamespaceType } from '../../spec/types.ts';
import type { Report } from '../report.ts';
import { isHostNamespace, type View } from '../view.ts';

const judged = ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'] as const satisfies readonly NamespaceType[];

/** Where engines put namespaces that they have made for a container. */
const netnsPath = /^\/(var\/)?run\/(user\/\d+\/)?netns\//;

/** Namespaces that are missing, or joined. */
export function checkNamespaces({ spec: { linux }, own }: View, report: Report): void {
  const listed = linux?.namespaces ?? [];
  for (const type of judged) {
    if (own.has(type)) continue;
    const index = listed.findIndex((namespace) => namespace.type === type);
    report.add(`host-${type}`, index < 0 ? '/linux/namespaces' : `/linux/namespaces/${index}/path`, { type });
  }
  listed.forEach(({ type, path = '' }, index) => {
    const pointer = `/linux/namespaces/${index}/path`;
    if (type === 'user' && isHostNamespace(path)) report.add('host-user', pointer, { path });
    else if (path !== '' && !isHostNamespace(path) && !(type === 'network' && netnsPath.test(path)))
      report.add('joins-namespace', pointer, { type, path });
  });
}
