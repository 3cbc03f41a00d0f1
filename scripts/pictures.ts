// npm run pictures (as root, after a build): keeps what the pictures of docs/pictures show, from a container that is really made.
// `npm run generate` draws them from that.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { command } from './lib/command.ts';
import { objectOf, readObject } from './lib/json.ts';
import { inRoot } from './lib/root.ts';
import { recordPath, type PictureRecord, type PlannedLine } from './generate/pictures/record.ts';

/** What somebody has got wrong in the picture of an error: a size as a text. */
const wrong = { linux: { resources: { memory: { limit: '32M' } } } };
const program = { process: { terminal: false, args: ['/bin/busybox', 'sleep', '100'] },
  linux: { resources: { memory: { limit: 33554432 }, pids: { limit: 20 } } } };

function linesOf(plan: string): PlannedLine[] {
  const programs = objectOf(readObject(plan, 'the plan')['programs'], 'programs of the plan');
  return ['create', 'stager', 'init'].flatMap((name) =>
    (programs[name] as Record<string, unknown>[]).map((operation) => ({
      program: name,
      concern: String(operation['concern']),
      op: String(operation['op'] === 'alt' ? objectOf(operation['try'], 'an alternative')['op'] : operation['op']),
      line: Number(operation['line'] ?? 0),
    }))
  );
}

/** The timeline of the fastest of some starts: this machine may do other things meanwhile. */
async function fastestStart(folder: string, runtime: string): Promise<string> {
  const global = ['--root', join(folder, 'state')];
  let best = { time: Infinity, picture: '' };
  for (let round = 0; round < 20; round += 1) {
    // The container keeps the outputs, so they must not be pipes that somebody waits for.
    await command(runtime, [...global, 'run', '--detach', 'web1'], { cwd: folder, output: 'inherit' });
    const picture = await command(runtime, [...global, 'timeline', '--svg', 'web1']);
    const time = Number(/: ([0-9.]+) ms</.exec(picture)?.[1]);
    if (time < best.time) best = { time, picture };
    await command(runtime, [...global, 'delete', '--force', 'web1']);
  }
  return best.picture;
}

export async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'veloci-pictures-'));
  const runtime = inRoot('dist/bin/veloci');
  const veloci = (...args: string[]): Promise<string> =>
    command(runtime, ['--root', join(folder, 'state'), ...args], { cwd: folder });
  const change = async (patch: object): Promise<void> => {
    writeFileSync(join(folder, 'patch.json'), JSON.stringify(patch));
    const merged = await veloci('spec', 'merge', 'config.json', 'patch.json');
    writeFileSync(join(folder, 'config.json'), merged);
  };
  try {
    mkdirSync(join(folder, 'rootfs/bin'), { recursive: true });
    copyFileSync('/bin/busybox', join(folder, 'rootfs/bin/busybox'));
    symlinkSync('busybox', join(folder, 'rootfs/bin/sh'));
    await veloci('spec');
    await change(wrong);
    // script(1) is the terminal.
    const { stdout } = spawnSync('script', ['-qec', `'${runtime}' validate`, '/dev/null'], { cwd: folder,
      encoding: 'utf8', env: { PATH: process.env['PATH'], TERM: 'xterm' } });
    await change(program);
    const plan = linesOf(await veloci('plan', '--json'));
    writeFileSync(inRoot('docs/pictures/start.svg'), await fastestStart(folder, runtime));
    const record: PictureRecord = { error: `$ veloci validate\n${stdout.replaceAll('\r', '')}`, plan };
    const lines = record.plan.map((line) => `  ${JSON.stringify(line)}`).join(',\n');
    writeFileSync(recordPath, `{\n"error": ${JSON.stringify(record.error)},\n"plan": [\n${lines}\n]\n}\n`);
  } finally {
    await veloci('delete', '--force', 'web1').catch(() => undefined);
    rmSync(folder, { recursive: true });
  }
}
