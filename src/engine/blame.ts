// Which value of the configuration a failed step is about: an operation's pointer is often that of an object.
import { errno } from '../diagnostic/errno.ts';
import type { Holes } from '../diagnostic/types.ts';
import type { Failure } from '../generated/protocol.ts';
import type { Spec } from '../generated/config.ts';
import type { Operation } from '../generated/plan.ts';
import { mountOption, parametersOf } from '../spec/mount-options.ts';
import { isObject, findValue, type JsonValue } from '../spec/parse/value.ts';

/** A value, or the key in front of it; and the mount option there. */
export interface Blamed {
  readonly pointer: string;
  readonly key?: true;
  readonly option?: string;
}

/** Members of the object an operation comes from, by the step that fails because of them. */
const members: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'namespace.join': { open: 'path', type: 'path', setns: 'path' },
  'hook.run': { execve: 'path', timeout: 'timeout' },
  'device.node': { parent: 'path', verify: 'path', mknod: 'path' },
};

/** The same for mounts, whatever the operation. */
const mountMembers: Readonly<Record<string, string>> = { target: 'destination', attach: 'destination',
  copy: 'destination', source: 'source', open: 'source', fsopen: 'type' };

/**
 * What to mark in the configuration.
 *
 * @param step name of the step that failed
 * @param failure as the executor reports it
 * @param option name of the mount option that was refused
 */
export function blame(
  operation: Operation,
  step: string | undefined,
  failure: Failure,
  option: Holes[string],
  spec: Spec,
): Blamed {
  const { from } = operation;
  if (step === undefined || from === '') return { pointer: from };
  if (from.startsWith('/mounts/')) return blameMount(from, operation, step, failure, option, spec);
  // A key cannot be opened, a value not be written.
  if (operation.op === 'sysctl.write' && step === 'open') return { pointer: from, key: true };
  if (operation.op === 'hostname.set' && step === 'setdomainname') return { pointer: '/domainname' };
  if (operation.op === 'program.run' && from.endsWith('/args')) return { pointer: `${from}/0` };
  const member = members[operation.op]?.[step];
  const object = findValue(spec as unknown as JsonValue, from);
  return { pointer: member !== undefined && isObject(object) && member in object ? `${from}/${member}` : from };
}

function blameMount(
  from: string,
  operation: Operation,
  step: string,
  failure: Failure,
  option: Holes[string],
  spec: Spec,
): Blamed {
  const mount = spec.mounts?.[Number(from.slice('/mounts/'.length))];
  if (mount === undefined) return { pointer: from };
  if (step === 'option' && typeof option === 'string') {
    const asks = (text: string): boolean =>
      text === option || text.startsWith(`${option}=`) || text === `r${option}` || text === option.replace('_', '');
    const index = mount.options?.findIndex((text) => parametersOf(text).some(asks)) ?? -1;
    if (index >= 0) {
      return { pointer: `${from}/options/${index}`,
        option: /pass|secret|key|cred/i.test(option) ? option : parametersOf(mount.options![index]!).find(asks)! };
    }
  }
  if (step === 'attr') return blameAttribute(from, mount.options ?? [], failure);
  // A source that the file system looks for when it is made.
  const isSource = step === 'create' && operation.op === 'mount.fs' &&
    (failure.errno === errno.ENOENT || failure.errno === errno.ENOTBLK);
  const member = isSource ? 'source' : mountMembers[step];
  return { pointer: member !== undefined && member in mount ? `${from}/${member}` : from };
}

/**
 * The kernel does not say which attribute it refuses: all that could be are named (recursive ones are set apart), and a
 * single one is marked. Not allowed (EPERM) is only to take away what a mount of the host has.
 */
function blameAttribute(from: string, options: readonly string[], { errno: number, detail }: Failure): Blamed {
  const recursive = detail?.recursive === true;
  const suspects = options.flatMap((text, index) => {
    const option = mountOption(text);
    return option?.kind === 'attribute' && option.recursive === recursive &&
        (number !== errno.EPERM || option.clear !== 0)
      ? [{ text, index }]
      : [];
  });
  if (suspects.length === 0) return { pointer: from };
  return {
    pointer: suspects.length === 1 ? `${from}/options/${suspects[0]!.index}` : `${from}/options`,
    option: suspects.map(({ text }) => text).join('", "'),
  };
}
