// process.capabilities: five sets of names as bits (capabilities(7)).
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import { capabilityNumber, uselessAmbient } from '../../../spec/capabilities.ts';
import type { Draft } from '../../draft.ts';
import { mapsUsers } from '../namespaces.ts';

type SetName = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';

/** A set in two words of 32 bits. */
interface Bits {
  readonly low: number;
  readonly high: number;
}

/**
 * Bits of a set. What the kernel or the caller does not have is left out with a warning: the kernel would
 * refuse the whole set.
 */
function bitsOf(d: Draft, name: SetName): Bits {
  const names = d.process.capabilities?.[name];
  let low = 0;
  let high = 0;
  if (names === undefined) return { low, high };
  const { facts, warn } = d.context;
  // A new user namespace has all of them, whatever the caller has.
  const all = mapsUsers(d.namespaces);
  for (let index = 0; index < names.length; index++) {
    const number = capabilityNumber(names[index]!);
    if (number === undefined) continue;
    const bit = 1 << (number & 31);
    const word = number < 32 ? facts.capabilities[0] : facts.capabilities[1];
    if (number > facts.lastCap || (!all && (word & bit) === 0)) {
      warn?.(
        diagnose('capabilityUnavailable', { value: names[index] }, placeAt(`${d.at}/capabilities/${name}/${index}`)),
      );
    } else if (number < 32) {
      low |= bit;
    } else {
      high |= bit;
    }
  }
  return { low, high };
}

/** As one number, which is exact: the kernel knows less than 53 capabilities. */
function numberOf({ low, high }: Bits): number {
  return (high >>> 0) * 4294967296 + (low >>> 0);
}

/** Without `capabilities` the process has none. */
export function dropBounding(d: Draft): void {
  d.init.push({ op: 'caps.bound', from: `${d.at}/capabilities`, bounding: numberOf(bitsOf(d, 'bounding')) });
}

export function setCapabilities(d: Draft): void {
  warnOfAmbient(d);
  const permitted = bitsOf(d, 'permitted');
  // The kernel takes only what other sets have, too; configurations often list more (the checks warn).
  const inheritable = both(bitsOf(d, 'inheritable'), bitsOf(d, 'bounding'));
  const ambient = both(bitsOf(d, 'ambient'), both(permitted, inheritable));
  d.init.push({
    op: 'caps.set',
    from: `${d.at}/capabilities`,
    effective: numberOf(both(bitsOf(d, 'effective'), permitted)),
    permitted: numberOf(permitted),
    inheritable: numberOf(inheritable),
    ambient: numberOf(ambient),
  });
}

function both(one: Bits, other: Bits): Bits {
  return { low: one.low & other.low, high: one.high & other.high };
}

/** runc says which ones it cannot raise while it starts the container; the checks say it before. */
function warnOfAmbient({ context, process, at }: Draft): void {
  if (context.peer !== 'runc' || context.warn === undefined) return;
  const lost = uselessAmbient(process.capabilities ?? {});
  if (lost.length > 0)
    context.warn(diagnose('capabilityAmbient', { value: lost.join(', ') }, placeAt(`${at}/capabilities/ambient`)));
}
