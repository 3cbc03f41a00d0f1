// The circumstances of a bench: a caller with little memory, a cold page cache, mounted controllers.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');

/**
 * crun wants every controller of the kernel on cgroup v1: mounts the one that hosts forget, and calls the work. It is told whether
 * there is one; what was mounted is unmounted behind it.
 */
export async function withHugetlb<Result>(work: (isThere: boolean) => Promise<Result>): Promise<Result> {
  const dir = '/sys/fs/cgroup/hugetlb';
  const isThere = (): boolean => unified || existsSync(join(dir, 'tasks'));
  if (isThere()) return work(true);
  const made = mkdirSync(dir, { recursive: true });
  // Another command may do the same now; cgroups of v2 may keep the controller.
  const mounted =
    spawnSync('mount', ['-t', 'cgroup', '-o', 'hugetlb', 'cgroup', dir], { stdio: 'inherit' }).status === 0;
  try {
    return await work(isThere());
  } finally {
    if (mounted) spawnSync('umount', [dir], { stdio: 'inherit' });
    if (made !== undefined) rmdirSync(dir);
  }
}

/** Drops the page cache, dentries and inodes. */
export function dropCaches(): void {
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

/** Puts a process into a cgroup of `bytes` of memory; returns what removes the cgroup once it is empty. */
export function limitMemory(pid: number, bytes: number): () => void {
  const dir = unified
    ? `/sys/fs/cgroup/veloci-bench-caller-${pid}`
    : `/sys/fs/cgroup/memory/veloci-bench-caller-${pid}`;
  mkdirSync(dir);
  writeFileSync(join(dir, unified ? 'memory.max' : 'memory.limit_in_bytes'), String(bytes));
  writeFileSync(join(dir, 'cgroup.procs'), String(pid));
  return () => rmdirSync(dir);
}
