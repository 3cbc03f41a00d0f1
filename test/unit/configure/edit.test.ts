// The settings of engines in files as people have them: what is added, what stays, and what is taken back.
import t from 'tap';
import { Conflict, withoutSettings, withSettings } from '../../../src/configure/change.ts';
import { engineFiles } from '../../../src/configure/settings.ts';

type Flag = keyof typeof engineFiles;
const own = '/usr/bin/veloci';

interface Options {
  readonly version?: readonly number[];
  readonly asDefault?: boolean;
}

function settingsOf(flag: Flag, text: string, { version = [1], asDefault }: Options = {}) {
  return engineFiles[flag].intent({ own, text, version, asDefault }).settings;
}

function applied(flag: Flag, text: string, options?: Options): string {
  return withSettings(engineFiles[flag].format, text, settingsOf(flag, text, options));
}

function undone(flag: Flag, text: string, before: string, options?: Options): string {
  return withoutSettings(engineFiles[flag].format, text, settingsOf(flag, before, options), before);
}

/** Lines of a text that another one lacks. */
function added(now: string, before: string): string[] {
  const had = before.split('\n');
  return now.split('\n').filter((line) => !had.includes(line));
}

const podman = `# containers.conf

[containers]
pids_limit = 4096 # mine

[engine]
  # Default OCI runtime
  #runtime = "crun"
  events_logger = "file"
  runtime_supports_json = [
    "crun",
    "runc", # both
  ]

[engine.runtimes]
#crun = ["/usr/bin/crun"]

[network]
default_subnet = "10.88.0.0/16"`;

/** By engine: files, and what each gets. */
const forms: readonly (readonly [flag: Flag, name: string, text: string, lines: readonly string[]])[] = [
  ['podman', 'the file of a distribution', podman, ['    "veloci",', '  runtime = "veloci"',
    '  runtime_supports_nocgroup = ["crun", "krun", "veloci"]', 'veloci = ["/usr/bin/veloci"]']],
  ['podman', 'lists in one line and with the attribute of newer versions',
    '[engine]\nruntime_supports_json = ["crun", {append=true}]\nruntime_supports_nocgroup = []\nruntime = "crun"\n', [
    'runtime_supports_json = ["crun", {append=true}, "veloci"]',
    'runtime_supports_nocgroup = ["veloci"]',
    'runtime = "veloci"',
    '[engine.runtimes]',
    'veloci = ["/usr/bin/veloci"]',
  ]],
  ['podman', 'inline tables', 'engine = { runtimes = { crun = ["/usr/bin/crun"] }, events_logger = "file" }\n', [
    'engine = { runtimes = { crun = ["/usr/bin/crun"], veloci = ["/usr/bin/veloci"] }, events_logger = "file", runtime = "veloci", '
    + 'runtime_supports_json = ["crun", "runc", "kata", "runsc", "youki", "krun", "veloci"], '
    + 'runtime_supports_nocgroup = ["crun", "krun", "veloci"] }',
  ]],
  ['podman', 'keys with dots and quotes', '[engine]\n"runtimes".crun = ["/usr/bin/crun"] # here\n[network]\n', [
    'runtimes.veloci = ["/usr/bin/veloci"]',
    'runtime = "veloci"',
    'runtime_supports_json = ["crun", "runc", "kata", "runsc", "youki", "krun", "veloci"]',
    'runtime_supports_nocgroup = ["crun", "krun", "veloci"]',
  ]],
  ['docker', 'a file with runtimes',
    '{\n    "log-driver": "json-file",\n    "runtimes": {\n        "crun": { "path": "/usr/bin/crun" }\n    }\n}\n', [
    '        "crun": { "path": "/usr/bin/crun" },',
    '        "veloci": { "path": "/usr/bin/veloci" }',
    '    },',
    '    "default-runtime": "veloci"',
  ]],
  ['docker', 'one line', '{"debug":true}', [
    '{"debug":true, "runtimes": { "veloci": { "path": "/usr/bin/veloci" } }, "default-runtime": "veloci"}',
  ]],
  ['docker', 'tabs', '{\n\t"debug": true\n}\n', ['\t"debug": true,',
    '\t"runtimes": { "veloci": { "path": "/usr/bin/veloci" } },', '\t"default-runtime": "veloci"']],
  ['docker', 'another path and arguments',
    '{\n  "default-runtime": "veloci",\n  "runtimes": { "veloci": { "path": "/old", "runtimeArgs": ["--debug"] } }\n}\n',
    ['  "runtimes": { "veloci": { "path": "/usr/bin/veloci", "runtimeArgs": ["--debug"] } }']],
  ['containerd', "Debian's",
    'version = 2\n\n[plugins]\n  [plugins."io.containerd.grpc.v1.cri"]\n    [plugins."io.containerd.grpc.v1.cri".cni]\n      bin_dir = "/usr/lib/cni"\n',
    [
      '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]',
      'runtime_type = "io.containerd.runc.v2"',
      '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.veloci]',
      'runtime_type = "io.containerd.runc.v2"',
      '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.veloci.options]',
      'BinaryName = "/usr/bin/veloci"',
    ]],
  ['containerd', 'one of Kubernetes', `version = 3
[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      SystemdCgroup = true
`, ['[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.veloci]', 'runtime_type = "io.containerd.runc.v2"',
    '[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.veloci.options]', 'BinaryName = "/usr/bin/veloci"',
    'SystemdCgroup = true']],
  ['containerd', 'the first version', 'root = "/srv"\r\ndisabled_plugins = ["cri"]\r\n', [
    '[plugins.cri.containerd.runtimes.runc]\r',
    'runtime_type = "io.containerd.runc.v2"\r',
    '[plugins.cri.containerd.runtimes.veloci]\r',
    'runtime_type = "io.containerd.runc.v2"\r',
    '[plugins.cri.containerd.runtimes.veloci.options]\r',
    'BinaryName = "/usr/bin/veloci"\r',
  ]],
  ['crio', 'nothing', '', ['[crio.runtime.runtimes.veloci]', 'runtime_path = "/usr/bin/veloci"', 'runtime_type = "oci"',
    'runtime_root = "/run/veloci"']],
];

for (const [flag, name, text, lines] of forms) {
  t.test(`${flag}: ${name}`, async (t) => {
    const now = applied(flag, text);
    t.same(added(now, text).filter((line) => line.trim() !== ''), lines);
    t.equal(applied(flag, now), now, 'a second time changes nothing');
    t.same(added(text, now).filter((line) => !/^\s*[}\]"]|runtime|debug|log-driver|^engine = /.test(line)), [],
      'every other line stays');
    t.equal(undone(flag, now, text).trimEnd(), text.trimEnd(), 'without the settings it is what it was');
  });
}

t.test('a runtime that is not to be the default', async (t) => {
  for (const [flag, word] of [['podman', 'runtime = '], ['docker', 'default-runtime'], ['containerd',
    'default_runtime_name'], ['crio', 'default_runtime']] as const)
  {
    const { empty } = engineFiles[flag].format;
    t.notMatch(applied(flag, empty, { asDefault: false }), word);
    t.match(applied(flag, empty, { asDefault: true }), word);
  }
});

t.test('a new file of containerd has the form of the version that is installed', async (t) => {
  t.match(applied('containerd', '', { version: [1, 6, 20] }), /^version = 2\n[^]*io\.containerd\.grpc\.v1\.cri/);
  t.match(applied('containerd', '', { version: [2, 0, 0] }), /^version = 3\n[^]*io\.containerd\.cri\.v1\.runtime/);
  t.throws(() => applied('containerd', 'version = 9\n'), { message: '9' });
});

t.test('what was edited in between stays', async (t) => {
  const edited = applied('podman', podman).replace('events_logger = "file"', 'events_logger = "journald"')
    .replace('"krun", "veloci"]', '"krun", "veloci", "other"]');
  t.equal(undone('podman', edited, podman),
    podman.replace('"file"', '"journald"').replace('    "runc", # both\n  ]\n',
      '    "runc", # both\n  ]\n  runtime_supports_nocgroup = ["crun", "krun", "other"]\n'));
  const other = applied('docker', '{}\n').replace('"default-runtime": "veloci"', '"default-runtime": "crun"');
  t.same(JSON.parse(undone('docker', other, '{}\n')), { 'default-runtime': 'crun' });
  const own = applied('containerd', '');
  const more = `${own}\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]\nruntime_type = "kata"\n`;
  const left = undone('containerd', more, '');
  t.match(left, /^version = 2\n[^]*runtimes\.runc\][^]*runtimes\.kata\]/,
    'the default runtime and the version are needed still');
  t.notMatch(left, 'veloci');
  t.equal(undone('containerd', own, ''), '');
});

t.test('what cannot be edited is refused with its place', async (t) => {
  const conflict = (run: () => unknown, reason: string, key: string): void => {
    try {
      run();
      t.fail(`no conflict about ${key}`);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      t.same([error.reason, error.at.join('.')], [reason, key]);
    }
  };
  conflict(() => applied('podman', '[engine]\nruntimes = "crun"\n'), 'notTable', 'engine.runtimes');
  conflict(() => applied('podman', '[engine]\nruntime_supports_json = true\n'), 'notList',
    'engine.runtime_supports_json');
  conflict(() => applied('docker', '{"runtimes": []}'), 'notTable', 'runtimes');
  const before = '{}\n';
  const now = applied('docker', before).replace('"/usr/bin/veloci"', '"/usr/bin/veloci", "runtimeArgs": ["--debug"]');
  conflict(() => undone('docker', now, before), 'foreign', 'runtimes.veloci.runtimeArgs');
});
