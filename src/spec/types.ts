/** Types of config.json, made from its schema. */
export type { BlockIo, Capabilities, Cpu, Device, DeviceRule, Hook, Hooks, IdMapping, IoPriority, Linux, Memory,
  MemoryPolicy, Mount, Namespace, NamespaceType, Network, Pids, Process, Resources, Rlimit, Scheduler, Seccomp,
  SeccompArgument, SeccompRule, Spec, ThrottleDevice, User, WeightDevice } from '../generated/config.ts';
