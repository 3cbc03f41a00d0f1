// What each engine's configuration shall have, for the version that is installed and the form of its file.
import { json } from './json.ts';
import { toml } from './toml.ts';
import type { Format, Path, Setting } from './types.ts';

/** What the settings depend on. */
export interface Circumstances {
  /** Path of the command. */
  readonly own: string;
  /** The file; that of a missing one is empty. */
  readonly text: string;
  /** What the engine's program says to --version: its numbers; empty when it is not installed. */
  readonly version: readonly number[];
  /** Whether veloci becomes the default; what is usual for the engine when that is not said. */
  readonly asDefault?: boolean | undefined;
}

/** What is to be done about a file. */
export interface Intent {
  readonly settings: readonly Setting[];
  /** Lines for the caller. */
  readonly notes: readonly string[];
  /** Whether the engine's program can check the file; else why not. */
  readonly unchecked?: string;
}

export interface EngineFile {
  /** As it is called. */
  readonly engine: string;
  readonly format: Format;
  intent(circumstances: Circumstances): Intent;
}

/** A version of a configuration that is not known. */
export class UnknownVersion extends Error {
  readonly offset: number;
  readonly version: string;

  constructor(version: string, offset: number) {
    super(version);
    this.version = version;
    this.offset = offset;
  }
}

const quoted = (text: string): string => JSON.stringify(text);

const podman: EngineFile = { engine: 'Podman', format: toml, intent: ({ own, asDefault = true, version }) => ({
  settings: [
    ...(asDefault ? [{ at: ['engine', 'runtime'], value: quoted('veloci') }] : []),
    { at: ['engine', 'runtime_supports_json'], element: quoted('veloci'),
      others: ['crun', 'runc', 'kata', 'runsc', 'youki', 'krun'].map(quoted) },
    { at: ['engine', 'runtime_supports_nocgroup'], element: quoted('veloci'), others: ['crun', 'krun'].map(quoted) },
    { at: ['engine', 'runtimes', 'veloci'], value: `[${quoted(own)}]`, own: true },
  ],
  notes: [],
  ...(version.length === 0 ? { unchecked: 'podman is not installed' } : {}),
}) };

const docker: EngineFile = { engine: 'Docker', format: json, intent: ({ own, asDefault = true, version: [major] }) => ({
  settings: [
    { at: ['runtimes', 'veloci', 'path'], value: quoted(own), own: true },
    ...(asDefault ? [{ at: ['default-runtime'], value: quoted('veloci') }] : []),
  ],
  notes: [],
  ...(major === undefined
    ? { unchecked: 'dockerd is not installed' }
    : major < 23
    ? { unchecked: 'dockerd before 23.0 cannot check a file' }
    : {}),
}) };

/** Where the tables of runtimes are, by the version of the file. */
const criTables: Readonly<Record<string, Path | undefined>> = {
  '1': ['plugins', 'cri', 'containerd'],
  '2': ['plugins', 'io.containerd.grpc.v1.cri', 'containerd'],
  '3': ['plugins', 'io.containerd.cri.v1.runtime', 'containerd'],
};

const containerd: EngineFile = { engine: 'containerd', format: toml,
  intent: ({ own, asDefault = false, text, version: [major] }) => {
    const written = toml.find(text, ['version']);
    const isNew = toml.names(text, []).length === 0;
    const form = written?.raw ?? (isNew ? major !== undefined && major >= 2 ? '3' : '2' : '1');
    const table = criTables[form];
    if (table === undefined) throw new UnknownVersion(form, written?.offset ?? 0);
    const runtimes = [...table, 'runtimes'];
    const shim = quoted('io.containerd.runc.v2');
    // A file that names a runtime replaces those that are built in.
    const usual = toml.find(text, [...table, 'default_runtime_name'])?.text ?? 'runc';
    const isFirst = toml.names(text, runtimes).filter((name) => name !== 'veloci').length === 0;
    const driver = ['options', 'SystemdCgroup'];
    const systemd = toml.find(text, [...runtimes, usual, ...driver])?.raw === 'true';
    const disabled = toml.find(text, ['disabled_plugins'])?.elements ?? [];
    return { settings: [
      ...(isNew ? [{ at: ['version'], value: form, basis: [] }] : []),
      ...(asDefault ? [{ at: [...table, 'default_runtime_name'], value: quoted('veloci') }] : []),
      ...(isFirst ? [{ at: [...runtimes, 'runc', 'runtime_type'], value: shim, basis: runtimes }] : []),
      { at: [...runtimes, 'veloci', 'runtime_type'], value: shim, own: true },
      { at: [...runtimes, 'veloci', 'options', 'BinaryName'], value: quoted(own), own: true },
      ...(systemd ? [{ at: [...runtimes, 'veloci', ...driver], value: 'true', own: true } as const] : []),
    ], notes: disabled.some((name) => name === quoted('cri') || name === quoted('io.containerd.grpc.v1.cri'))
      ? ['disabled_plugins turns CRI off: Kubernetes cannot use containerd until that is taken out']
      : [], ...(major === undefined ? { unchecked: 'containerd is not installed' } : {}) };
  } };

const crio: EngineFile = { engine: 'CRI-O', format: toml, intent: ({ own, asDefault = false }) => {
  const entry = ['crio', 'runtime', 'runtimes', 'veloci'];
  return { settings: [
    ...(asDefault ? [{ at: ['crio', 'runtime', 'default_runtime'], value: quoted('veloci') }] : []),
    { at: [...entry, 'runtime_path'], value: quoted(own), own: true },
    { at: [...entry, 'runtime_type'], value: quoted('oci'), own: true },
    { at: [...entry, 'runtime_root'], value: quoted('/run/veloci'), own: true },
  ], notes: [], unchecked: 'CRI-O has no command that checks one file' };
} };

/** By the flag of `veloci install`. */
export const engineFiles: Readonly<Record<'podman' | 'docker' | 'containerd' | 'crio', EngineFile>> = { podman, docker,
  containerd, crio };
