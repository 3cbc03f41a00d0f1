// How engines are told of veloci: what `veloci install` prints, and docs/engines.md shows. @PATH@ is the command's path.
import { withSettings } from '../configure/change.ts';
import { engineFiles } from '../configure/settings.ts';

/** The file that `install --apply` edits, and the programs that it asks. */
export interface EngineFile {
  /** Below /etc, or for a user below the directory of configurations. */
  readonly path: string;
  /** Whether a user may have one. */
  readonly ofUsers: boolean;
  /** Where its backup is, below /etc; else beside it with `.before-veloci` at its end. */
  readonly backup?: string;
  /** The command that prints the engine's version. */
  readonly version: readonly string[];
  /** The command that checks the file @FILE@; empty = there is none. */
  readonly check: readonly string[];
}

/** What to write where, for one engine. */
export interface Recipe {
  /** Flag of `veloci install`, without dashes. */
  readonly flag: string;
  readonly engine: string;
  /** The file to write or to complete. */
  readonly file: string;
  readonly edited?: EngineFile;
  readonly text: string;
  /** Commands that make it count, and one that tries it. */
  readonly then: readonly string[];
  /** Sentences for the documentation. */
  readonly notes: readonly string[];
}

/** What a new file of an engine has. */
function newFile(flag: keyof typeof engineFiles): string {
  const { format, intent } = engineFiles[flag];
  return withSettings(format, format.empty, intent({ own: '@PATH@', text: format.empty, version: [] }).settings);
}

export const recipes: readonly Recipe[] = [
  {
    flag: 'podman',
    engine: 'Podman, Buildah',
    file: '/etc/containers/containers.conf (or ~/.config/containers/containers.conf)',
    edited: { path: 'containers/containers.conf', ofUsers: true, version: ['podman', '--version'],
      check: ['env', 'CONTAINERS_CONF=@FILE@', 'podman', 'info', '--format', '{{.Host.OCIRuntime.Name}}'] },
    text: newFile('podman'),
    then: ['podman info --format "{{.Host.OCIRuntime.Name}}"', 'podman run --rm docker.io/library/busybox echo hello'],
    notes: [
      'Podman decides by the name of the runtime what it can do. Without `runtime_supports_json` it cannot distinguish a missing program '
      + '(exit status 127) from other errors; without `runtime_supports_nocgroup` it refuses `--cgroups=disabled`. '
      + '(containers.conf(5) calls the second list `runtime_supports_nocgroups`; what Podman 3 to 5 read has no s at its end.)',
      'The same lines work for rootless Podman; state is then kept below `$XDG_RUNTIME_DIR/veloci`.',
      'For one command: `podman --runtime @PATH@ run ...`, `buildah run --runtime @PATH@ --isolation oci ...`, '
      + '`buildah bud --runtime @PATH@ --isolation oci ...`.',
    ],
  },
  {
    flag: 'docker',
    engine: 'Docker',
    file: '/etc/docker/daemon.json',
    edited: { path: 'docker/daemon.json', ofUsers: true, version: ['dockerd', '--version'],
      check: ['dockerd', '--validate', '--config-file', '@FILE@'] },
    text: newFile('docker'),
    then: ['systemctl reload docker', 'docker run --rm --runtime veloci busybox echo hello'],
    notes: [
      'Leave `default-runtime` out to choose the runtime container by container with `--runtime veloci`.',
      '`docker build` with BuildKit runs the program that is called `runc` in the PATH of its daemon (or the one of '
      + '`--oci-worker-binary` of a buildkitd of its own): a link named `runc` to veloci ahead of it makes builds use veloci.',
    ],
  },
  {
    flag: 'containerd',
    engine: 'containerd',
    file: '/etc/containerd/config.toml',
    edited: { path: 'containerd/config.toml', ofUsers: true, version: ['containerd', '--version'],
      check: ['containerd', '--config', '@FILE@', 'config', 'dump'] },
    text: newFile('containerd'),
    then: ['systemctl restart containerd',
      'ctr run --rm --runc-binary @PATH@ docker.io/library/busybox:latest try echo hello'],
    notes: [
      'A file that names a runtime replaces the list of runtimes that is built in. So the default, `runc`, must stand beside: '
      + 'without it containerd 1.6 and 1.7 start without their CRI service. `default_runtime_name = "veloci"` in '
      + '`[plugins."io.containerd.grpc.v1.cri".containerd]` makes veloci the default of Kubernetes.',
      'In containerd 2 (`version = 3`) the tables are called `plugins."io.containerd.cri.v1.runtime".containerd.runtimes.veloci`.',
      'Add `SystemdCgroup = true` to the options where the kubelet uses the systemd driver.',
    ],
  },
  {
    flag: 'crio',
    engine: 'CRI-O',
    file: '/etc/crio/crio.conf.d/10-veloci.conf',
    edited: { path: 'crio/crio.conf.d/10-veloci.conf', ofUsers: false, backup: 'crio/10-veloci.conf.before-veloci',
      version: ['crio', '--version'], check: [] },
    text: newFile('crio'),
    then: ['systemctl restart crio'],
    notes: [
      '`default_runtime = "veloci"` below `[crio.runtime]` makes it the default. With `cgroup_manager = "cgroupfs"` the table '
      + 'needs `monitor_cgroup = "pod"`, too.',
    ],
  },
  {
    flag: 'kubernetes',
    engine: 'Kubernetes',
    file: 'runtimeclass.yaml',
    text: `apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata:
  name: veloci
handler: veloci
`,
    then: ['kubectl apply -f runtimeclass.yaml'],
    notes: ['Every node needs the containerd or CRI-O part above. A pod chooses it with `runtimeClassName: veloci`.'],
  },
];
