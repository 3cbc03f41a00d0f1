/** Types of config.json, made from its schema. */
export type {
  BlockIo, Capabilities, Cpu, Device, DeviceRule, Hook, Hooks, IdMapping, Linux, Memory, Mount, Namespace, NamespaceType, Network, Pids,
  Process, Resources, Rlimit, Seccomp, SeccompArgument, SeccompRule, Spec, ThrottleDevice, User, WeightDevice,
} from '../generated/config.ts';
