// linux.intelRdt: the class of service of the container in resctrl (runtime-spec config-linux "IntelRdt").
import type { IntelRdt } from '../../../generated/config.ts';
import type { RdtJoin } from '../../../generated/plan.ts';
import type { Draft } from '../../draft.ts';

const from = '/linux/intelRdt';

/**
 * Puts init into its class: one of its own that ends with the container when closID is not set, one that must be there
 * when nothing says how to make it, else one that is made if need be and stays.
 */
export function joinRdt(d: Draft): void {
  const rdt = d.spec.linux?.intelRdt;
  if (rdt === undefined) return;
  const { closID } = rdt;
  const compare = linesOf(rdt);
  const text = schemataOf(rdt);
  const own = isOwn(rdt);
  const form: RdtJoin['form'] = own ? 'own' : closID === '/' || text === '' ? 'present' : 'shared';
  const group = groupOf(d, rdt);
  const monitor = rdt.enableMonitoring === true ? d.context.id : undefined;
  d.host.push({ op: 'rdt.join', from, group, form, compare, schemata: text, monitor });
  if (own || monitor !== undefined) d.delete.push({ op: 'rdt.remove', from, group, own, monitor });
}

/**
 * update: writes new schemata for the class of a container that runs.
 *
 * @param changed the lines that the update gives
 */
export function updateRdt(d: Draft, changed: RdtLines): void {
  d.host.push({ op: 'rdt.update', from, group: groupOf(d, d.spec.linux!.intelRdt!), schemata: schemataOf(changed) });
}

/** apply: writes all lines of the configuration anew. */
export function writeSchemata(d: Draft): void {
  const rdt = d.spec.linux?.intelRdt;
  const schemata = rdt === undefined ? '' : schemataOf(rdt);
  if (rdt !== undefined && schemata !== '') d.host.push({ op: 'rdt.update', from, group: groupOf(d, rdt), schemata });
}

function linesOf({ l3CacheSchema = '', memBwSchema = '' }: RdtLines): string[] {
  return [l3CacheSchema, memBwSchema].filter((line) => line !== '');
}

/** In this order, as the specification says; the kernel takes them in one write. */
function schemataOf(rdt: RdtLines & Pick<IntelRdt, 'schemata'>): string {
  let text = '';
  for (const line of [...linesOf(rdt), ...rdt.schemata ?? []]) text += `${line}\n`;
  return text;
}

/** The lines of a class that an update can change. */
export type RdtLines = Pick<IntelRdt, 'l3CacheSchema' | 'memBwSchema'>;

function isOwn({ closID }: IntelRdt): boolean {
  return closID === undefined || closID === '';
}

function groupOf(d: Draft, rdt: IntelRdt): string {
  return isOwn(rdt) ? d.context.id : rdt.closID === '/' ? '' : rdt.closID!;
}
