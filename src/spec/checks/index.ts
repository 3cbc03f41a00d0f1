// The table of checks of a configuration: what a schema cannot say. A new check is a new file and a line here.
import type { Process, Spec } from '../types.ts';
import { checkCapabilities } from './capabilities.ts';
import { checkDevices } from './devices.ts';
import { checkEnv } from './env.ts';
import type { Findings } from './findings.ts';
import { checkHooks } from './hooks.ts';
import { checkIdMaps } from './id-maps.ts';
import { checkMounts } from './mounts.ts';
import { checkNamespaces } from './namespaces.ts';
import { checkIntelRdt } from './intel-rdt.ts';
import { checkNetDevices } from './net-devices.ts';
import { checkCgroupsPath, checkPaths } from './paths.ts';
import { checkProgram, checkTerminal } from './process.ts';
import { checkResources } from './resources.ts';
import { checkRlimits } from './rlimits.ts';
import { checkPresence } from './root.ts';
import { checkAffinity, checkDeadlineHooks, checkIoPriority, checkMemoryPolicy, checkPersonality,
  checkScheduler } from './scheduling.ts';
import { checkSeccomp } from './seccomp.ts';
import { checkSysctl } from './sysctl.ts';
import { checkUnknown, checkUnknownInProcess } from './unknown.ts';
import { checkUnsupported, checkUnsupportedInProcess } from './unsupported.ts';
import { checkVersion } from './version.ts';

/** Checks of a process, at a pointer: `/process` of a configuration, or the whole file of exec. */
export const processChecks: readonly ((process: Process, pointer: string, findings: Findings) => void)[] = [
  checkProgram,
  checkTerminal,
  checkEnv,
  checkRlimits,
  checkCapabilities,
  checkScheduler,
  checkIoPriority,
  checkAffinity,
];

/** Checks of a process that is a file of its own; for a configuration they are among {@link configChecks}. */
export const processFileChecks: readonly ((process: Process, pointer: string, findings: Findings) => void)[] = [
  checkUnsupportedInProcess,
  checkUnknownInProcess,
];

/** Checks of a whole configuration. */
export const configChecks: readonly ((spec: Spec, findings: Findings) => void)[] = [
  checkVersion,
  checkUnsupported,
  checkPresence,
  checkNamespaces,
  checkIdMaps,
  checkMounts,
  checkDevices,
  checkNetDevices,
  checkIntelRdt,
  checkPaths,
  checkSysctl,
  checkCgroupsPath,
  checkResources,
  checkSeccomp,
  checkHooks,
  checkDeadlineHooks,
  checkMemoryPolicy,
  checkPersonality,
  checkUnknown,
];
