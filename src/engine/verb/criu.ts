// checkpoint and restore: the plans that CRIU carries out.
import { habitsOf } from '../../compat/habits.ts';
import { diagnose } from '../../diagnostic/diagnose.ts';
import { encodePlan } from '../../generated/encode.ts';
import type { Plan, Response } from '../../generated/plan.ts';
import { compileCheckpoint, compileRestore } from '../../plan/compile-criu.ts';
import { cgroupsModes, networkLocks } from '../../plan/choices.ts';
import type { CriuFlags } from '../../plan/concern/criu.ts';
import { PlanError } from '../../plan/context.ts';
import type { Options, Request } from '../../generated/protocol.ts';
import type { Call } from '../call.ts';
import { choice, contextOf, isOn, list, text } from '../options.ts';
import { configOf } from '../read.ts';
import { answerPlans } from '../respond.ts';
import { storedOf } from './create.ts';

export function checkpointPlanOf(call: Call): Plan {
  return compileCheckpoint(configOf(call), criuFlagsOf(call.request.flags ?? {}, call.request),
    contextOf(call.request, call.host));
}

export function restorePlanOf(call: Call): Plan {
  const { request, host } = call;
  return compileRestore(configOf(call), criuFlagsOf(request.options, request), descriptorsOf(call),
    contextOf(request, host));
}

export function checkpoint(call: Call): Response {
  return answerPlans(encodePlan(checkpointPlanOf(call), call.host.writer()), undefined, '');
}

export function restore(call: Call): Response {
  const plan = restorePlanOf(call);
  const now = encodePlan({ planVersion: 1, programs: { restore: plan.programs.restore } }, call.host.writer());
  return answerPlans(now, storedOf(call, plan), '');
}

/**
 * descriptors.json of the images: what stdin, stdout and stderr were. Images of others may have none, or a strange one:
 * CRIU then says itself what it misses.
 */
function descriptorsOf({ blobs, host }: Call): readonly string[] {
  const text = blobs.process === undefined ? undefined : host.scan(blobs.process).text;
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return [];
  }
}

/** @throws PlanError when a value has not its form */
function criuFlagsOf(options: Options, { peer }: Request): CriuFlags {
  const work = text(options, 'work-path');
  const parent = text(options, 'parent-path');
  const statusFd = options['status-fd'];
  const server = text(options, 'page-server');
  const profile = text(options, 'lsm-profile');
  const mountContext = text(options, 'lsm-mount-context');
  const networkLock = choice(options, 'network-lock', networkLocks);
  if (parent !== undefined && parent.startsWith('/')) {
    refuse('parent-path', parent, 'give a path relative to --image-path');
  }
  if (profile !== undefined && !/^(apparmor|selinux):./.test(profile)) {
    refuse('lsm-profile', profile, 'give apparmor:NAME or selinux:NAME');
  }
  return {
    criu: text(options, 'criu') ?? 'criu',
    configs: habitsOf(peer).criuConfigs,
    images: text(options, 'image-path')!,
    preDump: isOn(options, 'pre-dump'),
    leaveRunning: isOn(options, 'leave-running'),
    tcpEstablished: isOn(options, 'tcp-established'),
    tcpClose: isOn(options, 'tcp-close'),
    tcpSkipInFlight: isOn(options, 'tcp-skip-in-flight'),
    extUnixSockets: isOn(options, 'ext-unix-sk'),
    shellJob: isOn(options, 'shell-job'),
    fileLocks: isOn(options, 'file-locks'),
    linkRemap: isOn(options, 'link-remap'),
    autoDedup: isOn(options, 'auto-dedup'),
    lazyPages: isOn(options, 'lazy-pages'),
    cgroupsMode: choice(options, 'manage-cgroups-mode', cgroupsModes) ?? 'soft',
    emptyNetwork: emptiesNetwork(options),
    ...(work === undefined ? {} : { work }),
    ...(parent === undefined ? {} : { parent }),
    ...(networkLock === undefined ? {} : { networkLock }),
    ...(server === undefined ? {} : { pageServer: serverOf(server) }),
    ...(typeof statusFd === 'number' ? { statusFd } : {}),
    ...(profile === undefined ? {} : { lsmProfile: profile }),
    ...(mountContext === undefined ? {} : { lsmMountContext: mountContext }),
  };
}

function emptiesNetwork(options: Options): boolean {
  const names = list(options, 'empty-ns') ?? [];
  for (const name of names) if (name !== 'network') refuse('empty-ns', name, 'only network can be left empty');
  return names.length > 0;
}

function serverOf(server: string): { address: string; port: number } {
  const colon = server.lastIndexOf(':');
  const port = /^[0-9]{1,5}$/.test(server.slice(colon + 1)) ? Number(server.slice(colon + 1)) : 0;
  if (colon < 1 || port === 0 || port > 65535) refuse('page-server', server, 'give ADDRESS:PORT');
  return { address: server.slice(0, colon), port };
}

function refuse(name: string, value: string, remedy: string): never {
  throw new PlanError(diagnose('flagForm', { name, value, remedy }));
}
