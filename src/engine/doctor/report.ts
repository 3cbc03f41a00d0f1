// What `doctor` says.

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
