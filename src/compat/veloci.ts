// The command under its own name, and under any that has no file here.
import type { Adapter, CommandHabits, Habits } from './types.ts';

export const habits: Habits = {
  placeWords: {},
  failureWords: {},
  warnings: { stderr: 'all', log: 'grants' },
  warnsOfAnnotations: true,
  warnsOfAmbient: false,
  lenientJson: false,
  completesIdMaps: false,
  refusesUnknownCapabilities: false,
  refusesNotifyOfWrite: false,
  criuConfigs: ['/etc/criu/veloci.conf', '/etc/criu/runc.conf'],
  rootlessNetwork: 'own',
  createContainerDirectory: 'rootfs',
  startContainerEnvironment: 'empty',
  givesStdioGroup: false,
  labelWithoutSelinux: 'error',
  listensWithoutRule: false,
  subCgroupMayLack: false,
  stripsRootfs: false,
  bindOption: 'one',
  writesStatus: false,
};

const command: CommandHabits = {
  unknownCommandStatus: 3,
  needsCommand: false,
  deletesCreated: false,
  listNeedsRoot: false,
  versionShowsRoot: false,
  versionNamesProgram: false,
  usageOperands: {},
};

export const veloci: Adapter = { name: 'veloci', habits: () => habits, command, words: {}, wordsAlone: {} };
