// Devices of the host.
import type { Rules } from '../types.ts';

export const deviceRules = {
  'device-block': {
    risk: 'critical',
    confined: 'high',
    message: 'the container may open the block device {device}',
    why: "it reads and writes a disk of the host behind the file system's back: passwords, keys, programs",
    remedy: 'remove the device and its rule; mount the file system for it instead',
    references: ['mknod(2)'],
  },
  'device-memory': {
    risk: 'critical',
    confined: 'high',
    message: 'the container may open {device}, {name}',
    why: 'it reads and writes the memory or the ports of the machine',
    remedy: 'remove the device and its rule',
    references: ['mem(4)'],
  },
  'device-host': {
    risk: 'high',
    confined: 'medium',
    message: 'the container may open {device}, {name}',
    why: '{what}',
    remedy: 'remove the device and its rule',
    references: ['mknod(2)'],
  },
  'device-kernel': {
    risk: 'low',
    message: 'the container may open {device}, {name}',
    why: '{what}',
    remedy: 'remove the device and its rule when the program does not need it',
    references: ['mknod(2)'],
  },
  'device-other': {
    risk: 'info',
    message: 'the container may open the device {device}',
    why: 'the driver in the kernel takes what it sends: that is as safe as the driver',
    remedy: 'remove the device and its rule when the program does not need it',
    references: ['mknod(2)'],
  },
  'device-all': {
    risk: 'critical',
    confined: 'medium',
    message: 'the device rules allow {which}',
    why:
      'with CAP_MKNOD, or a node that the image or a bind brings along, it opens the disks and the memory of the host',
    remedy: 'begin linux.resources.devices with {"allow": false, "access": "rwm"}, and allow single devices after it',
    references: ['CVE-2022-0492', 'mknod(2)'],
  },
  'device-no-deny': {
    risk: 'info',
    message: 'the device rules do not begin with a rule that denies all',
    why: 'veloci denies what no rule allows; other runtimes leave all of it open',
    remedy: 'begin linux.resources.devices with {"allow": false, "access": "rwm"}',
    references: ['cgroups(7)'],
  },
  'host-terminal': {
    risk: 'high',
    confined: 'medium',
    message: 'a terminal of the host is in the container: {device}',
    why: 'it reads what is typed there, and types commands itself (TIOCSTI, TIOCLINUX)',
    remedy: 'remove it; with process.terminal the container gets a terminal of its own',
    references: ['TIOCSTI(2const)', 'CVE-2016-2568'],
  },
} as const satisfies Rules;
