// Directories and sockets of a host that must not be in a container.
import type { Risk } from './types.ts';
import { isBelow } from './view.ts';

/** A place of the host. What lies above it has it, too. */
export interface HostPath {
  readonly path: string;
  /** Risk when it is writable, and when it is read-only; none = no finding. */
  readonly risk: readonly [writable: Risk, readonly: Risk | 'none'];
  /** What is there. */
  readonly what: string;
  /** What an attacker gets. */
  readonly why: string;
  /** Its parts are harmless in themselves (engines bind some): only the whole counts. */
  readonly whole?: true;
}

const programs = 'what it changes there, root of the host runs';
const secrets = 'passwords and keys are there';
const images = 'the files of all other containers and images are there';

/** In the order in which they are named when a mount has several: the worst first. */
const places: readonly (Omit<HostPath, 'path'> & { readonly paths: readonly string[] })[] = [
  { paths: ['/'], whole: true, risk: ['critical', 'critical'], what: 'all files of the host',
    why: 'it reads every secret, and where it can write, it is root of the host at once' },
  { paths: ['/proc'], risk: ['critical', 'high'], what: 'the procfs of the host',
    why: 'sys/kernel/core_pattern names a program that the host runs, PID/root and environ show all processes' },
  { paths: ['/dev'], whole: true, risk: ['critical', 'critical'], what: 'all devices of the host',
    why: 'disks and memory of the host are there; device rules alone keep the container from them' },
  { paths: ['/sys/fs/cgroup'], risk: ['critical', 'low'], what: 'the cgroups of the host',
    why: 'it changes limits of all others and, on cgroup v1, sets a release_agent that the host runs' },
  { paths: ['/sys'], risk: ['high', 'low'], what: 'the sysfs of the host',
    why: 'kernel/uevent_helper names a program that the host runs; devices and power are set there' },
  { paths: ['/etc/shadow'], risk: ['critical', 'high'], what: 'the passwords of the host', why: secrets },
  { paths: ['/etc/gshadow'], risk: ['critical', 'high'], what: 'the passwords of groups', why: secrets },
  { paths: ['/etc/ssh'], risk: ['critical', 'high'], what: 'the keys of the SSH server', why: secrets },
  { paths: ['/etc/kubernetes'], risk: ['critical', 'high'], what: 'the keys of the cluster',
    why: 'with them it commands the whole cluster' },
  { paths: ['/etc/passwd'], risk: ['critical', 'none'], what: 'the accounts of the host',
    why: 'it makes itself an account with uid 0' },
  { paths: ['/etc/group'], risk: ['critical', 'none'], what: 'the groups of the host',
    why: 'it puts an account into the group of root' },
  { paths: ['/etc/sudoers', '/etc/sudoers.d'], risk: ['critical', 'low'], what: 'who may become root', why: programs },
  { paths: ['/etc/pam.d'], risk: ['critical', 'none'], what: 'how the host checks passwords', why: programs },
  { paths: ['/etc/ld.so.preload'], risk: ['critical', 'none'], what: 'a library in every program', why: programs },
  { paths: ['/etc/crontab', '/etc/cron.d'], risk: ['critical', 'none'],
    what: 'programs that the host runs by the clock', why: programs },
  { paths: ['/etc/systemd'], risk: ['critical', 'none'], what: 'services of the host', why: programs },
  { paths: ['/etc/docker'], risk: ['critical', 'medium'], what: 'the configuration and keys of Docker', why: programs },
  { paths: ['/etc/containers'], risk: ['critical', 'none'], what: 'the configuration of Podman and CRI-O',
    why: programs },
  { paths: ['/etc'], whole: true, risk: ['critical', 'high'], what: 'the configuration of the host',
    why: 'passwords and keys can be read; what is written there, services and cron run as root' },
  { paths: ['/boot'], risk: ['critical', 'low'], what: 'the kernel and its loader',
    why: 'the next boot runs what it writes' },
  { paths: ['/root'], risk: ['critical', 'high'], what: 'the home of root',
    why: 'SSH keys, histories and tokens are there' },
  { paths: ['/home'], whole: true, risk: ['high', 'medium'], what: 'the homes of all users',
    why: 'SSH keys, histories and tokens are there' },
  { paths: ['/var/spool/cron'], risk: ['critical', 'low'], what: 'programs that the host runs by the clock',
    why: programs },
  { paths: ['/var/lib/kubelet'], whole: true, risk: ['critical', 'high'], what: 'the files of the kubelet',
    why: 'secrets and tokens of all pods, and the keys of the node are there' },
  { paths: ['/var/lib/kubelet/pki'], risk: ['critical', 'high'], what: 'the keys of the node',
    why: 'with them it speaks for the node' },
  { paths: ['/var/lib/docker'], whole: true, risk: ['critical', 'high'], what: 'the files of Docker', why: images },
  { paths: ['/var/lib/containerd'], whole: true, risk: ['critical', 'high'], what: 'the files of containerd',
    why: images },
  { paths: ['/var/lib/containers'], whole: true, risk: ['critical', 'high'], what: 'the files of Podman and CRI-O',
    why: images },
  { paths: ['/var/lib/lxcfs'], risk: ['medium', 'none'], what: 'lxcfs',
    why: 'its cgroup directory has the cgroups of the host, which can be written there' },
  { paths: ['/run'], whole: true, risk: ['critical', 'high'], what: 'the run-time files of the host',
    why: 'sockets of engines and services, and the state of containers are there' },
  { paths: ['/run/systemd/private'], risk: ['critical', 'critical'], what: 'the private socket of systemd',
    why: 'it starts services as root' },
  { paths: ['/run/veloci', '/run/runc', '/run/crun'], risk: ['critical', 'low'], what: 'the state of the containers',
    why: 'the runtime does what is kept there' },
  { paths: ['/lib/modules'], risk: ['critical', 'low'], what: 'the modules of the kernel',
    why: 'the host loads them into its kernel' },
  { paths: ['/usr', '/bin', '/sbin'], risk: ['critical', 'none'], what: 'the programs of the host', why: programs },
  { paths: ['/lib', '/lib64'], risk: ['critical', 'none'], what: 'the libraries of the host', why: programs },
  { paths: ['/opt'], whole: true, risk: ['high', 'none'], what: 'programs of the host', why: programs },
  { paths: ['/var/log'], risk: ['medium', 'low'], what: 'the logs of the host',
    why: 'traces can be removed, and what shows logs follows the symbolic links that it puts there' },
  { paths: ['/tmp'], whole: true, risk: ['medium', 'low'], what: 'the temporary files of the host',
    why: 'programs of the host trust files and sockets there' },
  { paths: ['/var'], whole: true, risk: ['critical', 'high'], what: 'the data of the host', why: images },
];

/** Every place of its own, in that order. */
const hostPaths: readonly HostPath[] = places.flatMap(({ paths, ...rest }) => paths.map((path) => ({ path, ...rest })));

/** Directories that no container has as its root, if it is one. */
export const systemDirectories: ReadonlySet<string> = new Set(['/', '/usr', '/etc', '/var', '/home', '/root', '/run',
  '/boot', '/opt', '/srv', '/dev', '/proc', '/sys']);

/** Places of the host that a bind of a path has. */
export function reachedBy(source: string): readonly HostPath[] {
  return hostPaths.filter(({ path, whole }) =>
    isBelow(path, source) || (whole !== true && path !== '/' && isBelow(source, path))
  );
}

/** Sockets by which a host is commanded, by the end of their paths. */
const sockets: readonly (readonly [path: RegExp, name: string])[] = [
  [/\/docker\.sock$/, 'Docker'],
  [/\/cri-dockerd\.sock$/, 'Docker for Kubernetes'],
  [/\/containerd\.sock(\.ttrpc)?$/, 'containerd'],
  [/\/crio\.sock$/, 'CRI-O'],
  [/\/podman\.sock$/, 'Podman'],
  [/\/buildkitd\.sock$/, 'BuildKit'],
  [/\/kubelet\.sock$/, 'the kubelet'],
  [/^\/run\/systemd\/private$/, 'systemd'],
  [/\/(bus|system_bus_socket)$/, 'D-Bus, and by it systemd'],
  [/\/lxd\/unix\.socket$|\/lxd\.socket$|\/incus\/unix\.socket$/, 'LXD'],
  [/\/libvirt-sock(-ro)?$/, 'libvirt'],
  [/\/snapd\.socket$/, 'snapd'],
];

/** Directories that hold such a socket alone. */
const socketDirectories: readonly (readonly [path: string, name: string])[] = [
  ['/run/docker', 'Docker'],
  ['/run/containerd', 'containerd'],
  ['/run/k3s', 'containerd'],
  ['/run/crio', 'CRI-O'],
  ['/run/podman', 'Podman'],
  ['/run/buildkit', 'BuildKit'],
  ['/run/dbus', 'D-Bus, and by it systemd'],
  ['/run/libvirt', 'libvirt'],
  ['/var/lib/kubelet/pod-resources', 'the kubelet'],
  ['/var/lib/kubelet/device-plugins', 'the kubelet'],
  ['/var/lib/lxd', 'LXD'],
];

/** Whose socket a path is, or has in it; undefined when it is none. */
export function socketOf(source: string): string | undefined {
  return sockets.find(([path]) => path.test(source))?.[1]
    ?? socketDirectories.find(([path]) => path === source)?.[1];
}
