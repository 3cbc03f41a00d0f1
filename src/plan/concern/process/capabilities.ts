// process.capabilities: five sets of names as bits (capabilities(7)).
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import { capabilityNumber, uselessAmbient } from '../../../spec/capabilities.ts';
import type { Draft } from '../../draft.ts';
import { hasCapability, mapsUsers } from '../namespaces.ts';

type SetName = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';

/** A set in two words of 32 bits. */
interface Bits {
  readonly low: number;
  readonly high: number;
}

/** Bits of a set. What the kernel or the caller does not have is left out: the kernel would refuse the whole set. */
function bitsOf(d: Draft, name: SetName): Bits {
  let low = 0;
  let high = 0;
  for (const capability of d.process.capabilities?.[name] ?? []) {
    const number = capabilityNumber(capability);
    if (number === undefined || !isAvailable(d, number)) continue;
    if (number < 32) low |= 1 << number;
    else high |= 1 << (number - 32);
  }
  return { low, high };
}

/** A new user namespace has all that the kernel knows, whatever the caller has. */
function isAvailable(d: Draft, number: number): boolean {
  const { facts } = d.context;
  return number <= facts.lastCap && (mapsUsers(d.namespaces) || hasCapability(facts, number));
}

/** One warning for all sets: what the caller lacks is mostly in three of them. */
function warnOfUnavailable(d: Draft): void {
  const { context: { warn }, process: { capabilities = {} }, processPointer } = d;
  if (warn === undefined) return;
  const lost = new Map<string, string>();
  for (const [set, names] of Object.entries(capabilities) as [SetName, readonly string[]][]) {
    names.forEach((name, index) => {
      const number = capabilityNumber(name);
      if (number === undefined || lost.has(name) || isAvailable(d, number)) return;
      lost.set(name, `${processPointer}/capabilities/${set}/${index}`);
    });
  }
  const [first] = lost.values();
  if (first !== undefined)
    warn(diagnose('capabilityUnavailable', { value: [...lost.keys()].join(', ') }, placeAt(first)));
}

/** As one number, which is exact: the kernel knows less than 53 capabilities. */
function numberOf({ low, high }: Bits): number {
  return (high >>> 0) * 4294967296 + (low >>> 0);
}

/** Without `capabilities` the process has none. */
export function dropBounding(d: Draft): void {
  warnOfUnavailable(d);
  d.init.push({ op: 'caps.bound', from: `${d.processPointer}/capabilities`,
    bounding: numberOf(bitsOf(d, 'bounding')) });
}

export function setCapabilities(d: Draft): void {
  warnOfAmbient(d);
  const permitted = bitsOf(d, 'permitted');
  // The kernel takes only what other sets have, too; configurations often list more (the checks warn).
  const inheritable = both(bitsOf(d, 'inheritable'), bitsOf(d, 'bounding'));
  const ambient = both(bitsOf(d, 'ambient'), both(permitted, inheritable));
  d.init.push({
    op: 'caps.set',
    from: `${d.processPointer}/capabilities`,
    effective: numberOf(both(bitsOf(d, 'effective'), permitted)),
    permitted: numberOf(permitted),
    inheritable: numberOf(inheritable),
    ambient: numberOf(ambient),
  });
}

function both(one: Bits, other: Bits): Bits {
  return { low: one.low & other.low, high: one.high & other.high };
}

/** The checks warn of them too, but not of every start. */
function warnOfAmbient({ context, process, processPointer }: Draft): void {
  if (!context.habits.warnsOfAmbient || context.warn === undefined) return;
  const lost = uselessAmbient(process.capabilities ?? {});
  if (lost.length > 0)
    context.warn(
      diagnose('capabilityAmbient', { value: lost.join(', ') }, placeAt(`${processPointer}/capabilities/ambient`)),
    );
}
