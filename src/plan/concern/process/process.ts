// process: user, groups, umask, environment, working directory, program.
import type { Draft } from '../../draft.ts';
import { alt, errno } from '../../draft.ts';
import { NamespaceFlag, type IdsSet } from '../../../generated/plan.ts';
import { invalid, isAnnotated } from '../../annotations.ts';
import { notifyEntry } from '../notify.ts';
import { deniesSetgroups, keepsGroups, mapsUsers } from '../namespaces.ts';

/** execvp(3) looks here when PATH is not set. */
const pathWhenUnset = '/bin:/usr/bin';

/** Number of descriptors after stderr that the program gets. */
function preserved(d: Draft): number {
  return d.context.flags.preserveFds + d.context.facts.listenFds;
}

/**
 * The environment: of equal names the last counts; LISTEN_FDS of systemd's socket activation is handed on.
 */
export function setEnvironment(d: Draft): void {
  const given = d.process.env ?? [];
  const notify = notifyEntry(d);
  const env = withoutDuplicates(notify === undefined ? given : [...given, notify]);
  if (d.context.facts.listenFds > 0) env.push(`LISTEN_FDS=${d.context.facts.listenFds}`);
  const home = valueOf(env, 'HOME') ?? '';
  d.init.push({
    op: 'process.env',
    from: d.process.env === undefined ? d.processPointer : `${d.processPointer}/env`,
    env,
    home: home === '',
    uid: d.process.user?.uid ?? 0,
  });
}

/** Keeps the place of the first and the value of the last entry of a name. */
function withoutDuplicates(entries: readonly string[]): string[] {
  const places = new Map<string, number>();
  const result: string[] = [];
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!;
    const equals = entry.indexOf('=');
    const name = equals < 0 ? entry : entry.slice(0, equals);
    const place = places.get(name);
    if (place === undefined) {
      places.set(name, result.length);
      result.push(entry);
    } else {
      result[place] = entry;
    }
  }
  return result;
}

function valueOf(entries: readonly string[], name: string): string | undefined {
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index]!;
    if (entry.charCodeAt(name.length) === 0x3d && entry.startsWith(name)) return entry.slice(name.length + 1);
  }
  return undefined;
}

/** Closes what is not the program's and enters the working directory: the last look at a path by root. */
export function enterCwd(d: Draft, create: boolean): void {
  d.init.push({ op: 'cwd.enter', from: `${d.processPointer}/cwd`, path: d.process.cwd, create, late: true });
}

/** As the user, for directories that root may not enter (a network file system). */
export function enterCwdAgain(d: Draft): void {
  d.init.push({ op: 'cwd.again', from: `${d.processPointer}/cwd`, path: d.process.cwd });
}

export function ownStdio(d: Draft): void {
  const { uid = 0, gid = 0 } = d.process.user ?? {};
  const group = d.context.habits.givesStdioGroup ? gid : undefined;
  d.init.push({ op: 'stdio.own', from: `${d.processPointer}/user/uid`, uid, gid: group });
}

export function setIds(d: Draft): void {
  const { facts } = d.context;
  const user = d.process.user;
  const from = user === undefined ? d.processPointer : `${d.processPointer}/user`;
  const groups = user?.additionalGids ?? [];
  const denied = deniesSetgroups(d.spec, d.namespaces, facts) || keepsGroups(d);
  const set = (setgroups: boolean): IdsSet => ({
    op: 'ids.set',
    from,
    uid: user?.uid ?? 0,
    gid: user?.gid ?? 0,
    groups,
    setgroups,
    umask: user?.umask,
  });
  // A user namespace of others may deny setgroups(2); then there are no groups to get rid of by it either.
  const unsure = !denied && groups.length === 0 &&
    (facts.rootless || (mapsUsers(d.namespaces) && d.namespaces.joins.length > 0));
  d.init.push(unsure ? alt(set(true), [errno.EPERM], set(false)) : set(!denied));
}

export function refusePrivileges(d: Draft): void {
  if (d.process.noNewPrivileges === true)
    d.init.push({ op: 'privileges.none', from: `${d.processPointer}/noNewPrivileges` });
}

/** Finds the program before the container counts as created, so that a missing one is create's error. */
export function findProgram(d: Draft): void {
  const name = d.process.args?.[0];
  if (name === undefined) return;
  d.init.push({
    op: 'program.find',
    from: `${d.processPointer}/args/0`,
    name,
    path: valueOf(d.process.env ?? [], 'PATH') ?? pathWhenUnset,
  });
}

export function waitForStart(d: Draft): void {
  d.init.push({ op: 'start.wait', from: '' });
}

export function runProgram(d: Draft): void {
  if (d.process.args === undefined) return;
  d.init.push({
    op: 'program.run',
    from: `${d.processPointer}/args`,
    args: d.process.args,
    preserve: preserved(d),
    listenPid: d.context.facts.listenFds > 0,
    reap: isReaped(d),
  });
}

/** Whether init stays as the first process, above the program. @throws PlanError where others live in its pid namespace, too */
function isReaped({ spec, namespaces, processPointer }: Draft): boolean {
  if (spec.annotations === undefined || processPointer === '' || !isAnnotated(spec, 'init')) return false;
  if ((namespaces.created & NamespaceFlag.pid) !== 0) return true;
  throw invalid(spec, 'init', '"0" without a pid namespace of its own');
}
