// Paths as texts. Nothing here resolves a path in a rootfs: that is init's, by descriptors.

/** `path`, or below `base` when it is relative. */
export function absolute(path: string, base: string): string {
  if (path.charCodeAt(0) === 0x2f) return path;
  return base === '/' ? `/${path}` : `${base}/${path}`;
}

/** A path in the container: relative ones start at its root; no doubled and no trailing slash, no `.`. */
export function inContainer(path: string): string {
  if (isClean(path)) return path;
  let result = '';
  for (const part of path.split('/')) if (part !== '' && part !== '.') result += `/${part}`;
  return result === '' ? '/' : result;
}

function isClean(path: string): boolean {
  if (path.charCodeAt(0) !== 0x2f) return false;
  return path.length === 1
    || (path.charCodeAt(path.length - 1) !== 0x2f && !path.includes('//') && !path.includes('/./') &&
      !path.endsWith('/.'));
}

/** Last component of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
