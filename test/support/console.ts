// Terminals for tests: a console-socket receiver and a pseudo terminal around a command. Node has
// neither recvmsg with fds nor ptys, so both are small C programs (recvtty.c, ptyrun.c).
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { program } from './helpers.ts';
import { timeScale } from './paths.ts';

/** A conversation with a program: what it printed so far, and how to answer. */
export class Talk {
  readonly child: ChildProcess;
  output = '';
  errors = '';
  readonly exit: Promise<number>;

  constructor(command: string[], env: Record<string, string> = { PATH: process.env['PATH'] ?? '' }) {
    this.child = spawn(command[0] as string, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.child.stdin?.on('error', () => {});
    this.exit = new Promise((resolve) => this.child.on('close', (code) => resolve(code ?? -1)));
  }

  send(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Waits until the output (or errors) matches; throws with what came instead after 10 s. */
  async expect(pattern: RegExp, from: 'output' | 'errors' = 'output'): Promise<string> {
    const end = Date.now() + 10_000 * timeScale;
    while (!pattern.test(this[from])) {
      if (Date.now() > end) throw new Error(`expected ${pattern}, got ${JSON.stringify(this.output + this.errors)}`);
      await sleep(10);
    }
    return this[from];
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** Listens on a console socket; `path` is ready to be given to the runtime. */
export async function receiveConsole(dir: string): Promise<{ path: string; talk: Talk }> {
  const path = join(dir, 'console.sock');
  const talk = new Talk([program('recvtty'), path]);
  await talk.expect(/ready/, 'errors');
  return { path, talk };
}

/** What a socket has received, as receiver.c says it. */
export interface Received {
  text: string;
  fds: string[];
  pid: number;
}

/** Listens on a socket of this kind; `received` parses what has come so far. */
export async function receiveMessages(
  kind: 'stream' | 'datagram',
  path: string,
  ...more: 'hold'[]
): Promise<{ talk: Talk; received: () => Received[] }> {
  const talk = new Talk([program('receiver'), kind, path, ...more]);
  await talk.expect(/ready/, 'errors');
  return { talk, received: () => talk.output.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Received) };
}

/** Runs a command on a terminal of its own. */
export function onTerminal(command: string[], rows = 24, columns = 80): Talk {
  return new Talk([program('ptyrun'), `${rows}x${columns}`, ...command]);
}
