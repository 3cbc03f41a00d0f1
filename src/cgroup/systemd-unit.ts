// Names of systemd units (systemd.unit(5), systemd.slice(5)) for a container, and where systemd puts their
// cgroups.

/** The unit of a container. */
export interface Unit {
  /** `a-b.slice`; empty for a unit that is a slice itself, whose place its name says. */
  readonly slice: string;
  /** `prefix-name.scope`, or a name that ends in `.slice`. */
  readonly name: string;
  /** Its cgroup below that of the manager, with a slash in front. */
  readonly path: string;
}

/** Longest name of a unit, UNIT_NAME_MAX of systemd. */
const longest = 255;

/** A slice as the path of its cgroup: `a-b.slice` is `/a.slice/a-b.slice`, `-.slice` is empty; undefined when it is no name. */
function slicePath(slice: string): string | undefined {
  if (!/^[A-Za-z0-9:_.\\-]+\.slice$/.test(slice) || slice.length > longest) return undefined;
  const stem = slice.slice(0, -'.slice'.length);
  if (stem === '-') return '';
  let path = '';
  let name = '';
  for (const part of stem.split('-')) {
    if (part === '') return undefined;
    name = name === '' ? part : `${name}-${part}`;
    path += `/${name}.slice`;
  }
  return path;
}

/** What a unit's name cannot have, as `\xNN` (systemd-escape(1)); dashes stay. */
function escape(text: string): string {
  return text.replace(/[^A-Za-z0-9:_.\\-]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * The unit that cgroupsPath asks for.
 *
 * @param asked `SLICE:PREFIX:NAME`, or empty for `veloci-ID.scope`
 * @param user whether it is for the manager of a user
 * @returns undefined when the text has not that form
 */
export function unitOf(asked: string, id: string, user: boolean): Unit | undefined {
  const parts = asked === '' ? ['', 'veloci', id] : asked.split(':');
  if (parts.length !== 3) return undefined;
  const [wanted, prefix, last] = parts as [string, string, string];
  if (last === '' || /[/\0]/.test(prefix + last)) return undefined;
  const own = last.endsWith('.slice');
  const slice = own ? '' : wanted === '' ? (user ? 'user.slice' : 'system.slice') : wanted;
  const name = own ? last : `${escape(prefix === '' ? last : `${prefix}-${last}`)}.scope`;
  const above = slicePath(own ? last : slice);
  if (above === undefined || name.length > longest) return undefined;
  return { slice, name, path: own ? above : `${above}/${name}` };
}
