// Older configurations in terms of the newest version of the specification that is known here.
import { diagnose, placeAt } from '../diagnostic/diagnose.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import { isObject, type JsonObject, type JsonValue } from './parse/value.ts';
import { parseVersion, specVersion } from './version.ts';

/** A configuration of {@link specVersion} and what was changed in it, or why there can be none. */
export type Migration =
  | { readonly config: JsonObject; readonly changes: readonly string[] }
  | { readonly refused: Diagnostic };

/**
 * Migrates a configuration that has the form of one and a version 1.x. A start does the same with it before and after. Refused
 * are a later version, of which nothing is known here, and properties that have no equal any more.
 */
export function migrate(config: JsonObject): Migration {
  const version = String(config['ociVersion']);
  if (isNewer(version)) {
    return refuse('/ociVersion', `version "${version}" is newer than ${specVersion}`,
      'use a veloci that knows it; what it has added would be lost');
  }
  const changes: string[] = [];
  const next = { ...config };
  if (version !== specVersion) {
    next['ociVersion'] = specVersion;
    changes.push(`/ociVersion: "${version}" is "${specVersion}" now`);
  }
  const hooks = config['hooks'];
  if (isObject(hooks) && Array.isArray(hooks['prestart'])) next['hooks'] = withoutPrestart(hooks, changes);
  const linux = config['linux'];
  const rdt = isObject(linux) ? linux['intelRdt'] : undefined;
  if (isObject(linux) && isObject(rdt)) {
    const monitored = withoutCounters(rdt, changes);
    if (monitored === undefined) {
      return refuse('/linux/intelRdt/enableMonitoring', 'it is false, and enableCMT or enableMBM is true',
        'remove one of them: since 1.3.0 enableMonitoring is in place of both');
    }
    if (monitored !== rdt) next['linux'] = { ...linux, intelRdt: monitored };
  }
  return { config: next, changes };
}

function refuse(pointer: string, reason: string, remedy: string): Migration {
  return { refused: diagnose('migrateRefused', { reason, remedy }, placeAt(pointer)) };
}

function isNewer(version: string): boolean {
  const given = parseVersion(version);
  const newest = parseVersion(specVersion)!;
  return given !== undefined &&
    (given.major > newest.major || given.major === newest.major && given.minor > newest.minor);
}

/** prestart is deprecated: its hooks run right before those of createRuntime, in the same namespaces. */
function withoutPrestart(hooks: JsonObject, changes: string[]): JsonObject {
  const { prestart, ...others } = hooks;
  const early = prestart as JsonValue[];
  const later = others['createRuntime'];
  if (early.length > 0) others['createRuntime'] = [...early, ...(Array.isArray(later) ? later : [])];
  changes.push(
    `/hooks/prestart: deprecated; ${
      early.length === 0 ? 'it is empty and goes' : 'its hooks are the first ones of /hooks/createRuntime now'
    }`,
  );
  return others;
}

/** enableCMT and enableMBM are gone since 1.3.0 for enableMonitoring; undefined when they contradict that. */
function withoutCounters(rdt: JsonObject, changes: string[]): JsonObject | undefined {
  const { enableCMT, enableMBM, ...others } = rdt;
  if (enableCMT === undefined && enableMBM === undefined) return rdt;
  const wanted = enableCMT === true || enableMBM === true;
  if (wanted && others['enableMonitoring'] === false) return undefined;
  if (wanted) others['enableMonitoring'] = true;
  const names = Object.keys(rdt).filter((key) => key === 'enableCMT' || key === 'enableMBM').join(' and ');
  changes.push(`/linux/intelRdt: ${names} ${wanted ? 'became enableMonitoring' : 'went: nothing was enabled'}`);
  return others;
}
