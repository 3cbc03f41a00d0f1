// An engine in one file: containers from a folder with a root file system, with a log each, which outlive this program.
//
//   tiny-engine.js run NAME ROOTFS PROGRAM [ARGUMENT...]
//   tiny-engine.js ps | logs NAME | exec NAME PROGRAM [ARGUMENT...] | stop NAME | rm NAME
//
// What it keeps is below $TINY_ENGINE (default: /var/lib/tiny-engine): NAME/config.json, NAME/log.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Runtime, VelociError, type Container, type Spec } from 'veloci';

const home = process.env['TINY_ENGINE'] ?? '/var/lib/tiny-engine';
const runtime = new Runtime({ root: join(home, '.state') });

/** How long a program may take to end after SIGTERM, in milliseconds. */
const patience = 10_000;

/** The configuration of a container: its own namespaces, no network but the loopback device, no privileges to speak of. */
function configuration(rootfs: string, args: readonly string[]): Spec {
  const capabilities = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID'];
  return {
    ociVersion: '1.2.0',
    root: { path: rootfs },
    hostname: 'tiny',
    process: {
      args: [...args],
      cwd: '/',
      user: { uid: 0, gid: 0 },
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      noNewPrivileges: true,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'size=16m'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: {
      namespaces: (['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'] as const).map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

function known(name: string): Container {
  if (runtime.state(name) === undefined) throw new Error(`there is no container ${name}`);
  return runtime.get(name);
}

/** Passes on all errors but that the container has ended already. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof VelociError && error.code === 'E0603')) throw error;
}

const commands: Readonly<Record<string, (...args: string[]) => Promise<void> | void>> = {
  async run(name = '', rootfs = '', ...args) {
    const bundle = join(home, name);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(configuration(resolve(rootfs), args), undefined, 2));
    const log = openSync(join(bundle, 'log'), 'a');
    const container = await runtime.create({ id: name, bundle, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    await container.start();
    console.log(`${name} runs as process ${container.pid}`);
  },

  ps() {
    for (const { id, status, pid } of runtime.list()) console.log([id, status, pid ?? ''].join('\t'));
  },

  logs(name = '') {
    process.stdout.write(readFileSync(join(known(name).state()!.bundle, 'log')));
  },

  async exec(name = '', ...args) {
    const child = await known(name).exec(args, { stdio: 'inherit' });
    process.exitCode = (await child.exit).status ?? 1;
  },

  async stop(name = '') {
    const container = known(name);
    // It may end by itself at any moment, and of one that nobody has waited for the status is not known.
    const ended = container.exit.catch(() => undefined);
    await container.kill('TERM').catch(ignoreEnded);
    const late = setTimeout(() => void container.kill('KILL').catch(ignoreEnded), patience);
    await ended;
    clearTimeout(late);
  },

  async rm(name = '') {
    const container = known(name);
    const { bundle } = container.state()!;
    await container.delete();
    rmSync(bundle, { recursive: true });
  },
};

const [verb = '', ...args] = process.argv.slice(2);
const command = commands[verb];
try {
  if (command === undefined) throw new Error(`the commands are ${Object.keys(commands).join(', ')}`);
  await command(...args);
} catch (error) {
  // Its message is one line that names the place in config.json and what to do.
  console.error(error instanceof VelociError ? error.message : String(error));
  process.exitCode = 1;
}
