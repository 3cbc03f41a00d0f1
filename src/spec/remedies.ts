// What to do about a value that breaks the schema, where the value or its place shows it.
import { pointerNames } from './parse/position.ts';
import { suggest } from './suggest.ts';
import { Inexact, type JsonValue } from './parse/value.ts';
import { specVersion } from './version.ts';

/** What a property may look like, by its name: for those that are missing, and objects written as something else. */
const examples: Readonly<Record<string, string>> = {
  ociVersion: `"ociVersion": "${specVersion}"`,
  cwd: '"cwd": "/"',
  path: '"path": "/some/path"',
  destination: '"destination": "/data"',
  type: '"type": "pid"',
  soft: '"soft": 1024',
  hard: '"hard": 1024',
  policy: '"policy": "SCHED_OTHER"',
  class: '"class": "IOPRIO_CLASS_BE"',
  defaultAction: '"defaultAction": "SCMP_ACT_ERRNO"',
  action: '"action": "SCMP_ACT_ALLOW"',
  names: '"names": ["read", "write"]',
  op: '"op": "SCMP_CMP_EQ"',
  index: '"index": 0',
  value: '"value": 0',
  height: '"height": 24',
  width: '"width": 80',
  containerID: '"containerID": 0',
  hostID: '"hostID": 100000',
  size: '"size": 65536',
  allow: '"allow": true',
  limit: '"limit": 1048576',
  pageSize: '"pageSize": "2MB"',
  major: '"major": 8',
  minor: '"minor": 0',
  rate: '"rate": 1048576',
  name: '"name": "eth0"',
  priority: '"priority": 1',
  domain: '"domain": "LINUX"',
  mode: '"mode": "MPOL_BIND"',
  uid: '"uid": 0',
  gid: '"gid": 0',
  mounts: '"mounts": []',
};

/** The same where the object that holds it decides. */
const examplesIn: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  root: { path: '"path": "rootfs"' },
  rlimits: { type: '"type": "RLIMIT_NOFILE"' },
  devices: { type: '"type": "c"', path: '"path": "/dev/fuse"' },
};

/** Objects by their name, or by that of the list they are in. */
const objects: Readonly<Record<string, string>> = {
  root: '{ "path": "rootfs" }',
  user: '{ "uid": 0, "gid": 0 }',
  namespaces: '{ "type": "pid" }',
  process: '{ "args": ["sh"], "cwd": "/" }',
  mounts: '{ "destination": "/data", "type": "bind", "source": "/data", "options": ["rbind"] }',
  linux: '{ "namespaces": [] }',
  uidMappings: '{ "containerID": 0, "hostID": 100000, "size": 65536 }',
  gidMappings: '{ "containerID": 0, "hostID": 100000, "size": 65536 }',
  rlimits: '{ "type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024 }',
  devices: '{ "path": "/dev/fuse", "type": "c", "major": 10, "minor": 229 }',
  capabilities: '{ "bounding": [], "effective": [], "permitted": [] }',
  hooks: '{ "createRuntime": [{ "path": "/usr/bin/hook" }] }',
  resources: '{ "memory": { "limit": 536870912 } }',
  memory: '{ "limit": 536870912 }',
  cpu: '{ "shares": 1024 }',
  pids: '{ "limit": 100 }',
  sysctl: '{ "net.core.somaxconn": "1024" }',
  annotations: '{ "org.example.key": "text" }',
  netDevices: '{ "eth0": {} }',
  seccomp: '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [] }',
  syscalls: '{ "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" }',
};

/** How to add a property that an object must have. */
export function remedyForMissing(pointer: string, missing: string, object: JsonValue | undefined): string {
  const similar = typeof object === 'object' && object !== null ? suggest(missing, Object.keys(object)) : undefined;
  if (similar !== undefined && similar !== missing) return `rename "${similar}" to "${missing}"`;
  const names = pointerNames(pointer);
  const example = examplesIn[names[names.length - 1] ?? '']?.[missing] ?? examples[missing];
  return example === undefined ? `add "${missing}"` : `add ${example}, or what it should be`;
}

const units: Readonly<Record<string, bigint>> = { '': 1n, k: 1n << 10n, m: 1n << 20n, g: 1n << 30n, t: 1n << 40n };

function numberFor(text: string, pointer: string): string {
  const last = pointerNames(pointer).pop() ?? '';
  if (/^(umask|fileMode)$/.test(last) && /^0?[0-7]{3,4}$/.test(text))
    return `write ${parseInt(text, 8)}: JSON numbers are decimal, and octal ${text} is that`;
  if (/^-?(0|[1-9]\d{0,19})$/.test(text)) return `write ${text} without quotes`;
  if (/^0+\d+$/.test(text)) return `write ${text.replace(/^0+/, '')} without quotes and zeros in front`;
  if (/^(unlimited|infinity|max|inf)$/i.test(text))
    return pointer.includes('/rlimits/')
      ? 'write 18446744073709551615 for no limit'
      : 'write -1 for no limit';
  if (/^(uid|gid|additionalGids)$/.test(last)) return 'write the number of the user or group: names are not looked up';
  const size = /^(\d{1,12})\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  if (size !== null && size[2] !== '')
    return `write ${
      BigInt(size[1]!) * (units[size[2]!.toLowerCase()] ?? 1n)
    }: a number of bytes, without quotes and unit`;
  const quantity = /^(\d{1,15})\s*[a-z]+$/i.exec(text);
  if (quantity !== null) return `write ${quantity[1]}, without quotes and unit`;
  return 'write a number, without quotes';
}

function listFor(value: JsonValue | undefined, pointer: string): string {
  const last = pointerNames(pointer).pop() ?? '';
  if (typeof value === 'string') {
    if (value.length > 60) return 'put it in brackets: ["...", "..."]';
    const words = last === 'args' ? value.trim().split(/\s+/) : last === 'options' ? value.split(',') : [value];
    return `write ${JSON.stringify(words)}`;
  }
  if (last === 'env') return 'write a list such as ["PATH=/bin", "HOME=/root"]';
  return typeof value === 'object' ? 'put it in brackets: [ { ... } ]' : 'write a list in brackets';
}

/** What to write in place of a value of a wrong type. */
export function remedyForType(type: string, value: JsonValue | undefined, pointer: string): string | undefined {
  if (value === null) return 'leave it out instead of writing null';
  switch (type) {
    case 'integer':
      return typeof value === 'string' ? numberFor(value, pointer) : 'write a number';
    case 'string':
      if (value instanceof Inexact) return `write "${value.text.slice(0, 40)}" in quotes`;
      return typeof value === 'object' ? 'write one string in quotes' : `write "${String(value)}" in quotes`;
    case 'array':
      return listFor(value, pointer);
    case 'boolean':
      return typeof value === 'string' && /^(true|false)$/i.test(value)
        ? `write ${value.toLowerCase()} without quotes`
        : 'write true or false, without quotes';
    case 'object': {
      const example = objects[pointerNames(pointer).pop() ?? ''];
      return example === undefined ? 'write an object in braces: { "NAME": VALUE }' : `for example ${example}`;
    }
    default:
      return undefined;
  }
}

/** What to put into a list that must not be empty. */
export function remedyForEmpty(pointer: string): string {
  const last = pointerNames(pointer).pop() ?? '';
  return last === 'names'
    ? 'name a system call, for example ["mkdir"], or remove the rule'
    : 'add an entry, or remove it';
}

/** An upper limit in words; a mode also in octal. */
export function mostOf(pointer: string, maximum: string): string {
  return `at most ${maximum}${pointer.endsWith('/umask') ? ', which is octal 0777 (JSON numbers are decimal)' : ''}`;
}

/** Limits in words, with the number that means "no limit". */
export function limitsOf(pointer: string, minimum: string, maximum: string): string {
  const none = pointer.includes('/rlimits/')
    ? '; 18446744073709551615 is no limit'
    : /\/(limit|swap|reservation|quota)$/.test(pointer)
    ? '; -1 is no limit'
    : '';
  return `from ${minimum} to ${maximum}${none}`;
}

/** Names that people know from elsewhere. */
const aliases: Readonly<Record<string, string>> = {
  mnt: 'mount',
  net: 'network',
  amd64: 'SCMP_ARCH_X86_64',
  x86_64: 'SCMP_ARCH_X86_64',
  i386: 'SCMP_ARCH_X86',
  arm64: 'SCMP_ARCH_AARCH64',
  normal: 'SCHED_OTHER',
};

/** A name of the list that stands for the word by custom, or undefined. */
export function aliasOf(word: string, list: readonly string[]): string | undefined {
  const alias = Object.hasOwn(aliases, word.toLowerCase()) ? aliases[word.toLowerCase()] : undefined;
  return alias !== undefined && list.includes(alias) ? alias : undefined;
}

/** The names of a list as one text, as many as a line can hold. */
export function listInWords(list: readonly string[]): string {
  let text = '';
  for (const [index, name] of list.entries()) {
    if (text.length + name.length > 180) return `${text} and ${list.length - index} others`;
    text += index === 0 ? name : `, ${name}`;
  }
  return text;
}
