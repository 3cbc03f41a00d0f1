// An online judge: runs a submission that nobody trusts on each test of a problem, and says what came of it.
//
//   judge.js ROOTFS PROBLEM SUBMISSION
//
// PROBLEM is a folder with NAME.in and NAME.out for each test, and limits.json if the limits are not to be the usual ones:
// { "time": "2s", "memory": "64 MiB", "output": "1 MiB" }. SUBMISSION ends in .py, .js or .sh; ROOTFS has its interpreter.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Sandbox, type SandboxResult } from 'veloci';

interface Limits {
  readonly time: string;
  readonly memory: string;
  readonly output: string;
}

const interpreters: Readonly<Record<string, string>> = { '.py': 'python3', '.js': 'node', '.sh': 'sh' };

/** What a result means; undefined when the program has ended as it should. */
function fault({ reason, status, signal }: SandboxResult): string | undefined {
  switch (reason) {
    case 'timeout': return 'time limit exceeded';
    case 'oom': return 'memory limit exceeded';
    case 'output': return 'output limit exceeded';
    case 'exited': return status === 0 ? undefined : `runtime error: status ${status}`;
    default: return `runtime error: ${signal ?? reason}`;
  }
}

/** Lines without blanks at their ends, and without empty ones at the end. */
const normal = (text: string): string => text.replace(/[ \t\r]+$/gm, '').trimEnd();

const [rootfs = '', problem = '', submission = ''] = process.argv.slice(2);
const limits: Limits = { time: '2s', memory: '64 MiB', output: '1 MiB',
  ...(existsSync(join(problem, 'limits.json'))
    ? JSON.parse(readFileSync(join(problem, 'limits.json'), 'utf8')) as Partial<Limits>
    : {}) };
const interpreter = interpreters[extname(submission)];
if (interpreter === undefined) throw new Error(`${submission}: no interpreter for it`);

const source = `submission${extname(submission)}`;
const tests = readdirSync(problem).filter((name) => name.endsWith('.in')).map((name) => name.slice(0, -3)).sort();
await using box = await Sandbox.open({ rootfs, memory: limits.memory, processes: 16, disk: '16 MiB', name: 'judge' });

/** Verdict on one test. */
async function judge(test: string): Promise<string> {
  const result = await box.run([interpreter!, source], {
    files: { [source]: readFileSync(submission) },
    stdin: readFileSync(join(problem, `${test}.in`)),
    timeout: limits.time,
    outputLimit: limits.output,
  });
  const right = normal(readFileSync(join(problem, `${test}.out`), 'utf8'));
  const verdict = fault(result) ?? (normal(result.stdout.toString()) === right ? 'accepted' : 'wrong answer');
  const { userTime, systemTime, peakMemory } = result.usage;
  console.log(`${test}: ${verdict} (${Math.round(userTime + systemTime)} ms, ${Math.ceil(peakMemory / 1024)} KiB)`);
  return verdict;
}

let passed = 0;
for (const test of tests) if (await judge(test) === 'accepted') passed++;
console.log(`${passed} of ${tests.length} tests passed`);
process.exitCode = passed === tests.length ? 0 : 1;
