/** A path in the container without its leading slash, empty, `.` and `..` components, as if it had no symbolic links. */
export function resolved(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
