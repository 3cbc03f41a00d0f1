/** How the objects of a program are compiled. */
export type Flavour = 'musl' | 'addon' | 'sanitized' | 'fuzzed';

export interface Program {
  name: string;
  flavour: Flavour;
  /** Folders of native/ whose sources are linked in. */
  folders: readonly string[];
  /** Path in the checkout. */
  output: string;
  /** static-pie: no fixed address; needed where hostile processes look on. */
  link: 'static-pie' | 'static' | 'shared';
  quickjs?: boolean;
  libseccomp?: 'musl' | 'system';
  /** Carries the engine's bytecode and the init program as data (build/native/include/embedded.h). */
  embeds?: boolean;
  /** The link fails above this size in bytes. */
  maxBytes?: number;
}

/** The program that enters containers. */
export const init: Program = {
  name: 'init',
  flavour: 'musl',
  folders: ['base', 'cgroup', 'plan', 'record', 'hook', 'channel', 'generated', 'init'],
  output: 'build/native/init',
  link: 'static-pie',
  maxBytes: 100 << 10,
};

/** The installed command: launcher, planner, executor, and init inside. */
export const veloci: Program = {
  name: 'veloci',
  flavour: 'musl',
  folders: [
    'base',
    'cgroup',
    'plan',
    'record',
    'hook',
    'channel',
    'generated',
    'executor',
    'launcher',
    'planner',
    'host',
    'stats',
  ],
  output: 'dist/bin/veloci',
  link: 'static-pie',
  quickjs: true,
  libseccomp: 'musl',
  embeds: true,
  maxBytes: 2_850_000,
};

/** Runs the planner on files, for tests and measurements; not installed. */
export const plannerDriver: Program = {
  name: 'planner-driver',
  flavour: 'musl',
  folders: ['base', 'cgroup', 'host', 'planner', 'driver'],
  output: 'build/native/planner-driver',
  link: 'static-pie',
  quickjs: true,
  libseccomp: 'musl',
  embeds: true,
};

/** The library's door to the host, loaded by Node. */
export const addon: Program = {
  name: 'addon',
  flavour: 'addon',
  folders: ['base', 'cgroup', 'plan', 'record', 'generated', 'host', 'addon'],
  output: 'dist/veloci.node',
  link: 'shared',
  libseccomp: 'system',
};

/**
 * Folders that the native tests are linked with, as a library: a test takes what it names. Each test/native/NAME.cc
 * is a program of its own; NAME_fuzz.cc is a libFuzzer target.
 */
export const testedFolders: readonly string[] = [
  'base',
  'cgroup',
  'plan',
  'record',
  'hook',
  'channel',
  'generated',
  'executor',
  'init',
  'host',
];
