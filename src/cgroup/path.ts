// Where a container's cgroup lies in a hierarchy: linux.cgroupsPath of the configuration, in cgroupfs form.
import type { CgroupDir } from '../generated/plan.ts';

/** The cgroup above a cgroup: `/a/b` gives `/a`, `/a` and `/` give `/`. */
export function ownPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/**
 * The cgroup that cgroupsPath means: absolute = below the mount point, relative = below the caller's cgroup,
 * empty = one named by the container's id below the caller's cgroup.
 *
 * @param mount mount point of the hierarchy
 * @param base the cgroup that relative paths start from
 * @param asked cgroupsPath, without `..`
 */
export function dirOf(mount: string, base: string, asked: string, id: string): CgroupDir {
  const path = asked === '' ? `${base}/${id}` : asked.charCodeAt(0) === 0x2f ? asked : `${base}/${asked}`;
  return { mount, path: clean(path) };
}

/** Without empty and `.` components, without a leading slash. */
export function clean(path: string): string {
  if (path.charCodeAt(0) === 0x2f && path.charCodeAt(path.length - 1) !== 0x2f && !path.includes('//') &&
    !path.includes('/.'))
  {
    return path.slice(1);
  }
  let result = '';
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    result = result === '' ? part : `${result}/${part}`;
  }
  return result;
}
