// Plans of this process, remembered by what they were made of: of two containers with the same configuration they differ by the id
// alone. A run of a sandbox then takes no engine (docs/decisions/0008-plans-by-shape.md has the same for the command).
import { Buffer } from 'node:buffer';

/** How many are kept. */
const most = 16;

interface Entry {
  readonly id: string;
  readonly plan: Buffer;
  /** Where the id stands; undefined as long as there was no second one to compare with. */
  readonly places?: readonly number[];
}

const entries = new Map<string, Entry>();

/** Where a text stands in bytes. */
function placesOf(bytes: Buffer, text: string): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) places.push(at);
  return places;
}

/** The same plan for another id of the same length. */
function renamed(plan: Buffer, places: readonly number[], id: string): Buffer {
  const copy = Buffer.from(plan);
  for (const at of places) copy.write(id, at, 'latin1');
  return copy;
}

/**
 * The plan for an id: the one that is remembered, or a new one.
 *
 * @param id of the container: ASCII
 * @param origin all else that the plan is made of
 * @param make makes it; what it throws is not remembered
 */
export function rememberedPlan(id: string, origin: readonly string[], make: () => Uint8Array): Uint8Array {
  const key = [String(id.length), ...origin].join('\0');
  const known = entries.get(key);
  // The one that was used last is the last one.
  entries.delete(key);
  if (known?.places !== undefined) {
    entries.set(key, known);
    return renamed(known.plan, known.places, id);
  }
  const plan = Buffer.from(make());
  const places = known === undefined || known.id === id ? undefined : placesOf(known.plan, known.id);
  // Whatever else is different is no name: then nothing of the kind is remembered.
  const isName = places !== undefined && places.length > 0 && renamed(known!.plan, places, id).equals(plan);
  entries.set(key, isName ? { id, plan, places } : { id, plan });
  if (entries.size > most) entries.delete(entries.keys().next().value!);
  return plan;
}
