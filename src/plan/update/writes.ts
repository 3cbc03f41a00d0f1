// An update as text for people: one line for each file that would be written.
import { errnoName } from '../../diagnostic/errno.ts';
import type { Operation } from '../../generated/plan.ts';

/** One line a write: the file and the value. What only happens when a write is refused says so. */
export function renderWrites(operations: readonly Operation[]): string {
  return operations.map((operation) => lines(operation, '')).join('');
}

function lines(operation: Operation, when: string): string {
  switch (operation.op) {
    case 'alt': {
      const refused = `  on ${operation.onErrno.map(errnoName).join(', ')}: `;
      return lines(operation.try, when) + (operation.else === undefined ? '' : lines(operation.else, refused));
    }
    case 'cgroup.update':
      return `${when}${operation.dir.mount}/${operation.dir.path}/${operation.file} <- ${operation.value}\n`;
    case 'cgroup.check':
      return `${when}${operation.dir.mount}/${operation.dir.path}/${operation.file} must not be above ${operation.limit}\n`;
    case 'rdt.update':
      return `${when}/sys/fs/resctrl/${operation.group === '' ? '' : `${operation.group}/`}schemata <- ${
        operation.schemata.trimEnd().replaceAll('\n', ', ')
      }\n`;
    case 'cgroup.devices':
      return `${when}${operation.dir.mount}/${operation.dir.path}: device program of ${
        operation.program.length / 8
      } instructions\n`;
    default:
      return `${when}${operation.op}\n`;
  }
}
