// Flags of a request (src/cli/table.ts) as the compiler takes them.
import { habitsOf, type WarningScope } from '../compat/habits.ts';
import { diagnose } from '../diagnostic/diagnose.ts';
import { suggest } from '../spec/suggest.ts';
import { capabilityNames, capabilityNumber } from '../spec/capabilities.ts';
import { cgroupManagers } from '../plan/choices.ts';
import { PlanError } from '../plan/context.ts';
import type { Context, Flags } from '../plan/context.ts';
import type { ExecFlags } from '../plan/exec-process.ts';
import type { Host } from './protocol.ts';
import type { Options, Request } from '../generated/protocol.ts';
import type { Diagnostic } from '../diagnostic/types.ts';

export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function list(options: Options, name: string): readonly string[] | undefined {
  const value = options[name];
  return Array.isArray(value) ? value as readonly string[] : undefined;
}

/**
 * Which warnings of a start are logged. Engines read a log for its error: it has the others only when they are asked
 * for.
 */
export function warningsOf({ options, peer, facts }: Request): WarningScope {
  const level = options['debug'] === true ? 'debug' : options['log-level'];
  if (level !== undefined) return level === 'error' ? 'none' : 'all';
  if (facts.terminal) return 'all';
  const { stderr, log } = habitsOf(peer).warnings;
  return options['log'] === undefined ? stderr : log;
}

/**
 * The value of a flag that is a key of a table; undefined when it was not given.
 *
 * @throws PlanError for another value
 */
export function choice<K extends string>(
  options: Options,
  name: string,
  table: Readonly<Record<K, unknown>>,
): K | undefined {
  const value = text(options, name);
  if (value === undefined || isKey(table, value)) return value;
  throw new PlanError(diagnose('flagValue', { value, flag: `--${name}`, expected: Object.keys(table).join(' or ') }));
}

function isKey<K extends string>(table: Readonly<Record<K, unknown>>, value: string): value is K {
  return Object.hasOwn(table, value);
}

/** Whether a flag without a value was given. */
export function isOn(options: Options, name: string): boolean {
  return options[name] === true;
}

/** @throws PlanError for what is not supported */
function flagsOf(request: Request): Flags {
  const { options, verb } = request;
  const manager = choice(options, 'cgroup-manager', cgroupManagers)
    ?? (isOn(options, 'systemd-cgroup') ? 'systemd' : 'cgroupfs');
  const consoleSocket = text(options, 'console-socket');
  const pidFile = text(options, 'pid-file');
  const preserve = options['preserve-fds'];
  return {
    preserveFds: typeof preserve === 'number' ? preserve : 0,
    noPivot: isOn(options, 'no-pivot'),
    noNewKeyring: isOn(options, 'no-new-keyring'),
    // A kept request does not distinguish create from run; what it is compiled for has no terminal.
    detach: verb === 'create' ||
      (verb === 'recompile' || verb === 'checkpoint' || verb === 'diff' || verb === 'apply'
        ? consoleSocket !== undefined
        : isOn(options, 'detach')),
    // exec goes where the container is, whoever has made its cgroups.
    cgroupManager: verb === 'exec' && manager === 'systemd' ? 'cgroupfs' : manager,
    ...(text(options, 'learn') === undefined ? {} : { learn: true }),
    ...(text(options, 'learn-paths') === undefined ? {} : { learnPaths: true }),
    ...(consoleSocket === undefined ? {} : { consoleSocket }),
    ...(pidFile === undefined ? {} : { pidFile }),
  };
}

/** The context of a compilation. */
export function contextOf(request: Request, host: Host, warn?: (warning: Diagnostic) => void): Context {
  return {
    facts: request.facts,
    host,
    id: request.id ?? 'ID',
    bundle: request.bundle ?? '/',
    flags: flagsOf(request),
    habits: habitsOf(request.peer),
    ...(warn === undefined ? {} : { warn }),
  };
}

/** `--cgroup` of exec. */
export function cgroupsOf(request: Request): readonly string[] {
  return list(request.options, 'cgroup') ?? [];
}

/** @throws PlanError when a value has not its form */
export function execFlagsOf(request: Request): ExecFlags {
  const { options, operands: args } = request;
  const env = list(options, 'env');
  for (const entry of env ?? []) {
    if (entry.indexOf('=') <= 0) throw new PlanError(diagnose('envInvalid', { value: entry }));
  }
  const user = text(options, 'user');
  const gids = list(options, 'additional-gids');
  const caps = list(options, 'cap');
  const cwd = text(options, 'cwd');
  const label = text(options, 'process-label');
  const profile = text(options, 'apparmor');
  return {
    ...(args === undefined ? {} : { args }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(user === undefined || user === '' ? {} : { user: userOf(user) }),
    ...(gids === undefined ? {} : { additionalGids: gids.map((gid) => idOf(gid, gid)) }),
    ...(caps === undefined ? {} : { capabilities: caps.map(capabilityOf) }),
    ...(isOn(options, 'no-new-privs') ? { noNewPrivileges: true } : {}),
    ...(label === undefined ? {} : { selinuxLabel: label }),
    ...(profile === undefined ? {} : { apparmorProfile: profile }),
    terminal: isOn(options, 'tty'),
  };
}

function userOf(user: string): { uid: number; gid?: number } {
  const colon = user.indexOf(':');
  if (colon < 0) return { uid: idOf(user, user) };
  return { uid: idOf(user.slice(0, colon), user), gid: idOf(user.slice(colon + 1), user) };
}

/** A decimal number from 0 to 4294967294, without sign, space or other base. */
function idOf(digits: string, whole: string): number {
  const id = /^[0-9]{1,10}$/.test(digits) ? Number(digits) : Infinity;
  if (id > 4294967294) throw new PlanError(diagnose('userInvalid', { user: whole }));
  return id;
}

function capabilityOf(name: string): string {
  const upper = name.toUpperCase();
  const whole = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (capabilityNumber(whole) !== undefined) return whole;
  throw new PlanError(diagnose('capabilityInvalid', { name, suggestion: suggest(whole, capabilityNames()) }));
}
