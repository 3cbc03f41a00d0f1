// Maps of user ids and group ids as the kernel reads them (user_namespaces(7)).
import type { IdMapping } from '../../../generated/config.ts';

/** Lines of uid_map or gid_map. */
export function mapText(map: readonly IdMapping[]): string {
  let text = '';
  for (const entry of map) text += `${entry.containerID} ${entry.hostID} ${entry.size}\n`;
  return text;
}

/** Id outside of the user namespace that an id of the container stands for; undefined when it is not mapped. */
export function onHost(map: readonly IdMapping[], id: number): number | undefined {
  for (const entry of map) {
    if (id >= entry.containerID && id < entry.containerID + entry.size) return entry.hostID + (id - entry.containerID);
  }
  return undefined;
}
