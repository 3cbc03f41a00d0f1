// Daemons of engines: each has a log and a file with its pid.
import { spawn } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../host/alive.ts';
import { timeScale } from '../paths.ts';

/** A daemon by its files `base`.log and `base`.pid. */
export interface Daemon {
  readonly base: string;
  readonly command: readonly string[];
}

/** Whether somebody listens on a socket of the file system. */
function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(false)).once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Starts a daemon and waits until it listens on its socket. */
export async function startDaemon(
  base: string,
  command: readonly string[],
  socket: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Daemon> {
  const out = openSync(`${base}.log`, 'w');
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', out, out], env });
  writeFileSync(`${base}.pid`, String(child.pid));
  for (let i = 0; i < 300 * timeScale && child.exitCode === null && child.signalCode === null; i++) {
    if (await listens(socket)) return { base, command };
    await sleep(100);
  }
  throw new Error(`${command[0]} did not start: see ${base}.log`);
}

/**
 * A line of the shell that ends a daemon and starts it again.
 * @param asks a command that succeeds once it answers
 */
export function restartLine({ base, command }: Daemon, asks: string): string {
  // Who has started it may be waiting for this line, and collect what has ended only then.
  return `p=$(cat ${base}.pid); kill $p; while grep -qs '^State:.[^Z]' /proc/$p/status; do sleep 0.1; done; `
    + `setsid ${command.join(' ')} >>${base}.log 2>&1 </dev/null & echo $! >${base}.pid; `
    + `for i in $(seq 300); do ${asks} >/dev/null 2>&1 && exit; sleep 0.1; done; `
    + `echo "${basename(base)} does not answer"; exit 1`;
}

/** Ends a daemon in an orderly way, or by force after 15 s. */
export async function endDaemon({ base }: Daemon): Promise<void> {
  const pid = Number(readFileSync(`${base}.pid`, 'utf8'));
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    for (let i = 0; i < 150 && isAlive(pid); i++) await sleep(100);
  }
}
