// Runs the programs of the public validation suite (runtime-tools, validation/) against a runtime and prints a table.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { inRoot } from '../scripts/lib/root.ts';

/** Seconds that a program may take. */
const timeLimit = 60;

interface Known {
  /** suite: a fault of the program; kernel, machine: what it needs is not here; older: an older version of the
   *  specification; race: passes or not by chance; decision: what we do otherwise on purpose. */
  readonly kind: string;
  readonly why: string;
}

interface Outcome {
  readonly program: string;
  readonly result: 'passed' | 'failed' | 'timed out';
  /** The first of its checks that failed, or its last line. */
  readonly detail: string;
}

function readKnown(): Map<string, Known> {
  const lines = readFileSync(inRoot('conformance', 'validation.tsv'), 'utf8').trimEnd().split('\n').slice(1);
  return new Map(lines.map((line) => {
    const [program = '', kind = '', why = ''] = line.split('\t');
    return [program, { kind, why }];
  }));
}

/** The programs below a folder, NAME/NAME.t, in order. */
function programsOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, `${entry.name}.t`)))
    .map(({ name }) => name).sort();
}

/**
 * Shell text of the surroundings: an own /run for the state of containers, the controllers of cgroup v1 that the suite
 * looks at. The shell stays as the first process of its pid namespace: what the program leaves ends with it.
 */
const surroundings = `mount -t tmpfs tmpfs /run || exit 125
if [ -d /sys/fs/cgroup/memory ]; then
  for name in net_cls net_prio perf_event hugetlb; do
    [ -e /sys/fs/cgroup/$name/tasks ] && continue
    [ -d /sys/fs/cgroup/$name ] || mkdir /sys/fs/cgroup/$name 2>/dev/null || continue
    mount -t cgroup -o $name cgroup /sys/fs/cgroup/$name 2>/dev/null
  done
fi
"$1"
exit $?`;

function runProgram(program: string, path: string, cwd: string, runtime: string): Promise<Outcome> {
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const child = spawn('unshare', [...namespaces, 'sh', '-c', surroundings, 'sh', path], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', RUNTIME: runtime, TMPDIR: '/tmp' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeLimit * 1000);
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '');
      const bad = lines.find((line) => line.startsWith('not ok') && !/# (SKIP|TODO)/i.test(line));
      const passed = !timedOut && status === 0 && bad === undefined;
      done({ program, result: timedOut ? 'timed out' : passed ? 'passed' : 'failed',
        detail: passed ? '' : bad ?? lines.at(-1) ?? `status ${status}` });
    });
  });
}

/**
 * Prints a table of all programs and how they ended.
 *
 * @param given the folder of the suite, or its folder validation/
 * @param runtime path of the runtime
 * @returns 1 when a program fails that is not known to
 */
export async function runValidation(given: string, runtime: string): Promise<number> {
  const folder = existsSync(join(given, 'validation')) ? resolve(given, 'validation') : resolve(given);
  const known = readKnown();
  const outcomes: Outcome[] = [];
  for (const program of programsOf(folder)) {
    const outcome = await runProgram(program, join(folder, program, `${program}.t`), dirname(folder), runtime);
    outcomes.push(outcome);
    const note = known.get(program);
    const mark = outcome.result === 'passed' ? '' : note === undefined ? 'UNEXPECTED ' : `(${note.kind}: ${note.why}) `;
    console.log(`${outcome.result.padEnd(9)} ${program.padEnd(32)} ${mark}${outcome.detail.slice(0, 160)}`.trimEnd());
  }
  const passed = outcomes.filter(({ result }) => result === 'passed').length;
  const unexpected = outcomes.filter(({ result, program }) => result !== 'passed' && !known.has(program));
  console.log(
    `${passed} of ${outcomes.length} passed, ${
      outcomes.length - passed - unexpected.length
    } fail as is known, ${unexpected.length} fail unexpectedly`,
  );
  return unexpected.length > 0 ? 1 : 0;
}
