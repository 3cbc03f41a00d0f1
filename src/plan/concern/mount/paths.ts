// linux.readonlyPaths, linux.maskedPaths: after the pivot, when nothing can be mounted above them any more.
import type { Draft } from '../../draft.ts';
import { inContainer } from '../../path.ts';

export function protectPaths(d: Draft): void {
  const linux = d.spec.linux;
  const readonly = linux?.readonlyPaths;
  if (readonly !== undefined) {
    for (let index = 0; index < readonly.length; index++) {
      // Nothing can lie over the root itself: rootfs.ts makes it read-only.
      if (inContainer(readonly[index]!) === '/') continue;
      d.init.push({ op: 'path.readonly', from: `/linux/readonlyPaths/${index}`, path: readonly[index]! });
    }
  }
  const masked = linux?.maskedPaths;
  if (masked !== undefined) {
    for (let index = 0; index < masked.length; index++) {
      // Once is enough: configurations add to a list that has it.
      if (masked.indexOf(masked[index]!) < index) continue;
      d.init.push({ op: 'path.mask', from: `/linux/maskedPaths/${index}`, path: masked[index]! });
    }
  }
}
