// The library in other runtimes than the main thread of Node: a worker thread; Node with the streams that are made for runtimes
// whose node:net opens no descriptor; Bun and Deno, where they are installed.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';

/** Streams both ways with more than a pipe holds, a limit of output, a terminal, an error, a time-out, and an end without leftovers. */
const program = (c: Context): string => `
  const { Runtime } = await import(${JSON.stringify(new URL('../../../src/index.js', import.meta.url).href)});
  const library = new Runtime(${JSON.stringify({ root: c.root, command: runtimePath() })});
  const bundle = ${JSON.stringify(c.command(['sh', '-c', 'cat; echo end >&2; exit 5']).dir)};
  const sleeper = ${JSON.stringify(c.command(['sleep', '1000']).dir)};
  const much = 'x'.repeat(1_000_000);
  const result = {};
  const whole = await library.run({ bundle, id: ${JSON.stringify(c.id())}, input: much });
  result.whole = [whole.status, whole.stdout.toString() === much, whole.stderr.toString()];
  const cut = await library.run({ bundle, id: ${JSON.stringify(c.id())}, input: much, outputLimit: 100_000 });
  result.cut = [cut.reason, cut.stdout.length];
  result.late = (await library.run({ bundle: sleeper, id: ${JSON.stringify(c.id())}, timeout: 100 })).reason;
  const container = await library.create({ bundle: sleeper, id: ${JSON.stringify(c.id())}, stdio: 'pipe' });
  await container.start();
  const process = await container.exec(['sh', '-c', 'read a; stty size; echo $a'], { tty: true });
  process.resize({ columns: 99, rows: 33 });
  let shown = '';
  process.terminal.on('data', (chunk) => shown += chunk);
  process.terminal.write('typed\\n');
  await new Promise((resolve) => process.terminal.on('close', resolve));
  result.terminal = [(await process.exit).status, shown.replaceAll('\\r', '')];
  await container.delete({ force: true });
  result.left = library.list().length;
  result.error = await library.create({ bundle: sleeper, id: 'not/allowed' }).catch((error) => error.code);
  console.log(JSON.stringify(result));
`;

const wanted = { whole: [5, true, 'end\n'], cut: ['output', 100_000], late: 'timeout',
  terminal: [0, 'typed\n33 99\ntyped\n'], left: 0, error: 'E0110' };

/** How a program is run: by which command, and what runs before it. */
const runtimes: Readonly<Record<string, { readonly command: readonly string[]; readonly before?: string }>> = {
  'node:net without descriptors': { command: [process.execPath],
    before: "Object.defineProperty(process.versions, 'bun', { value: 'none' }); await import('./program.mjs');" },
  'a worker thread': { command: [process.execPath],
    before: "import { Worker } from 'node:worker_threads'; new Worker(new URL('program.mjs', import.meta.url));" },
  Bun: { command: ['bun', 'run'] },
  Deno: { command: ['deno', 'run', '--allow-all', '--quiet'] },
};

const isInstalled = (name: string): boolean => spawnSync(name, ['--version']).status === 0;

for (const [name, { command: [file = '', ...flags], before }] of Object.entries(runtimes)) {
  test(`the library in ${name}`, async (c) => {
    const folder = c.dir();
    writeFileSync(join(folder, 'program.mjs'), program(c));
    writeFileSync(join(folder, 'main.mjs'), before ?? "await import('./program.mjs');");
    const result = spawnSync(file, [...flags, join(folder, 'main.mjs')], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(JSON.parse(result.stdout), wanted);
  }, { only: 'veloci', skip: isInstalled(file) ? false : `${file} is not installed` });
}
