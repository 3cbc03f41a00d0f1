// checkpoint and restore: what CRIU is told about the container (criu(8)). Names of things outside of the container
// are those that runc uses, so that images of the one can be restored by the other.
import { cgroupsModes, networkLocks } from '../choices.ts';
import type { CgroupsMode, NetworkLock } from '../choices.ts';
import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import { LinkUseFlag, NamespaceFlag } from '../../generated/plan.ts';
import type { CgroupDir, CriuNamespace, CriuOutside, CriuStart, CriuTarget } from '../../generated/plan.ts';
import { PlanError } from '../context.ts';
import { CriuMessage } from '../criu-message.ts';
import { slot } from '../draft.ts';
import type { Draft, NamespaceName } from '../draft.ts';
import { absolute, baseName, inContainer } from '../path.ts';
import { processPlaces } from './cgroup/cgroup.ts';
import { freezerOf } from './cgroup/freezer.ts';
import { restoreHooks } from './hooks.ts';
import { cgroupBinds } from './mount/mount-cgroup.ts';
import { namespaceFiles } from '../../spec/namespace-files.ts';
import { readRequest } from './mount/mount-request.ts';
import { readonlyFrom, rootfsPath } from './mount/rootfs.ts';
import { sendTerminal, wantsTerminal } from './process/terminal.ts';

/** Flags of checkpoint and restore; paths are absolute but `parent`. */
export interface CriuFlags {
  readonly criu: string;
  /** The configurations that CRIU may read besides, when no annotation names one: the first that the host has. */
  readonly configs: readonly string[];
  readonly images: string;
  readonly work?: string;
  readonly parent?: string;
  readonly preDump: boolean;
  readonly leaveRunning: boolean;
  readonly tcpEstablished: boolean;
  readonly tcpClose: boolean;
  readonly tcpSkipInFlight: boolean;
  readonly extUnixSockets: boolean;
  readonly shellJob: boolean;
  readonly fileLocks: boolean;
  readonly linkRemap: boolean;
  readonly autoDedup: boolean;
  readonly lazyPages: boolean;
  readonly cgroupsMode: CgroupsMode;
  readonly emptyNetwork: boolean;
  readonly networkLock?: NetworkLock;
  readonly pageServer?: { readonly address: string; readonly port: number };
  readonly statusFd?: number;
  readonly lsmProfile?: string;
  readonly lsmMountContext?: string;
}

/** CRIU 3.15: the first that knows everything that is asked of it here, but the flags of later ones. */
const oldest = 31500;
/** CRIU 3.19: the first that saves no_new_privs. */
const oldestWithNoNewPrivileges = 31900;
/** The most that CRIU says about a failure. */
const logLevel = 4;
const dumpLog = 'dump.log';
const restoreLog = 'restore.log';
/** The file of the configuration that CRIU reads besides, by this annotation; none when it is empty. */
export const configAnnotation = 'org.criu.config';
/** How a covered file is known: by the null device that covers it. */
const nullDevice = '/dev/null';

/** Namespaces that stay outside: a dump leaves them alone, a restore hands them to CRIU. */
const foreign: Readonly<Partial<Record<NamespaceName, { readonly file: string; readonly key: string }>>> = {
  network: { file: namespaceFiles.network, key: 'extRootNetNS' },
  pid: { file: namespaceFiles.pid, key: 'extRootPidNS' },
};

/** Namespaces that a restore joins by their path; a dump saves what is in them. */
const joinable: Readonly<Partial<Record<NamespaceName, string>>> = { ipc: namespaceFiles.ipc, uts: namespaceFiles.uts,
  time: namespaceFiles.time };

/** checkpoint: asks CRIU for the dump and waits for it. */
export function dump(d: Draft, flags: CriuFlags): void {
  const message = begin(d, flags, dumpLog)
    .number('leave_running', flags.leaveRunning)
    .number('tcp_skip_in_flight', flags.tcpSkipInFlight);
  message.text('parent_img', flags.parent);
  message.number('track_mem', flags.preDump || flags.parent !== undefined);
  if (flags.pageServer !== undefined) message.message('ps', flags.pageServer.address, flags.pageServer.port);
  d.host.push(startOf(d, flags, {
    request: flags.preDump ? 'preDump' : 'dump',
    options: message.bytes(),
    log: dumpLog,
    cgroups: freezer(d),
    masked: flags.preDump ? [] : (d.spec.linux?.maskedPaths ?? []).map(inContainer),
    parent: flags.parent,
    targets: [],
    outside: flags.preDump ? [] : outsideMounts(d),
  }));
  d.host.push({ op: 'criu.await', from: '', until: 'done', readonly: false, log: logPath(flags, dumpLog) });
}

/**
 * restore: asks CRIU for the container's processes, runs the hooks when its namespaces are made, takes its terminal.
 *
 * @param descriptors what stdin, stdout and stderr were at the dump, as links of /proc/PID/fd
 */
export function restore(d: Draft, flags: CriuFlags, descriptors: readonly string[]): void {
  const shared = d.namespaces.joins.find(({ type }) => type === 'pid');
  if (shared !== undefined) throw new PlanError(diagnose('restoreSharedPids', {}, placeAt(`${shared.from}/path`)));
  const terminal = wantsTerminal(d);
  const message = begin(d, flags, restoreLog)
    .number('rst_sibling', true)
    .text('lsm_profile', flags.lsmProfile)
    .text('lsm_mount_context', flags.lsmMountContext);
  if ((d.spec.linux?.maskedPaths ?? []).length > 0) message.message('ext_mnt', nullDevice, nullDevice);
  for (const join of d.namespaces.joins) {
    const name = joinable[join.type];
    if (name !== undefined) message.message('join_ns', name, join.path);
  }
  // What was a pipe or a file of the caller is what the caller has in its place now.
  for (let fd = 0; fd < 3; fd++) {
    const was = descriptors[fd];
    if (was !== undefined && (was.startsWith('pipe:') || was.startsWith('file[')))
      message.message('inherit_fd', was, fd);
  }
  const places = processPlaces(d.cgroups);
  for (const { controllers, dir } of places) {
    // v2 is the hierarchy without a name.
    for (const controller of controllers.split(',')) message.message('cg_root', controller, `/${dir.path}`);
  }
  d.host.push(startOf(d, flags, {
    request: 'restore',
    options: message.bytes(),
    log: restoreLog,
    cgroups: places.map(({ dir }) => dir),
    masked: [],
    parent: undefined,
    targets: mountTargets(d),
    outside: outsideMounts(d),
  }));
  d.host.push({ op: 'criu.await', from: '', until: 'namespaces', readonly: false, log: logPath(flags, restoreLog) });
  restoreHooks(d);
  d.host.push({ op: 'criu.await', from: '', until: 'done', console: terminal ? slot.console : undefined,
    readonly: readonlyFrom(d) !== undefined, log: logPath(flags, restoreLog) });
  if (terminal) sendTerminal(d);
}

/** What every request has. */
function begin(d: Draft, flags: CriuFlags, log: string): CriuMessage {
  const managed = d.cgroups.places.length > 0;
  return new CriuMessage()
    .number('log_level', logLevel)
    .text('log_file', log)
    .text('root', rootfsPath(d.spec, d.context))
    .number('notify_scripts', true)
    .number('manage_cgroups', managed)
    .number('manage_cgroups_mode', cgroupsModes[managed ? flags.cgroupsMode : 'ignore'])
    .number('orphan_pts_master', true)
    .number('tcp_established', flags.tcpEstablished)
    .number('tcp_close', flags.tcpClose)
    .number('ext_unix_sk', flags.extUnixSockets)
    .number('shell_job', flags.shellJob)
    .number('file_locks', flags.fileLocks)
    .number('link_remap', flags.linkRemap)
    .number('auto_dedup', flags.autoDedup)
    .number('lazy_pages', flags.lazyPages)
    .number('empty_ns', flags.emptyNetwork ? NamespaceFlag.network : undefined)
    .number('network_lock', flags.networkLock === undefined ? undefined : networkLocks[flags.networkLock])
    .text('config_file', d.spec.annotations?.[configAnnotation] || undefined);
}

type Particular = Pick<
  CriuStart,
  'request' | 'options' | 'log' | 'cgroups' | 'masked' | 'parent' | 'targets' | 'outside'
>;

function startOf(d: Draft, flags: CriuFlags, particular: Particular): CriuStart {
  return {
    op: 'criu.start',
    from: '',
    criu: flags.criu,
    configs: d.spec.annotations?.[configAnnotation] === undefined ? flags.configs : [],
    oldest: d.spec.process?.noNewPrivileges === true ? oldestWithNoNewPrivileges : oldest,
    images: flags.images,
    work: flags.work,
    rootfs: rootfsPath(d.spec, d.context),
    namespaces: foreignNamespaces(d),
    statusFd: flags.statusFd ?? -1,
    ...particular,
  };
}

/** The cgroup that holds the processes still while they are saved. */
function freezer({ cgroups, context }: Draft): CgroupDir[] {
  const freezer = freezerOf(cgroups);
  const usable = freezer?.version === 'v1' || context.facts.cgroup.mode === 'v2';
  return freezer === undefined || !usable || cgroups.optional ? [] : [freezer.dir];
}

function foreignNamespaces(d: Draft): CriuNamespace[] {
  const namespaces: CriuNamespace[] = [];
  for (const { type, path } of d.namespaces.joins) {
    const known = foreign[type];
    if (known !== undefined) namespaces.push({ type: known.file, key: known.key, path });
  }
  return namespaces;
}

function logPath(flags: CriuFlags, log: string): string {
  return `${flags.work ?? flags.images}/${log}`;
}

/**
 * Mount points that a restore needs: in the root file system itself, and in the sources of bind mounts. What lies in new file
 * systems is in the images.
 */
function mountTargets(d: Draft): CriuTarget[] {
  const targets: CriuTarget[] = [];
  const above: { readonly path: string; readonly source: string | undefined }[] = [];
  for (const mount of d.spec.mounts ?? []) {
    const path = inContainer(mount.destination);
    const { bind, remount } = readRequest(mount);
    if (path === '/' || remount) continue;
    const source = bind ? absolute(mount.source ?? '', d.context.bundle) : undefined;
    const holder = above.findLast((other) => path === other.path || path.startsWith(`${other.path}/`));
    above.push({ path, source });
    if (holder === undefined) targets.push({ path, source });
    else if (holder.source !== undefined && path !== holder.path)
      targets.push({ path: path.slice(holder.path.length), source, below: holder.source });
  }
  return targets;
}

/** Mounts whose source is outside of the container: by their target, which is their name in the images. */
function outsideMounts(d: Draft): CriuOutside[] {
  const outside: CriuOutside[] = [];
  const { mounts } = d.spec;
  if (mounts === undefined) return outside;
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index]!;
    const request = readRequest(mount);
    const target = inContainer(mount.destination);
    if (mount.type === 'cgroup' && !request.bind) {
      for (const bind of cgroupBinds(d, target)) outside.push(bind);
    } else if (request.bind && !request.remount && (request.links & LinkUseFlag.copy) === 0) {
      if (request.idmap !== undefined) {
        throw new PlanError(
          diagnose('unsupported', { name: `checkpoint of the id-mapped mount ${baseName(target)}` },
            placeAt(`/mounts/${index}`)),
        );
      }
      outside.push({ target, source: absolute(mount.source ?? '', d.context.bundle) });
    }
  }
  return outside;
}
