import { resolved } from '../destination.ts';
import { mountOption, mountOptionNames, mountParameters, parametersOf } from '../mount-options.ts';
import { hasRootOverlay, rootOverlay } from './root-overlay.ts';
import type { Mount, Spec } from '../types.ts';
import { isAbsolute, type Findings } from './findings.ts';
import { checkMap } from './id-maps.ts';
import { checkMountValues } from './mount-values.ts';
import { namespaceOf } from './namespaces.ts';

/** Files of procfs that a bind mount from elsewhere may cover. */
const coverable = [
  'cpuinfo',
  'diskstats',
  'meminfo',
  'stat',
  'swaps',
  'uptime',
  'loadavg',
  'slabinfo',
  'net/dev',
  'sys/kernel/ns_last_pid',
  'sys/crypto/fips_enabled',
];

/** Mounts: destination, source and type, options (config.md, Mounts; config-linux.md). */
export function checkMounts(spec: Spec, findings: Findings): void {
  const { mounts } = spec;
  if (mounts === undefined) return;
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index]!;
    const pointer = `/mounts/${index}`;
    const isRoot = index === 0 && hasRootOverlay(spec);
    const bind = checkOptions(mount, pointer, findings);
    checkDestination(mount, bind, pointer, findings, isRoot);
    if (isRoot) checkRootOverlay(mount, pointer, findings);
    checkIdmap(spec, mount, pointer, findings);
  }
}

function checkRootOverlay(mount: Mount, pointer: string, findings: Findings): void {
  const overlay = rootOverlay(mount);
  if (typeof overlay === 'string') findings.add('rootOverlay', `${pointer}/options`, { expected: overlay });
}

function checkDestination(mount: Mount, bind: boolean, pointer: string, findings: Findings, isRoot: boolean): void {
  const { destination, source, type } = mount;
  if (destination === '')
    findings.add('emptyValue', `${pointer}/destination`, { name: 'destination', remedy: 'write where to mount' });
  else if (findings.warnings && !isAbsolute(destination))
    findings.add('mountRelative', `${pointer}/destination`, { value: destination });
  if (mount.options?.includes('remount') !== true) {
    if (bind && (source ?? '') === '') findings.add('mountSource', pointer, { value: destination });
    else if (!bind && (type ?? '') === '') findings.add('mountType', pointer, { value: destination });
    if (destination !== '' && resolved(destination) === '' && !isRoot)
      findings.add('mountRoot', `${pointer}/destination`, { value: destination });
  }
  if (destination.includes('proc') && !isAllowedOnProc(mount, bind))
    findings.add('mountDestination', `${pointer}/destination`, { value: destination });
}

/** What may lie on or below /proc: a procfs itself, and a few files that hide what the host shows. */
function isAllowedOnProc({ destination, source, type }: Mount, bind: boolean): boolean {
  const path = resolved(destination);
  if (path !== 'proc' && !path.startsWith('proc/')) return true;
  if (path === 'proc') return bind || type === 'proc';
  if (!bind || !coverable.includes(path.slice('proc/'.length))) return false;
  const from = resolved(source ?? '');
  return !isAbsolute(source ?? '') || (from !== 'proc' && !from.startsWith('proc/'));
}

/** The options of a mount, and what they are of. */
interface OptionList {
  readonly options: readonly string[];
  readonly type: string;
  readonly bind: boolean;
  /** Of the mount. */
  readonly pointer: string;
}

/** Checks the options; returns whether the mount is a bind mount. */
function checkOptions(mount: Mount, pointer: string, findings: Findings): boolean {
  const { options, type } = mount;
  let bind = type === 'bind';
  if (options === undefined) return bind;
  let foreign = false;
  for (let index = 0; index < options.length; index++) {
    const option = mountOption(options[index] as string);
    if (option === undefined) foreign = true;
    else if (option.kind === 'bind') bind = true;
  }
  const list = { options, type: type ?? '', bind, pointer };
  if (foreign) checkParameters(list, findings);
  if (!bind) checkMountValues(options, list.type, pointer, findings);
  checkBindOnly(list, findings);
  if (findings.warnings) warnOfConflicts(options, pointer, findings);
  return bind;
}

/** Options that only bind mounts can honour are errors on others; those that bind mounts cannot honour are warned of. */
function checkBindOnly({ options, type, bind, pointer }: OptionList, findings: Findings): void {
  for (let index = 0; index < options.length; index++) {
    const value = options[index] as string;
    const option = mountOption(value);
    if (option === undefined) continue;
    const optionPointer = `${pointer}/options/${index}`;
    if (option.kind === 'links') {
      if (!bind) findings.add('mountOptionBind', optionPointer, { value });
    } else if (option.kind === 'superblock' || option.kind === 'version') {
      if (bind && findings.warnings) findings.add('mountOptionLost', optionPointer, { value });
    } else if (option.kind === 'copyUp' && (bind || type !== 'tmpfs')) {
      findings.add('mountOptionTmpfs', optionPointer, { value });
    }
  }
}

/** The kernel maps the ids of a mount that is new, and nowhere yet. */
function isMappable({ type, options }: Mount): boolean {
  return type !== 'cgroup' && options?.includes('remount') !== true;
}

/** Id-mapped mounts: both maps or none; without, the container's user namespace has them. */
function checkIdmap(spec: Spec, mount: Mount, pointer: string, findings: Findings): void {
  const { uidMappings, gidMappings, options } = mount;
  for (const [name, map, other] of [['uidMappings', uidMappings, gidMappings], ['gidMappings', gidMappings,
    uidMappings]] as const)
  {
    if (map === undefined) continue;
    if (other === undefined)
      findings.add('mapPair', `${pointer}/${name}`, { name,
        other: name === 'uidMappings' ? 'gidMappings' : 'uidMappings' });
    if (map.length === 0)
      findings.add('emptyValue', `${pointer}/${name}`, { name, remedy: 'write at least one range, or leave it out' });
    checkMap(map, `${pointer}/${name}`, name, findings);
  }
  const mapped = uidMappings !== undefined || gidMappings !== undefined;
  if (mapped && !isMappable(mount)) findings.addKey('mapLate', `${pointer}/uidMappings`, { value: 'uidMappings' });
  let optionSeen = false;
  for (let index = 0; index < (options?.length ?? 0); index++) {
    const option = mountOption(options![index] as string);
    if (option?.kind !== 'idmap') continue;
    optionSeen = true;
    if (!isMappable(mount)) findings.add('mapLate', `${pointer}/options/${index}`, { value: options![index] });
    if (mapped || option.text !== undefined || namespaceOf(spec, 'user') !== undefined) continue;
    findings.add('mapNothing', `${pointer}/options/${index}`, { value: options![index] });
  }
  if (!mapped || optionSeen || !findings.warnings) return;
  findings.add('mapWithoutOption', uidMappings === undefined ? `${pointer}/gidMappings` : `${pointer}/uidMappings`);
}

/** Options that belong to the file system: known ones, or left to the kernel where they cannot be known. */
function checkParameters({ options, type, bind, pointer }: OptionList, findings: Findings): void {
  const known = mountParameters(type, bind);
  if (known === undefined) return;
  for (let index = 0; index < options.length; index++) {
    const option = options[index] as string;
    if (mountOption(option) !== undefined) continue;
    const optionPointer = `${pointer}/options/${index}`;
    const parts = parametersOf(option);
    if (parts.length > 1 && parts.some((part) => mountOption(part) !== undefined)) {
      findings.add('mountOptionList', optionPointer, { value: option, list: parts.map((part) =>
        JSON.stringify(part)
      ).join(', ') });
      continue;
    }
    for (const value of parts) {
      const equals = value.indexOf('=');
      const name = equals < 0 ? value : value.slice(0, equals + 1);
      if (known.includes(` ${name} `)) continue;
      // Engines hand the options of a tmpfs on to the bind mount that takes its place; the kernel ignores them there.
      if (bind && equals > 0 && !name.startsWith('idmap=')) {
        if (findings.warnings) findings.add('mountOptionLost', optionPointer, { value });
        continue;
      }
      const names = known.split(' ');
      const suggestion = findings.suggest(name, equals < 0 ? [...mountOptionNames(), ...names] : names);
      findings.add('mountOption', optionPointer, { value, suggestion, type: bind ? 'bind' : type });
    }
  }
}

/** An option that takes back an earlier one: the last counts, as with mount(8). */
function warnOfConflicts(options: readonly string[], pointer: string, findings: Findings): void {
  const set = new Map<string, number>();
  for (let index = 0; index < options.length; index++) {
    const value = options[index] as string;
    const option = mountOption(value);
    if (option?.kind !== 'attribute') continue;
    for (const [earlier, bits] of set) {
      const other = mountOption(earlier);
      if (other?.kind !== 'attribute' || other.recursive !== option.recursive) continue;
      if ((option.clear & bits) === 0 && (other.clear & option.set) === 0) continue;
      findings.add('mountFlagConflict', `${pointer}/options/${index}`, { value, earlier });
      set.delete(earlier);
    }
    set.set(value, option.set);
  }
}
