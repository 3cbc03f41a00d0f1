// Plain JavaScript: it runs before anything is installed.

/**
 * Whether node_modules is what a lock file asks for. npm keeps what it has installed in node_modules/.package-lock.json.
 *
 * @param {Record<string, { version?: string, integrity?: string, optional?: boolean }>} locked packages of package-lock.json
 * @param {Record<string, { version?: string, integrity?: string }>} installed packages of that file
 */
export function isInstalled(locked, installed) {
  const wanted = Object.entries(locked).filter(([path]) => path !== '');
  const same = (path, { version, integrity }) =>
    installed[path]?.version === version && installed[path]?.integrity === integrity;
  // Optional packages of other platforms are left out.
  return wanted.every(([path, entry]) =>
    same(path, entry) || (entry.optional === true && installed[path] === undefined)
  )
    && Object.keys(installed).every((path) => locked[path] !== undefined);
}
