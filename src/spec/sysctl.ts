/**
 * Path below /proc/sys of a kernel parameter, as sysctl(8) reads a key: the first of `.` and `/` in it is its separator,
 * the other one stands for a dot in a name (`net.ipv4.conf.eth0/1.forwarding`).
 */
export function sysctlPath(key: string): string {
  const dot = key.indexOf('.');
  const slash = key.indexOf('/');
  if (slash >= 0 && (dot < 0 || slash < dot)) return key;
  if (slash < 0) return key.replaceAll('.', '/');
  let path = '';
  for (const letter of key) path += letter === '.' ? '/' : letter === '/' ? '.' : letter;
  return path;
}
