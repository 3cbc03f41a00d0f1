import { hostname, release } from 'node:os';
import { main as build } from './build.ts';
import { Bundle } from './demo/bundle.ts';
import { command, ExpectedError } from './lib/command.ts';
import { inRoot } from './lib/root.ts';
import { readObject, textMember } from './lib/json.ts';

function print(text: string): void {
  console.log(`\n${text}`);
}

function show(output: string): string {
  const text = output.trimEnd();
  for (const line of text.split('\n')) console.log(`    ${line}`);
  return text;
}

/** Fails the demo when what it just claimed is not so. */
function claim(holds: boolean, text: string): void {
  if (!holds) throw new ExpectedError(`this did not happen: ${text}`);
  console.log(`  → ${text}`);
}

class Demo {
  private readonly runtime: string;
  private readonly bundle: Bundle;

  constructor(runtime: string, bundle: Bundle) {
    this.runtime = runtime;
    this.bundle = bundle;
  }

  private veloci(...args: string[]): Promise<string> {
    return command(this.runtime, ['--root', this.bundle.stateRoot, ...args]);
  }

  /** Runs a shell script in a container of its own. */
  private async run(script: string): Promise<string> {
    console.log(`  $ ${script}`);
    this.bundle.configure(script);
    return show(await this.veloci('run', '--bundle', this.bundle.folder, 'demo'));
  }

  async identity(): Promise<void> {
    print('A container has its own names for things. Its host name and its process list:');
    const names = await this.run('hostname; echo "I am process $$"; ps');
    claim(names.startsWith('veloci-demo\nI am process 1\n'), `own host name (here it is ${hostname()}), and process 1`);
    print('Its network interfaces:');
    claim((await this.run('ls /sys/class/net')) === 'lo', 'an own network: nothing but the loopback interface');
    print('But it is no virtual machine. The kernel:');
    claim((await this.run('uname -r')) === release(), `the kernel of this machine, ${release()}`);
  }

  async layer(): Promise<void> {
    print('The image is never written to. A file goes to a thin layer above it:');
    const inside = await this.run('touch /note; ls /');
    claim(inside.split('\n').includes('note'), 'the file is there');
    await this.bundle.freshLayer();
    print('A new container from the same image, with a fresh layer:');
    claim(!(await this.run('ls /')).split('\n').includes('note'), 'the file is gone');
  }

  async lifeCycle(): Promise<void> {
    print('Container engines take the same container in steps. create sets everything up, short of the program:');
    this.bundle.configure('echo started; sleep 60');
    // The container keeps create's outputs, so they must not be pipes that somebody waits for.
    await command(this.runtime, [
      '--root',
      this.bundle.stateRoot,
      'create',
      '--bundle',
      this.bundle.folder,
      'demo',
    ], { output: 'inherit' });
    const status = async (): Promise<string> =>
      textMember(readObject(await this.veloci('state', 'demo'), 'the state'), 'status', 'the state');
    claim((await status()) === 'created', 'state says created');
    print('start lets the program run, exec adds a second one:');
    await this.veloci('start', 'demo');
    claim((await status()) === 'running', 'state says running');
    show(await this.veloci('exec', 'demo', 'ps'));
    print('kill ends it, delete removes the last trace:');
    await this.veloci('kill', 'demo', 'KILL');
    for (let tries = 0; tries < 100 && (await status()) !== 'stopped'; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    claim((await status()) === 'stopped', 'state says stopped');
    await this.veloci('delete', 'demo');
    claim((await this.veloci('list', '--quiet')).trim() === '', 'list is empty');
  }

  /** For a demo that failed half way. */
  async cleanUp(): Promise<void> {
    await this.veloci('delete', '--force', 'demo').catch(() => undefined);
  }
}

/** Makes a bundle and runs containers in it, step by step; `--runtime PATH` tries another runtime. */
export async function main(args: readonly string[]): Promise<void> {
  const other = args[0] === '--runtime' ? args[1] : undefined;
  if (other === undefined) await build([]);
  const runtime = other ?? inRoot('dist', 'bin', 'veloci');
  const bundle = new Bundle();
  const demo = new Demo(runtime, bundle);
  try {
    print(
      `A bundle is a folder with a config.json and a root file system. Here is one, with busybox inside: ${bundle.folder}`,
    );
    await bundle.make(runtime);
    await bundle.freshLayer();
    await demo.identity();
    await demo.layer();
    await demo.lifeCycle();
  } finally {
    await demo.cleanUp();
    await bundle.remove();
  }
  print('Everything is removed again: processes, mounts, folders.');
}
