/** A value for one file of a cgroup. */
export interface Setting {
  /** The controller whose file it is; empty for a core file of v2. */
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** JSON pointer of the resource. */
  readonly from: string;
  /** What to do where the kernel has no such file; absent = it is an error. */
  readonly missing?: Setting | 'ignore';
}
