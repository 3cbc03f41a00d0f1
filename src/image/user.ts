// `User` of an image's configuration, looked up in the passwd and group files of its layers.
import { diagnose } from '../diagnostic/diagnose.ts';
import { PlanError } from '../plan/context.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

/** Texts of the files; undefined for one that is missing. */
export interface UserFiles {
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/** 4294967295 is -1, which is no id (chown(2)). */
const largestId = 4294967294;

/** Whether a user is to be looked up at all. */
export function isLookedUp(user: string): boolean {
  return user !== '';
}

/** Whether it says its ids without the files of the image: root, in numbers, or not at all. */
export function isNumeric(user: string): boolean {
  return user === '' || user === 'root' || user.split(':').every(isNumber);
}

function isNumber(text: string): boolean {
  if (text === '') return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

/** A decimal number is an id and never a name: one that is too large must not become the name of an entry that the image makes up. */
function idOf(user: string, text: string): number {
  const id = text.length > 10 ? Infinity : Number(text);
  if (id > largestId) throw wrong(user, `"${text}" is no id of 32 bits`);
  return id;
}

function wrong(user: string, why: string): PlanError {
  return new PlanError(diagnose('imageUser', { user, why }));
}

/** Lines of a file of entries whose parts are separated by colons. */
function entriesOf(text: string | undefined, parts: number): string[][] {
  return (text ?? '').split('\n').map((line) => line.split(':')).filter((entry) =>
    entry.length >= parts && entry[0] !== ''
  );
}

/**
 * The ids of `NAME|UID[:GROUP|GID]`. Without a group they are those of the user's entry, and the groups that name it.
 * @throws PlanError for a name that is not there, and for what is no id
 */
export function resolveUser(user: string, files: UserFiles): User {
  const isRoot = user === 'root' && files.passwd === undefined;
  if (user === '' || isRoot) return { uid: 0, gid: 0, additionalGids: [] };
  const [name = '', group, ...rest] = user.split(':');
  if (rest.length > 0 || name === '' || group === '') throw wrong(user, 'it must be USER or USER:GROUP');
  const passwd = entriesOf(files.passwd, 4);
  const numeric = isNumber(name);
  const entry = numeric
    ? passwd.find((parts) => isNumber(parts[2]!) && Number(parts[2]) === idOf(user, name))
    : passwd.find((parts) => parts[0] === name);
  if (!numeric && entry === undefined) throw wrong(user, `its /etc/passwd has no "${name}"`);
  const uid = numeric ? idOf(user, name) : entryId(user, entry![2]!);
  const groups = entriesOf(files.group, 3);
  if (group !== undefined) {
    if (isNumber(group)) return { uid, gid: idOf(user, group), additionalGids: [] };
    const found = groups.find((parts) => parts[0] === group);
    if (found === undefined) throw wrong(user, `its /etc/group has no "${group}"`);
    return { uid, gid: entryId(user, found[2]!), additionalGids: [] };
  }
  if (entry === undefined) return { uid, gid: 0, additionalGids: [] };
  const gid = entryId(user, entry[3]!);
  const member = entry[0]!;
  const additional = groups.filter((parts) => (parts[3] ?? '').split(',').includes(member))
    .map((parts) => entryId(user, parts[2]!));
  return { uid, gid, additionalGids: [...new Set(additional)].filter((id) => id !== gid) };
}

function entryId(user: string, text: string): number {
  if (!isNumber(text)) throw wrong(user, `"${text}" in the files of the image is no id`);
  return idOf(user, text);
}
