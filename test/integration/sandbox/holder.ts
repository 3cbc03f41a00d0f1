// A program that holds sandboxes, for tests that are it as root and as an ordinary user: reads a request a line, answers in
// one, whatever the order.
import { createInterface } from 'node:readline';
import { Sandbox, type SandboxOptions, type SandboxRunOptions } from '../../../src/index.ts';

interface Request {
  readonly number: number;
  readonly sandbox: SandboxOptions;
  readonly args: readonly string[];
  readonly run: SandboxRunOptions & { readonly abortAfter?: number };
}

const sandboxes = new Map<string, Promise<Sandbox>>();

function sandboxOf(options: SandboxOptions): Promise<Sandbox> {
  const key = JSON.stringify(options);
  const known = sandboxes.get(key) ?? Sandbox.open(options);
  sandboxes.set(key, known);
  return known;
}

async function answer({ sandbox, args, run: { abortAfter, ...run } }: Request): Promise<object> {
  try {
    const box = await sandboxOf(sandbox);
    const signal = abortAfter === undefined ? {} : { signal: AbortSignal.timeout(abortAfter) };
    const begun = performance.now();
    const { stdout, stderr, files, ...rest } = await box.run(args, { ...run, ...signal });
    const texts = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.toString('latin1')]));
    return { ...rest, files: texts, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1'),
      limits: box.limits, took: performance.now() - begun };
  } catch (error) {
    return { error: String(error), code: (error as { code?: string }).code };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  void answer(request).then((result) => console.log(JSON.stringify({ number: request.number, ...result })));
}
await Promise.allSettled([...sandboxes.values()].map(async (box) => (await box).close()));
