// hooks of the six kinds (runtime-spec config "POSIX-platform Hooks", runtime "Lifecycle").
import { NamespaceFlag } from '../../generated/plan.ts';
import type { HookKind, HookRun } from '../../generated/plan.ts';
import type { Hook } from '../../generated/config.ts';
import { annotatedPath } from '../annotations.ts';
import type { Draft } from '../draft.ts';
import { entersEarly } from './namespaces.ts';
import { rootfsPath } from './mount/rootfs.ts';
import { hookState } from './state.ts';

/**
 * prestart and createRuntime: in the runtime's namespaces, when the container's file system is ready to
 * pivot.
 */
export function runtimeHooks(d: Draft): void {
  const hooks = d.spec.hooks;
  const more = entersEarly(d) && !isEmpty(hooks?.createContainer);
  if (isEmpty(hooks?.prestart) && isEmpty(hooks?.createRuntime) && !more) return;
  d.init.push({ op: 'sync.signal', from: '/hooks', point: 'rootReady' });
  d.init.push({ op: 'sync.await', from: '/hooks', point: 'hooksDone' });
  d.host.push({ op: 'sync.await', from: '/hooks', point: 'rootReady' });
  run(d, d.host, 'prestart', d.context.bundle);
  run(d, d.host, 'createRuntime', d.context.bundle);
  if (more) run(d, d.host, 'createContainer', containerCwd(d), entered(d));
  d.host.push({ op: 'sync.signal', from: '/hooks', point: 'hooksDone' });
}

/** prestart and createRuntime of a restore: the namespaces are made, the processes do not run yet. */
export function restoreHooks(d: Draft): void {
  run(d, d.host, 'prestart', d.context.bundle);
  run(d, d.host, 'createRuntime', d.context.bundle);
}

/** createContainer: in the container's namespaces, before the pivot. */
export function containerHooks(d: Draft): void {
  if (!entersEarly(d)) run(d, d.init, 'createContainer', containerCwd(d));
}

/** The root to be, or the bundle. */
function containerCwd({ spec, context }: Draft): string {
  return context.habits.createContainerDirectory === 'bundle' ? context.bundle : rootfsPath(spec, context);
}

/** The namespaces of such a hook: whoever shares the memory of the host's side cannot enter one of time. */
function entered({ namespaces: { created, joined } }: Draft): number {
  return (created | joined) & ~(NamespaceFlag.pid | NamespaceFlag.time);
}

/** Whether anything runs between start and the program. */
export function hasStartHooks({ spec }: Draft): boolean {
  return !isEmpty(spec.hooks?.startContainer);
}

/** startContainer: in the container, released by start. */
export function startHooks(d: Draft): void {
  run(d, d.init, 'startContainer', undefined);
}

/** poststart: after the program runs. */
export function poststartHooks(d: Draft): void {
  run(d, d.start, 'poststart', d.context.bundle);
}

/** poststop: after everything else of the container is gone; a failure is only a warning. */
export function poststopHooks(d: Draft): void {
  run(d, d.delete, 'poststop', d.context.bundle);
}

function isEmpty(hooks: readonly Hook[] | undefined): boolean {
  return hooks === undefined || hooks.length === 0;
}

function run(
  d: Draft,
  program: { push(operation: HookRun): void },
  kind: HookKind,
  cwd: string | undefined,
  enter = 0,
): void {
  const hooks = d.spec.hooks?.[kind];
  if (hooks === undefined || hooks.length === 0) return;
  const state = hookState(d, kind);
  // The files are the host's: what runs in the container's root cannot reach them.
  const logs = d.spec.annotations === undefined || kind === 'startContainer'
    ? {}
    : { outputFile: annotatedPath(d.spec, 'hookStdout'), errorFile: annotatedPath(d.spec, 'hookStderr') };
  const processEnv = kind === 'startContainer' && d.context.habits.startContainerEnvironment === 'process';
  for (let number = 0; number < hooks.length; number++) {
    const hook = hooks[number]!;
    program.push({
      op: 'hook.run',
      from: `/hooks/${kind}/${number}`,
      kind,
      number,
      path: hook.path,
      args: hook.args ?? [hook.path],
      env: processEnv && hook.env === undefined ? [] : traced(hook.env ?? [], d.context.facts.traceparent),
      processEnv: processEnv && hook.env === undefined,
      timeout: Number(hook.timeout ?? 0),
      cwd,
      state,
      ...logs,
      warn: kind === 'poststop',
      enter,
    });
  }
}

/** With the caller's TRACEPARENT, so that what a hook does belongs to its trace; one of the configuration's own stays. */
function traced(env: readonly string[], traceparent: string | undefined): readonly string[] {
  const name = 'TRACEPARENT=';
  if (traceparent === undefined || env.some((entry) => entry.startsWith(name))) return env;
  return [...env, name + traceparent];
}
