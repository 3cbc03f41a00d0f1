// A configuration with a value for nearly every property that can be read back, and a container of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, unified } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Config } from '../../support/spec.ts';

/** Fills a configuration. Its cgroups are those of a host with cgroup v1. */
export function enlarge(config: Config, data: string): void {
  const { process, linux } = config;
  process.args = ['/probe', 'pause'];
  process.user = { uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 0o27 };
  process.env = ['PATH=/bin:/usr/bin', 'COLOUR=blue'];
  process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 512, hard: 1024 }, { type: 'RLIMIT_CORE', soft: 0, hard: 4096 }];
  process.oomScoreAdj = 321;
  process.noNewPrivileges = true;
  process['scheduler'] = { policy: 'SCHED_BATCH', nice: 5 };
  process['ioPriority'] = { class: 'IOPRIO_CLASS_BE', priority: 6 };
  const few = ['CAP_KILL', 'CAP_CHOWN'];
  process.capabilities = { bounding: few, effective: few, permitted: few, inheritable: ['CAP_KILL'],
    ambient: ['CAP_KILL'] };
  config.hostname = 'declared';
  config.domainname = 'example';
  config.mounts = [
    ...(config.mounts ?? []),
    { destination: '/data', type: 'bind', source: data, options: ['rbind', 'ro', 'nosuid'] },
    { destination: '/work', type: 'bind', source: data, options: ['bind', 'rw', 'private'] },
    { destination: '/scratch', type: 'tmpfs', source: 'tmpfs',
      options: ['nosuid', 'nodev', 'noexec', 'size=4m', 'mode=700'] },
  ];
  linux.namespaces = ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type }));
  linux.devices = [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o640, uid: 5, gid: 6 }];
  linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel.msgmax': '4096', 'net.ipv4.ping_group_range': '0 100' };
  linux.maskedPaths = ['/proc/interrupts', '/proc/tty', '/sys/firmware'];
  linux.readonlyPaths = ['/proc/sys', '/proc/bus'];
  linux['personality'] = { domain: 'LINUX' };
  linux.resources = {
    devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }],
    memory: { limit: 67108864, reservation: 33554432, ...(unified ? {} : { swappiness: 40 }) },
    cpu: { shares: 512, quota: 50000, period: 100000, cpus: '0', mems: '0' },
    pids: { limit: 64 },
  };
}

export interface Drift {
  readonly pointer: string;
  readonly line: number;
  readonly column: number;
  readonly declared: string;
  readonly running?: string;
  readonly applied?: string;
}

export interface Answer {
  readonly same: boolean;
  readonly compared: number;
  readonly differences: readonly Drift[];
  readonly unobserved: readonly { readonly pointer: string; readonly reason: string }[];
}

/** What diff says, and that its exit code fits. */
export async function diff(c: Context, id: string, ...flags: string[]): Promise<Answer> {
  const result = await c.rt(['diff', '--json', ...flags, id]);
  assert.equal(result.stderr, '');
  const answer = JSON.parse(result.stdout) as Answer;
  assert.equal(result.code, answer.differences.length === 0 ? 0 : 2);
  return answer;
}

/** The text of a bundle's configuration. */
export function configText(dir: string): string {
  return readFileSync(join(dir, 'config.json'), 'utf8');
}
