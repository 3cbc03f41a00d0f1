// The message criu_opts of CRIU's RPC protocol in the protobuf encoding (CRIU's images/rpc.proto). Protobuf merges
// messages that follow each other, so the executor appends what is known at run time only.
import { utf8Of } from '../base/utf8.ts';

/** Numbers of the fields, and the wire type that each has. */
const fields = {
  leave_running: [3, 'number'],
  ext_unix_sk: [4, 'number'],
  tcp_established: [5, 'number'],
  shell_job: [7, 'number'],
  file_locks: [8, 'number'],
  log_level: [9, 'number'],
  log_file: [10, 'text'],
  ps: [11, 'message'],
  notify_scripts: [12, 'number'],
  root: [13, 'text'],
  parent_img: [14, 'text'],
  track_mem: [15, 'number'],
  auto_dedup: [16, 'number'],
  link_remap: [18, 'number'],
  ext_mnt: [23, 'message'],
  manage_cgroups: [24, 'number'],
  cg_root: [25, 'message'],
  rst_sibling: [26, 'number'],
  inherit_fd: [27, 'message'],
  manage_cgroups_mode: [34, 'number'],
  empty_ns: [38, 'number'],
  join_ns: [39, 'message'],
  tcp_skip_in_flight: [46, 'number'],
  lazy_pages: [48, 'number'],
  orphan_pts_master: [50, 'number'],
  config_file: [51, 'text'],
  tcp_close: [52, 'number'],
  lsm_profile: [53, 'text'],
  lsm_mount_context: [63, 'text'],
  network_lock: [64, 'number'],
} as const satisfies Readonly<Record<string, readonly [number, 'number' | 'text' | 'message']>>;

type Field = keyof typeof fields;
type FieldsOf<Kind> = { [Name in Field]: (typeof fields)[Name][1] extends Kind ? Name : never }[Field];

/** A message in the making. */
export class CriuMessage {
  readonly #bytes: number[] = [];

  /** A number, or true as 1; an absent value or false adds nothing. */
  number(name: FieldsOf<'number'>, value: number | boolean | undefined): this {
    if (value === undefined || value === false) return this;
    varint(this.#bytes, fields[name][0] << 3);
    varint(this.#bytes, Number(value));
    return this;
  }

  /** A text; an absent one adds nothing. */
  text(name: FieldsOf<'text'>, value: string | undefined): this {
    if (value !== undefined) addText(this.#bytes, fields[name][0], value);
    return this;
  }

  /** A message of its own: values of the fields 1, 2 ..., texts or numbers. */
  message(name: FieldsOf<'message'>, ...values: readonly (string | number)[]): this {
    const inner: number[] = [];
    values.forEach((value, index) => {
      if (typeof value === 'string') {
        addText(inner, index + 1, value);
      } else {
        varint(inner, (index + 1) << 3);
        varint(inner, value);
      }
    });
    varint(this.#bytes, (fields[name][0] << 3) | 2);
    varint(this.#bytes, inner.length);
    for (const byte of inner) this.#bytes.push(byte);
    return this;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** Seven bits a byte, the lowest first (unsigned, below 2^53). */
function varint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function addText(out: number[], field: number, value: string): void {
  const bytes = utf8Of(value);
  varint(out, (field << 3) | 2);
  varint(out, bytes.length);
  for (const byte of bytes) out.push(byte);
}
