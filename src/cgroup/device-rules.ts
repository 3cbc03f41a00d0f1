// Device rules of a container: deny all, the configuration's rules, and the devices that every container has.
import type { DeviceRule as SpecRule } from '../generated/config.ts';

/** One rule of the device controller. */
export interface DeviceRule {
  readonly allow: boolean;
  /** `a` is both kinds. */
  readonly type: 'a' | 'b' | 'c';
  /** -1 is any. */
  readonly major: number;
  readonly minor: number;
  /** Letters of `rwm`. */
  readonly access: string;
  /** JSON pointer of its cause. */
  readonly from: string;
}

/** JSON pointer of the rules that no configuration asks for. */
export const own = '/linux/resources/devices';

/**
 * What every container may do: make any node (a node without the right to open it harms nobody), and use
 * null, zero, full, random, urandom, tty, console, ptmx, the pseudo terminals, and tun (which needs CAP_NET_ADMIN).
 */
const always: readonly DeviceRule[] = [
  { allow: true, type: 'c', major: -1, minor: -1, access: 'm', from: own },
  { allow: true, type: 'b', major: -1, minor: -1, access: 'm', from: own },
  { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 1, minor: 7, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 1, minor: 8, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 1, minor: 9, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 5, minor: 0, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 5, minor: 1, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 5, minor: 2, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 136, minor: -1, access: 'rwm', from: own },
  { allow: true, type: 'c', major: 10, minor: 200, access: 'rwm', from: own },
];

/** Whether a rule is about every access to every device: it takes the place of all before it. */
export function isAll(rule: DeviceRule): boolean {
  return rule.type === 'a' && rule.major < 0 && rule.minor < 0 && rule.access.length === 3;
}

/**
 * Rules in the order in which they apply. For each right of an access the last rule counts that is about it: deny all (or
 * the configuration's last rule about everything, before which none has an effect), where that denies what every
 * container may do, then the configuration's.
 */
export function deviceRules(configured: readonly SpecRule[] | undefined): readonly DeviceRule[] {
  let first: DeviceRule = { allow: false, type: 'a', major: -1, minor: -1, access: 'rwm', from: own };
  let rules: DeviceRule[] = [];
  if (configured !== undefined) {
    for (let index = 0; index < configured.length; index++) {
      const given = configured[index]!;
      // Rights that do not exist are denied already.
      const access = given.access === undefined || given.access === '' ? 'rwm' : given.access.replace(/[^rwm]/g, '');
      if (access === '') continue;
      const rule: DeviceRule = {
        allow: given.allow,
        type: given.type === 'b' || given.type === 'c' ? given.type : 'a',
        major: anyIfAbsent(given.major),
        minor: anyIfAbsent(given.minor),
        access,
        from: `${own}/${index}`,
      };
      if (isAll(rule)) [first, rules] = [rule, []];
      else rules.push(rule);
    }
  }
  return first.allow ? [first, ...rules] : [first, ...always, ...rules];
}

/** Whether rules allow a node to be made. */
export function mayMakeNode(rules: readonly DeviceRule[], type: 'b' | 'c', major: number, minor: number): boolean {
  for (let index = rules.length - 1; index >= 0; index--) {
    const rule = rules[index]!;
    const isAbout = (rule.type === 'a' || rule.type === type) && (rule.major < 0 || rule.major === major) &&
      (rule.minor < 0 || rule.minor === minor) && rule.access.includes('m');
    if (isAbout) return rule.allow;
  }
  return false;
}

/** The same rules, but any node may be made. */
export function withAnyNode(rules: readonly DeviceRule[]): readonly DeviceRule[] {
  return [...rules, ...always.slice(0, 2)];
}

function anyIfAbsent(number: number | bigint | undefined): number {
  return number === undefined || number < 0 ? -1 : Number(number);
}
