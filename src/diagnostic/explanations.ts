import type { DiagnosticName } from './table.ts';

/** Background of diagnostics whose message and hint are not all there is to say; for docs/error-codes.md. */
export const explanations: Readonly<Partial<Record<DiagnosticName, string>>> = {
  flagNeedsArgument: 'Podman asks for these words to learn whether a flag is known.',
  idInvalid:
    'The id becomes the name of a directory below the state root; it is checked by every command before any path is built.',
  consoleSocketUnused: 'With a terminal and no --detach, the command itself relays the terminal.',
  fileNotRegular: 'A FIFO or a device could block the command for ever.',
  fileTooBig: 'No real configuration comes near the limit; it bounds the memory of the planner.',
  jsonDuplicate:
    'JSON readers differ in which of two equal keys counts: what one program has checked, another would not run.',
  jsonNul: 'The kernel would see a text that ends at the NUL.',
  jsonDepth: 'Configurations are less than 10 levels deep.',
  notInteger:
    'Every number of a configuration is an integer. 1.0 and 1e3 are refused too: not every program reads them as integers.',
  outOfRange: 'Integers are exact to 64 bits, whatever their size.',
  wrongType: 'Null is not accepted for a property that may be left out.',
  unsupported: 'A property with an empty value (an empty text, list or object, false, 0) is accepted.',
  unknownKey:
    'The specification (config.md, Extensibility) forbids to fail because of properties that it does not define, so a misspelt one has no effect.',
  versionUnsupported:
    'config.md, Specification version: versions follow semantic versioning, so all of 1.x can be read.',
  processMissing: 'The program is part of what create prepares.',
  mountOption:
    'Options of proc, sysfs, devpts, tmpfs, mqueue, cgroup2 and of bind mounts are checked before anything is done; those of other file systems by the kernel at the mount.',
  mountDestination:
    'Whoever controls what lies on /proc controls what the runtime writes its security labels, limits and id maps to.',
  mountFlagConflict: 'As with mount(8), the last of contradicting options counts.',
  mountRelative: 'config.md, Mounts: a relative destination is taken from the root of the container.',
  namespaceDuplicate: 'config-linux.md, Namespaces.',
  namespaceMissing: 'Without a namespace of its own the container would change that of the host.',
  mapOverlap: 'user_namespaces(7): an id may stand for one id only, on either side.',
  mapCount: 'user_namespaces(7): the limit of /proc/PID/uid_map.',
  mapForeign: 'The kernel refuses to become an id that has no place in the user namespace.',
  idInvalidNumber: 'For setresuid(2) and chown(2) this number means "leave as it is".',
  rlimitDuplicate: 'config.md, POSIX process: a type must not occur twice.',
  rlimitSoft: 'setrlimit(2) would fail with EINVAL.',
  capabilityUnknown: 'config.md, Linux process: what cannot be mapped to the kernel is warned of and left out.',
  capabilityAmbient:
    'capabilities(7): the kernel takes only what is permitted and inheritable into the ambient set. Root needs none.',
  sysctlShared: 'All other parameters are those of the whole machine.',
  sysctlHostname: 'Two sources for one value, of which the later would win.',
  deviceDuplicate: 'The second node could not be made, or would replace the first.',
  cgroupsPath: 'The path would name a cgroup above its place.',
  cgroupsPathSystemd: 'slice:prefix:name is for --systemd-cgroup.',
  seccompErrno: 'config-linux.md, Seccomp: other actions give nothing back to the program.',
  swapBelowLimit: 'The kernel takes memory.swap as the sum of memory and swap.',
  fileModeDecimal: 'JSON has no octal numbers; a mode with such bits is mostly one that was written in octal digits.',
  rootWritable:
    'Others could replace the state of a container, and so choose which processes are signalled and which files removed.',
  deleteRunning: 'The words are those that engines know from other runtimes.',
  notRunning: 'The words are those by which engines see that a container is gone.',
  containerMissing: 'The words are those by which engines see that a container is gone.',
  plannerDied: 'The planner is a confined process of its own: its death leaves nothing behind.',
  'mount.bind/procfs':
    'Whoever controls what lies on /proc controls what masks, labels and limits are applied to: a volume there is mostly one of the image.',
  'mount.bind/source:ENOENT': 'The message avoids the words that engines take for a missing program.',
  'process.start/notFound': 'Engines turn these words into exit code 127.',
  'process.start/notExecutable': 'Engines turn these words into exit code 126.',
  'process.start/interpreter': 'execve(2) returns ENOENT for a missing interpreter, too: the file itself exists.',
  'program.find':
    'The program is looked up in create, before the container counts as created. Engines turn these words into exit code 127.',
};
