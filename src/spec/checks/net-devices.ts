import { utf8Of } from '../../base/utf8.ts';
import { pointerPart } from '../parse/position.ts';
import type { Spec } from '../types.ts';
import type { Findings } from './findings.ts';
import { namespaceOf } from './namespaces.ts';

/** Longest name of a network device (IFNAMSIZ without its NUL). */
const longest = 15;

/** Folders of /proc/sys/net/ipv4/conf that are no device's. */
const reserved = ['all', 'default'];

/** Network devices: a network namespace of the container's own, names that the kernel takes, each once. */
export function checkNetDevices(spec: Spec, findings: Findings): void {
  const devices = spec.linux?.netDevices;
  if (devices === undefined) return;
  const names = new Set<string>();
  for (const device of Object.keys(devices)) {
    const pointer = `/linux/netDevices/${pointerPart(device)}`;
    if (namespaceOf(spec, 'network') === undefined)
      findings.addKey('namespaceMissing', pointer, { what: `network device "${device}"`, type: 'network' });
    if (!isName(device, false)) findings.addKey('netDeviceName', pointer, { value: device });
    const asked = devices[device]?.name ?? '';
    if (asked !== '' && !isName(asked, true)) findings.add('netDeviceName', `${pointer}/name`, { value: asked });
    const name = asked === '' ? device : asked;
    if (names.has(name) && !name.includes('%')) findings.addKey('netDeviceTwice', pointer, { value: name });
    names.add(name);
  }
}

/** Whether the kernel takes a name; one that is asked for may have one `%d`. */
function isName(name: string, pattern: boolean): boolean {
  if (name === '' || name === '.' || name === '..' || reserved.includes(name)) return false;
  for (const letter of name) if ('/: \t\n\r\v\f'.includes(letter)) return false;
  if (utf8Of(name).length > longest) return false;
  const parts = name.split('%');
  return parts.length === 1 || (pattern && parts.length === 2 && parts[1]!.startsWith('d'));
}
