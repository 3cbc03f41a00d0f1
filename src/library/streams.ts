// Standard streams of a process: what the command gets, and what the caller keeps.
import type { Duplex, Readable, Writable } from 'node:stream';
import { addon } from '../host/addon.ts';
import { openDescriptor } from '../host/descriptor.ts';

/**
 * A standard stream: a pipe to this program, /dev/null, this program's own, or a descriptor of it.
 */
export type Stdio = 'pipe' | 'ignore' | 'inherit' | number;

/** All three alike, or stdin, stdout and stderr. */
export type StdioOptions = Stdio | readonly [Stdio, Stdio, Stdio];

/** This program's ends; undefined where a stream is no pipe. */
export interface Streams {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
}

/** Descriptors for a process that is about to be started. */
export interface Standard extends Streams {
  readonly fds: readonly [number, number, number];
  /** Closes the other side's ends, once the process has them. */
  close(): void;
}

/** Opens the streams before the process is there, so that nothing of what it prints can be lost. */
export function openStreams(stdio: StdioOptions = 'ignore'): Standard {
  const wanted = Array.isArray(stdio) ? stdio as readonly Stdio[] : [stdio, stdio, stdio];
  const theirs: number[] = [];
  const ours: (Duplex | undefined)[] = [];
  const fds = wanted.map((stream, number) => {
    if (typeof stream === 'number') return stream;
    if (stream === 'inherit') return number;
    const writes = number === 0;
    if (stream === 'ignore') {
      const fd = addon().openNull();
      theirs.push(fd);
      return fd;
    }
    const [reading, writing] = addon().pipe();
    const [their, our] = writes ? [reading, writing] : [writing, reading];
    theirs.push(their);
    ours[number] = openDescriptor(our, { readable: !writes, writable: writes });
    return their;
  });
  // A program that does not read its stdin to the end is no failure.
  ours[0]?.on('error', () => {});
  return {
    fds: [fds[0] ?? 0, fds[1] ?? 1, fds[2] ?? 2],
    stdin: ours[0],
    stdout: ours[1],
    stderr: ours[2],
    close: () => theirs.forEach((fd) => addon().close(fd)),
  };
}
