// What changes a container behind the runtime's back, and the frame that asks whether diff names each change alone.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { locate } from '../../../src/spec/parse/locate.ts';
import type { Bundle } from '../../support/bundle.ts';
import { assert, unified } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { configText, diff, type Answer } from './large.ts';

/** What changes a container from outside. */
export class Outside {
  readonly pid: number;
  readonly id: string;

  constructor(id: string, pid: number) {
    this.id = id;
    this.pid = pid;
  }

  cgroup(controller: string, file: string, value: string): void {
    writeFileSync(unified ? `/sys/fs/cgroup/${this.id}/${file}` : `/sys/fs/cgroup/${controller}/${this.id}/${file}`,
      value);
  }

  /** A script of the container's shell, with the rights of the host. */
  inside(script: string): void {
    execFileSync('nsenter', ['-t', String(this.pid), '-m', '-p', '--', '/bin/sh', '-ec', script], { stdio: 'pipe' });
  }

  /** A script of the host's shell in other namespaces of the container. */
  beside(flags: string, script: string): void {
    execFileSync('nsenter', ['-t', String(this.pid), ...flags.split(' '), 'sh', '-ec', script], { stdio: 'pipe' });
  }

  run(command: string): void {
    // Limits may be changed by who has the same ids.
    const as = 'as() { setpriv --reuid 1000 --regid 1001 --clear-groups "$@"; }\n';
    execFileSync('sh', ['-ec', as + command.replaceAll('PID', String(this.pid))], { stdio: 'pipe' });
  }

  write(name: string, value: string): void {
    writeFileSync(`/proc/${this.pid}/${name}`, value);
  }
}

export interface Change {
  readonly name: string;
  readonly make: (o: Outside) => void;
  readonly undo: (o: Outside) => void;
  /** The pointer that is named, and what is said of what runs. */
  readonly pointer: string;
  readonly running: string | RegExp;
}

export const resources = '/linux/resources';
export const file = (
  controller: string,
  name: string,
  value: string,
  before: string,
  pointer: string,
  running: string | RegExp,
): Change => ({ name: `${name} ${value}`, pointer, running, make: (o) => o.cgroup(controller, name, value),
  undo: (o) => o.cgroup(controller, name, before) });
export const inside = (
  name: string,
  make: string,
  undo: string,
  pointer: string,
  running: string | RegExp,
): Change => ({ name, pointer, running, make: (o) => o.inside(make), undo: (o) => o.inside(undo) });
export const outside = (
  name: string,
  make: string,
  undo: string,
  pointer: string,
  running: string | RegExp,
): Change => ({
  name,
  pointer,
  running,
  make: (o) => o.run(make),
  undo: (o) => o.run(undo),
});
export const beside = (
  name: string,
  flags: string,
  make: string,
  undo: string,
  pointer: string,
  running: string | RegExp,
): Change => ({ name, pointer, running, make: (o) => o.beside(flags, make), undo: (o) => o.beside(flags, undo) });

/** Whether a change is named as it has to be, and alone. */
function checkChange({ pointer, running }: Change, { differences }: Answer, text: string): void {
  assert.deepEqual(differences.map((found) => found.pointer), [pointer], JSON.stringify(differences));
  const [found] = differences as readonly [typeof differences[0]];
  const { line, column } = locate(text, pointer);
  assert.deepEqual([found.line, found.column], [line, column]);
  if (typeof running === 'string') assert.equal(found.running, running);
  else assert.match(found.running ?? '', running);
}

/**
 * Makes each change in a container of the bundle, asks diff, and takes it back. What cannot be taken back ends with its
 * container.
 *
 * @param prepare makes what a further container of the bundle needs
 * @param least properties that are compared at least
 * @returns what was not named as it has to be
 */
export async function wrongOf(
  c: Context,
  bundle: Bundle,
  changes: readonly Change[],
  least: number,
  prepare: () => void = () => {},
): Promise<string[]> {
  const restart = async (): Promise<Outside> => {
    prepare();
    const { id, pid } = await c.started(bundle);
    return new Outside(id, pid);
  };
  let container = await restart();
  let text = configText(bundle.dir);
  const fresh = await diff(c, container.id);
  assert.deepEqual(fresh.differences, [], 'a fresh container');
  assert.ok(fresh.compared > least, `${fresh.compared} properties are compared`);
  const wrong: string[] = [];
  for (const change of changes) {
    try {
      change.make(container);
      checkChange(change, await diff(c, container.id), text);
      change.undo(container);
    } catch (error) {
      wrong.push(`${change.name}: ${(error as Error).message}`);
    }
    if ((await diff(c, container.id)).same) continue;
    await c.destroy(container.id);
    container = await restart();
    text = configText(bundle.dir);
  }
  return wrong;
}
