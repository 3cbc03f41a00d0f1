// The checks of an audit. A new one is a function here, and its rules in ../table.
import type { Report } from '../report.ts';
import type { View } from '../view.ts';
import { checkCapabilities } from './capabilities.ts';
import { checkDevices } from './devices.ts';
import { checkIdentity, checkPrivileged } from './identity.ts';
import { checkKernelFiles } from './kernel-files.ts';
import { checkLabels, checkSysctls } from './kernel.ts';
import { checkMounts } from './mounts.ts';
import { checkNamespaces } from './namespaces.ts';
import { checkEnvironment, checkPrograms } from './programs.ts';
import { checkResources } from './resources.ts';
import { checkRoot } from './root.ts';
import { checkSeccomp } from './seccomp.ts';

export const checks: readonly ((view: View, report: Report) => void)[] = [
  checkPrivileged,
  checkIdentity,
  checkCapabilities,
  checkNamespaces,
  checkRoot,
  checkMounts,
  checkKernelFiles,
  checkDevices,
  checkSeccomp,
  checkLabels,
  checkSysctls,
  checkResources,
  checkPrograms,
  checkEnvironment,
];
