// Daemons of engines.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Starts a daemon and waits for its socket; its output goes to `log`. */
export async function startDaemon(command: readonly string[], socket: string, log: string): Promise<ChildProcess> {
  const out = openSync(log, 'w');
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', out, out] });
  for (let i = 0; i < 300 && !existsSync(socket) && child.exitCode === null; i++) await sleep(100);
  if (!existsSync(socket)) throw new Error(`${command[0]} did not start: see ${log}`);
  await sleep(300);
  return child;
}

export async function endDaemon(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(late);
}

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
export async function startContainerd(dir: string, cri?: Cri): Promise<{ daemon: ChildProcess; socket: string }> {
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
  return { daemon: await startDaemon(['containerd', '-c', config], socket, join(dir, 'containerd.log')), socket };
}
