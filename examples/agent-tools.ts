// The tools of an agent that writes and runs code: a line of JSON per call on stdin, a line per result on stdout. What one call
// leaves in the work folder is there for the next; nothing else is, and none of it is ever a file of the host.
//
//   agent-tools.js ROOTFS
//
//   {"id": 1, "tool": "write", "path": "hello.py", "content": "print('hi')"}
//   {"id": 2, "tool": "run", "args": ["python3", "hello.py"], "timeout": "5s"}
//   {"id": 3, "tool": "read", "path": "hello.py"}
import { createInterface } from 'node:readline';
import { Sandbox, type SandboxResult } from 'veloci';

type Call =
  | { readonly id: unknown; readonly tool: 'write'; readonly path: string; readonly content: string }
  | { readonly id: unknown; readonly tool: 'read'; readonly path: string }
  | { readonly id: unknown; readonly tool: 'run'; readonly args: readonly string[]; readonly timeout?: string };

/** How much of what a program prints the model gets to read, in characters. */
const shown = 8192;

const [rootfs = ''] = process.argv.slice(2);
await using box = await Sandbox.open({ rootfs, memory: '512 MiB', processes: 128, disk: '256 MiB', name: 'agent' });
const files = new Map<string, Uint8Array>();

/** Takes over what a program has done to the work folder. */
function keep({ files: left, changed }: SandboxResult): void {
  for (const [path, content] of Object.entries(left)) files.set(path, content);
  for (const { path, change } of changed) if (change === 'removed') files.delete(path.replace(/^\/work\//, ''));
}

function cut(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return text.length <= shown ? text : `${text.slice(0, shown)}… (${text.length - shown} more)`;
}

async function answer(call: Call): Promise<object> {
  switch (call.tool) {
    case 'write': {
      files.set(call.path, Buffer.from(call.content));
      return { written: call.path };
    }
    case 'read': {
      const content = files.get(call.path);
      return content === undefined ? { error: `there is no file ${call.path}` } : { content: cut(content) };
    }
    case 'run': {
      const result = await box.run(call.args, { files: Object.fromEntries(files), timeout: call.timeout ?? '30s' });
      keep(result);
      const { reason, status, signal, stdout, stderr, changed } = result;
      return { reason, status, signal, stdout: cut(stdout), stderr: cut(stderr),
        changed: changed.map(({ path, change }) => `${change} ${path}`) };
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line) as Call;
  // A program that is missing, or a path that leads elsewhere, is an answer, too.
  const result = await answer(call).catch((error: unknown) => ({ error: String(error) }));
  console.log(JSON.stringify({ id: call.id, ...result }));
}
