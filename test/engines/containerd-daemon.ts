// containerd as a daemon of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../support/engines/daemon.ts';

/** What the CRI service needs. */
export interface Cri {
  /** the runtime, which becomes the handler `tested` */
  readonly runtime: string;
  /** a folder of CNI configurations */
  readonly networks: string;
  readonly pause: string;
}

const criConfig = ({ runtime, networks, pause }: Cri): string => `
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${networks}"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
  default_runtime_name = "tested"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested.options]
  BinaryName = "${runtime}"
`;

/** Starts containerd on folders of its own, with its CRI service when `cri` says how. */
export async function startContainerd(dir: string, cri?: Cri): Promise<{ daemon: Daemon; socket: string }> {
  const socket = join(dir, 'containerd.sock');
  const config = join(dir, 'containerd.toml');
  const none = [...(cri ? [] : ['grpc.v1.cri']), 'snapshotter.v1.btrfs', 'snapshotter.v1.zfs',
    'snapshotter.v1.devmapper', 'snapshotter.v1.aufs'];
  writeFileSync(config, `version = 2
root = "${join(dir, 'containerd-root')}"
state = "${join(dir, 'containerd-state')}"
disabled_plugins = [${none.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
  address = "${socket}"
${cri ? criConfig(cri) : ''}`);
  return { daemon: await startDaemon(join(dir, 'containerd'), ['containerd', '-c', config], socket), socket };
}
