// The record of a container, ROOT/ID/record: the part that readers need. native/record/record.h defines the form.

/** What a record says. */
export interface ContainerRecord {
  readonly stage: 'creating' | 'created' | 'released' | 'starting' | 'executing' | 'failed';
  /** Process id of init on the host; 0 when there is none yet. */
  readonly pid: number;
  /** Start time of init in clock ticks after boot (proc_pid_stat(5), field 22). */
  readonly startTime: bigint;
  readonly cgroups: readonly RecordedCgroup[];
}

/** Where a cgroup of the container is, and which one it is. */
export interface RecordedCgroup {
  readonly mount: string;
  readonly path: string;
  readonly inode: bigint;
}

const magic = 'VLCIREC1';
const version = 2;
const size = 3 * 4096;
/** How many cgroups there may be. */
const most = 32;
const stages = ['creating', 'created', 'released', 'starting', 'executing', 'failed'] as const;
/** Offsets of struct Record. */
const at = { version: 8, stage: 12, pid: 16, startTime: 24, cgroupCount: 840, cgroupBytes: 844, cgroups: 848, end: 4096,
  inodes: 4104 };

const latin1 = new TextDecoder('latin1');
const utf8 = new TextDecoder('utf-8');

/**
 * Decodes a record.
 * @param bytes the content of the file
 * @returns undefined when it is damaged or of another version
 */
export function decodeRecord(bytes: Uint8Array): ContainerRecord | undefined {
  if (bytes.length !== size || latin1.decode(bytes.subarray(0, magic.length)) !== magic) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stage = stages[view.getUint32(at.stage, true)];
  if (view.getUint32(at.version, true) !== version || stage === undefined) return undefined;
  return {
    stage,
    pid: view.getInt32(at.pid, true),
    startTime: view.getBigUint64(at.startTime, true),
    cgroups: decodeCgroups(bytes, view),
  };
}

/** Pairs of NUL-terminated texts; a path `/` stands for the path before it. */
function decodeCgroups(bytes: Uint8Array, view: DataView): RecordedCgroup[] {
  const count = view.getUint32(at.cgroupCount, true);
  const end = Math.min(at.cgroups + view.getUint32(at.cgroupBytes, true), at.end);
  const texts = utf8.decode(bytes.subarray(at.cgroups, end)).split('\0');
  const found: RecordedCgroup[] = [];
  for (let index = 0; index < Math.min(count, most) && 2 * index + 1 < texts.length; index += 1) {
    const [mount = '', path = ''] = texts.slice(2 * index);
    found.push({ mount, path: path === '/' ? found.at(-1)?.path ?? path : path,
      inode: view.getBigUint64(at.inodes + 8 * index, true) });
  }
  return found;
}
