// What the native side has tried out for `doctor` (native/host/probes.cc). Numbers are errnos, 0 = it works.

/** A program that was found in PATH. */
export interface FoundProgram {
  readonly path: string;
  /** It has the set-user-id bit or file capabilities. */
  readonly privileged: boolean;
}

export interface Probes {
  /** By name; ENOSYS when the kernel (or a filter around us) has no such call. Other errnos mean that it is there. */
  readonly systemCalls: Readonly<Record<string, number>>;
  /** clone3(2) into a cgroup. */
  readonly cloneIntoCgroup: number;
  /** A new user namespace. */
  readonly userNamespace: number;
  /** A new user namespace and others that it owns. */
  readonly rightsInUserNamespace: number;
  /** An id-mapped tmpfs. */
  readonly idmappedMounts: number;
  /** Loading a program for the devices of a v2 cgroup. */
  readonly deviceProgram: number;
  /** Types of namespaces: names of /proc/self/ns. */
  readonly namespaces: readonly string[];
  /** Texts of files of procfs and sysfs; absent = no such file. */
  readonly texts: Readonly<Partial<Record<TextName, string>>>;
  readonly programs: Readonly<Partial<Record<'newuidmap' | 'newgidmap' | 'criu' | 'ps', FoundProgram>>>;
  readonly systemd: { readonly running: boolean; readonly systemBus: boolean; readonly userBus: boolean };
}

export type TextName = 'seccompActions' | 'securityModules' | 'maxUserNamespaces' | 'maxPidNamespaces'
  | 'maxMountNamespaces' | 'maxNetworkNamespaces' | 'unprivilegedUserNamespaces' | 'appArmorRestrictsUserNamespaces'
  | 'memfdNoexec' | 'maxKeys';

/** ok: nothing to do; warning: something is not available; problem: containers will fail. */
export type FindingStatus = 'ok' | 'warning' | 'problem';

/** One thing that `doctor` says. */
export interface Finding {
  readonly area: string;
  readonly status: FindingStatus;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Makes findings of one area. */
export class Report {
  readonly findings: Finding[] = [];
  private readonly area: string;

  constructor(area: string) {
    this.area = area;
  }

  ok(message: string): void {
    this.findings.push({ area: this.area, status: 'ok', message });
  }

  warn(message: string, remedy: string): void {
    this.findings.push({ area: this.area, status: 'warning', message, remedy });
  }

  problem(message: string, remedy: string): void {
    this.findings.push({ area: this.area, status: 'problem', message, remedy });
  }

  /** A problem for whom it concerns, else a warning. */
  fault(serious: boolean, message: string, remedy: string): void {
    if (serious) this.problem(message, remedy);
    else this.warn(message, remedy);
  }
}
