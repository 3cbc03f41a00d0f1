// Pages of documentation whose commands are run: a block ```console has commands behind "$ ", which go on behind "> ", and what they print.
// In what is printed a line of three dots stands for any lines, three dots in a line for any text.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Podman } from './engines/podman.ts';
import { runtimePath } from './paths.ts';
import { call } from './runtime.ts';

/** A command of a page, and the lines that the page shows below it. */
export interface Step {
  readonly command: string;
  readonly shown: readonly string[];
}

/** The commands of a page, or of a part of one. */
export function stepsOf(page: string): readonly Step[] {
  const steps: { command: string; shown: string[] }[] = [];
  for (const [, block] of page.matchAll(/^```console\n([^]*?)^```$/gm)) {
    for (const line of block!.trimEnd().split('\n')) {
      const last = steps.at(-1);
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: [] });
      else if (/^>( |$)/.test(line) && last?.shown.length === 0) last.command += `\n${line.slice(2)}`;
      else last!.shown.push(line);
    }
  }
  return steps;
}

function patternOf(shown: readonly string[]): RegExp {
  const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const lines = shown.map((
    line,
  ) => (line === '...'
    ? '(?:.*\n)*?'
    : `${line.split(' ... ').map((part) => part.split('...').map(literal).join('.*?')).join(' +(?:.* )?')}\n`)
  );
  return new RegExp(`^${lines.join('')}$`);
}

/** Where a page is followed. */
export interface Place {
  /** the directory that it begins in */
  readonly dir: string;
  /** the state root */
  readonly root: string;
  /** what `podman` is on the page */
  readonly podman?: Podman;
  /** PATH behind the programs of the page [that of the test] */
  readonly path?: string;
  /** ms for the whole page, before scaling [20 000] */
  readonly timeLimit?: number;
}

/** Makes a program of a page: one command line, to which the arguments of the page are added. */
function wrap(folder: string, name: string, command: readonly string[]): void {
  const quoted = command.map((word) => `'${word}'`).join(' ');
  writeFileSync(join(folder, name), `#!/bin/sh\nexec ${quoted} "$@"\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Runs the commands one after the other in one shell, and compares what each prints. */
export async function follow(steps: readonly Step[], { dir, root, podman, path, timeLimit }: Place): Promise<void> {
  assert.ok(steps.length > 0, 'the page has commands');
  const programs = join(dir, '.programs');
  mkdirSync(programs);
  wrap(programs, 'veloci', [runtimePath(), '--root', root]);
  const engine = podman?.command(runtimePath(), []) ?? [];
  if (podman !== undefined)
    wrap(programs, 'podman', ['env', ...Object.entries(podman.env).map(([name, value]) => `${name}=${value}`),
      ...engine]);
  const mark = '\x1e';
  const script = steps.map(({ command }) => `printf '${mark}\\n'; (exit $status)\n${command}\nstatus=$?\n`).join('');
  writeFileSync(join(programs, 'page'), `exec 2>&1\nstatus=0\n${script}printf '${mark}\\n'\n`);
  const env = { PATH: `${programs}:${path ?? process.env['PATH'] ?? ''}`, STATE: root, HOME: dir };
  const { stdout, timedOut } = await call(['/bin/bash', join(programs, 'page')], {
    cwd: dir,
    env,
    ...(timeLimit === undefined ? {} : { timeLimit }),
  });
  const printed = stdout.split(`${mark}\n`).slice(1);
  steps.forEach(({ command, shown }, index) => {
    assert.ok(index < printed.length - 1,
      `$ ${command}\nnever ended${timedOut ? ' in time' : ''}: ${printed[index] ?? ''}`);
    assert.match(printed[index]!, patternOf(shown), `$ ${command}\n${printed[index]}`);
  });
}
