// Limits, programs of the host that run for the container, secrets.
import type { Rules } from '../types.ts';

export const resourceRules = {
  'memory-unlimited': {
    risk: 'medium',
    message: 'memory has no limit',
    why: 'the container takes all memory, and the kernel then kills programs of the host',
    remedy: 'set linux.resources.memory.limit',
    references: ['cgroups(7)'],
  },
  'swap-unlimited': {
    risk: 'low',
    message: 'swap has no limit',
    why: 'behind its limit of memory the container fills the swap, and slows the host down',
    remedy: 'set linux.resources.memory.swap to the limit of memory (no swap), or more',
    references: ['cgroups(7)'],
  },
  'pids-unlimited': {
    risk: 'medium',
    message: 'the number of processes has no limit',
    why: 'a fork bomb takes all pids of the host',
    remedy: 'set linux.resources.pids.limit',
    references: ['cgroups(7)'],
  },
  'cpu-unlimited': {
    risk: 'low',
    message: 'processor time has no limit',
    why: 'the container takes all processors as long as others want them less',
    remedy: 'set linux.resources.cpu.quota and period, or cpus',
    references: ['cgroups(7)'],
  },
  'rlimits-unset': {
    risk: 'info',
    message: 'process.rlimits lacks {names}',
    why:
      'the limits are those of who starts the container: core files fill the disk, descriptors and processes have no bound',
    remedy: 'add {names} to process.rlimits',
    references: ['setrlimit(2)'],
  },
  'oom-protected': {
    risk: 'low',
    message: 'oomScoreAdj is {value}',
    why: 'when memory is short, the kernel kills programs of the host before it',
    remedy: 'set process.oomScoreAdj to 0 or more',
    references: ['proc_pid_oom_score_adj(5)'],
  },
  'oom-disabled': {
    risk: 'low',
    message: 'the OOM killer is switched off for the container',
    why: 'processes that wait at the limit hold what they have locked in the kernel, and cannot be ended',
    remedy: 'remove linux.resources.memory.disableOOMKiller',
    references: ['cgroups(7)'],
  },
  'real-time': {
    risk: 'low',
    message: 'the program has the real-time policy {policy}',
    why: 'an endless loop keeps a processor from everything else',
    remedy: 'use SCHED_OTHER, with a nice value',
    references: ['sched(7)'],
  },
  'cgroup-root': {
    risk: 'medium',
    message: "the container's cgroup is the root of the hierarchy",
    why: "no limit holds there, and what ends the container's processes would be about all of the host",
    remedy: 'set linux.cgroupsPath to a cgroup of its own, or leave it out',
    references: ['cgroups(7)'],
  },
  'hook-host': {
    risk: 'info',
    message: 'a {kind} hook runs {path} on the host',
    why: 'it has the rights of who runs the runtime, and reads a state in which names come from the configuration',
    remedy: 'remove the hook when it is not needed',
    references: ['config.md, POSIX-platform hooks', 'CVE-2025-23266'],
  },
  'hook-writable': {
    risk: 'critical',
    message: 'others than root may change {path}, which the {kind} hook {hook} runs or lies in',
    why: 'they run programs with the rights of the runtime, at the next start or end of the container',
    remedy: 'chown root:root {path} and chmod go-w {path}',
    references: ['chmod(1)', 'config.md, POSIX-platform hooks'],
  },
  'bundle-writable': {
    risk: 'high',
    message: 'others than its owner may change {path}, which holds the configuration',
    why: 'they write what the runtime will do with the rights of root: mounts, hooks, devices',
    remedy: 'chmod go-w {path}',
    references: ['chmod(1)'],
  },
  'criu-configuration': {
    risk: 'high',
    message: 'the annotation org.criu.config gives CRIU a file of settings: {path}',
    why: 'it can name a program (action-script) that CRIU runs on the host with all rights',
    remedy: 'remove the annotation, or let root alone change the file',
    references: ['criu(8)'],
  },
  'secret-in-environment': {
    risk: 'medium',
    message: 'the variable {name} looks like a secret',
    why:
      'the environment is in config.json and in the state of the runtime, and all processes of the container have it',
    remedy: 'give it as a file on a tmpfs, or by a descriptor',
    references: ['environ(7)'],
  },
  'network-device': {
    risk: 'info',
    message: 'the network device {name} of the host is moved into the container',
    why: 'the host loses it, and the container talks to that network as the host did',
    remedy: 'remove it from linux.netDevices, or move a virtual one',
    references: ['network_namespaces(7)'],
  },
} as const satisfies Rules;
