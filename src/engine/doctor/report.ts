// What `doctor` says, in the words of src/diagnostic/table/doctor.ts.
import { fillAll } from '../../diagnostic/diagnose.ts';
import type { Holes } from '../../diagnostic/types.ts';
import type { DoctorText, DoctorTextName } from '../../diagnostic/table/doctor.ts';
import { doctorText } from '../../generated/doctor.ts';

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

let parsed: Readonly<Record<DoctorTextName, DoctorText>> | undefined;

function texts(): Readonly<Record<DoctorTextName, DoctorText>> {
  return parsed ??= JSON.parse(doctorText) as Readonly<Record<DoctorTextName, DoctorText>>;
}

/** Makes findings of one area. */
export class Report {
  readonly findings: Finding[] = [];
  private readonly area: string;

  constructor(area: string) {
    this.area = area;
  }

  ok(name: DoctorTextName, holes: Holes = {}): void {
    this.add('ok', name, holes);
  }

  warn(name: DoctorTextName, holes: Holes = {}): void {
    this.add('warning', name, holes);
  }

  problem(name: DoctorTextName, holes: Holes = {}): void {
    this.add('problem', name, holes);
  }

  /** A problem for whom it concerns, else a warning. */
  fault(serious: boolean, name: DoctorTextName, holes: Holes = {}): void {
    this.add(serious ? 'problem' : 'warning', name, holes);
  }

  private add(status: FindingStatus, name: DoctorTextName, holes: Holes): void {
    const { message, remedy } = texts()[name];
    this.findings.push({ area: this.area, status, message: fillAll(message, holes),
      ...(remedy === undefined ? {} : { remedy: fillAll(remedy, holes) }) });
  }
}
