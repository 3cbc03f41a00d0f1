// What differs between the names under which the command may be started. One file for each name says it; the rest of
// the code reads a property and knows no name.
import type { DiagnosticName } from '../diagnostic/table.ts';
import type { EngineVerb } from '../generated/protocol.ts';

/** Warnings of a start: of the whole configuration, only of what cannot be granted, or none. */
export type WarningScope = 'all' | 'grants' | 'none';

/** What differs in the engine: how a configuration is read, what its plan does, and how messages sound. */
export interface Habits {
  /** The words that messages have, of those in a diagnostic's `wordings`; absent: the table's own. */
  readonly wording?: string;
  /** What begins the message of whatever is wrong at one of these places of config.json; the longest one counts. */
  readonly placeWords: Readonly<Record<string, string>>;
  /** What begins the message of an error by the command that has failed, unless it stands alone. */
  readonly failureWords: Readonly<Partial<Record<EngineVerb, string>>>;
  /** What is warned of when no level was asked for, on a standard error that is no terminal, and in a log of --log. */
  readonly warnings: { readonly stderr: WarningScope; readonly log: WarningScope };
  /** Whether annotations that no runtime knows are warned of. */
  readonly warnsOfAnnotations: boolean;
  /** Whether a start warns of ambient capabilities without effect, though it warns of nothing else in the configuration. */
  readonly warnsOfAmbient: boolean;
  /** Whether null counts as absent, and a required key may be in another case. */
  readonly lenientJson: boolean;
  /** Whether a new user namespace without maps gets the caller's id and his subordinate ids. */
  readonly completesIdMaps: boolean;
  /** Whether an unknown capability is an error; else a warning. */
  readonly refusesUnknownCapabilities: boolean;
  /** Whether write(2) may not be handed to a seccomp agent. */
  readonly refusesNotifyOfWrite: boolean;
  /** The configuration that CRIU reads besides, when no annotation names one: the first that the host has. */
  readonly criuConfigs: readonly string[];
  /** The network that `spec --rootless` asks for. */
  readonly rootlessNetwork: 'own' | 'host';
  /** Working directory of createContainer hooks. */
  readonly createContainerDirectory: 'rootfs' | 'bundle';
  /** Environment of a startContainer hook that has none of its own. */
  readonly startContainerEnvironment: 'empty' | 'process';
  /** Whether standard input, output and error get the group of the process beside its user. */
  readonly givesStdioGroup: boolean;
  /** What linux.mountLabel is where there is no SELinux. */
  readonly labelWithoutSelinux: 'error' | 'ignored';
  /** Whether a listenerPath alone makes a seccomp listener, without a rule of SCMP_ACT_NOTIFY. */
  readonly listensWithoutRule: boolean;
  /** The version in the state that a seccomp agent gets; absent: that of the specification. */
  readonly seccompStateVersion?: string;
  /** Whether exec --cgroup passes over hierarchies of v1 that have no such cgroup. */
  readonly subCgroupMayLack: boolean;
  /** Whether a mount's destination that begins with the path of the root file system means what is in there. */
  readonly stripsRootfs: boolean;
  /** What an option for an attribute of a bind mount says of the others: nothing, or that they are cleared. */
  readonly bindOption: 'one' | 'all';
  /** Whether the state directory gets the file `status`. */
  readonly writesStatus: boolean;
}

/** Lines of --debug for what a start has done; a text in front of a number ends with a space. */
export interface Stages {
  readonly begin: string;
  /** In front of the processors of --exec-cpu-affinity. */
  readonly affinity: string;
  readonly init: string;
  /** In front of the flags of a seccomp filter. */
  readonly filter: string;
  /** At the end of a create and of an exec. */
  readonly waits: string;
  readonly executes: string;
}

/** What differs in the native command. */
export interface CommandHabits {
  /** Exit status of a command that does not exist. */
  readonly unknownCommandStatus: number;
  /** Whether a call without a command is an error; else it shows the help. */
  readonly needsCommand: boolean;
  /** Whether `delete` ends a container that is created but not started, without --force. */
  readonly deletesCreated: boolean;
  /** Whether `list` fails when the root that --root names is not there; else it shows no containers. */
  readonly listNeedsRoot: boolean;
  /** A line of --version with what was built in, for clients that look for it. */
  readonly versionFeatures?: string;
  /** Whether --version shows the state root. */
  readonly versionShowsRoot: boolean;
  /** Whether the last line of --version says which program this is. */
  readonly versionNamesProgram: boolean;
  /** What the help of the whole command says it is, below a heading NAME; absent: no such heading. */
  readonly helpHeading?: string;
  /** Operands by command, for a usage line in front of its help. */
  readonly usageOperands: Readonly<Record<string, string>>;
  /** What --debug prints; absent: the operations of the plan with their times. */
  readonly stages?: Stages;
}

/** A message in the words of another runtime, with the holes of the one that it replaces. */
export type Words = Readonly<Partial<Record<DiagnosticName, string>>>;

/** Everything that a name changes. */
export interface Adapter {
  /** What the last component of argv[0] is. */
  readonly name: string;
  /** Made when it is asked for: most starts want those of one name alone. */
  readonly habits: () => Habits;
  readonly command: CommandHabits;
  /** Messages that scripts look for. */
  readonly words: Words;
  /** Messages that stand alone: no code, no place, no hint. */
  readonly wordsAlone: Words;
}
