// features: what this runtime can do (runtime-spec features), from the tables that the compiler itself goes
// by.
import { unsupportedInConfig } from '../../generated/config-tree.ts';
import type { Steps } from '../../generated/config-tree.ts';
import type { Features, LandlockFeatures } from '../../generated/features.ts';
import { NamespaceFlag } from '../../generated/plan.ts';
import type { Response } from '../../generated/plan.ts';
import { knownAnnotations } from '../../plan/known-annotations.ts';
import { statusAtHook } from '../../plan/concern/state.ts';
import { actions, architectures, filterFlags, operators } from '../../plan/concern/seccomp/seccomp.ts';
import { capabilityNames } from '../../spec/capabilities.ts';
import { landlockKnown, landlockNames, landlockNewest, type LandlockKind } from '../../spec/landlock.ts';
import { mountOptionNames } from '../../spec/mount-options.ts';
import { memoryFlags, memoryModes } from '../../spec/scheduling.ts';
import { oldestSpecVersion, specVersion } from '../../spec/version.ts';
import type { Call } from '../call.ts';
import { answerText } from '../respond.ts';

function keysOf<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(table) as K[];
}

/** Whether a property of config.json is compiled, and not refused as not yet supported. */
function isSupported(...path: readonly string[]): boolean {
  let refused: Steps | null | undefined = unsupportedInConfig;
  for (const step of path) {
    refused = refused?.[step];
    if (refused === null) return false;
  }
  return true;
}

/** Rights that have a name here, as far as the kernel knows them. */
function landlockOf(abi: number): LandlockFeatures {
  const named = (kind: LandlockKind): string[] =>
    landlockNames(kind, landlockKnown(kind, Math.min(abi, landlockNewest)));
  return { enabled: abi > 0, abi, accessFS: named('fs'), accessNet: named('net'), scoped: named('scoped') };
}

export function features(call: Call): Response {
  const { version } = call.request.facts.seccomp;
  const list: Features = {
    ociVersionMin: oldestSpecVersion,
    ociVersionMax: specVersion,
    hooks: keysOf(statusAtHook),
    potentiallyUnsafeConfigAnnotations: knownAnnotations(),
    mountOptions: mountOptionNames().sort(),
    linux: {
      namespaces: keysOf(NamespaceFlag).sort(),
      capabilities: capabilityNames(),
      cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp: {
        enabled: version !== '',
        actions: keysOf(actions),
        operators: keysOf(operators),
        archs: keysOf(architectures),
        knownFlags: keysOf(filterFlags),
        supportedFlags: keysOf(filterFlags),
      },
      apparmor: { enabled: isSupported('process', 'apparmorProfile') },
      selinux: { enabled: isSupported('process', 'selinuxLabel') },
      landlock: landlockOf(call.request.facts.landlock ?? 0),
      memoryPolicy: { modes: keysOf(memoryModes), flags: keysOf(memoryFlags) },
      intelRdt: {
        enabled: isSupported('linux', 'intelRdt'),
        schemata: isSupported('linux', 'intelRdt', 'schemata'),
        monitoring: isSupported('linux', 'intelRdt', 'enableMonitoring'),
      },
      mountExtensions: { idmap: { enabled: isSupported('mounts', '*', 'uidMappings') } },
      netDevices: { enabled: isSupported('linux', 'netDevices') },
    },
    annotations: {
      // The name by which engines ask for it.
      'org.opencontainers.runc.checkpoint.enabled': 'true',
      ...(version === '' ? {} : { 'io.github.seccomp.libseccomp.version': version }),
    },
  };
  return answerText(`${JSON.stringify(list, null, 4)}\n`);
}
