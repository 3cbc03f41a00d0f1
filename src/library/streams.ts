// Standard streams of a process: what the command gets, and what the caller keeps.
import { Readable, type Writable } from 'node:stream';
import { addon } from '../host/addon.ts';
import { openDescriptor, type DescriptorStream } from '../host/descriptor.ts';

/**
 * A standard stream: a pipe to this program, /dev/null, this program's own, or a descriptor of it.
 */
export type Stdio = 'pipe' | 'ignore' | 'inherit' | number;

/** All three alike, or stdin, stdout and stderr. */
export type StdioOptions = Stdio | readonly [Stdio, Stdio, Stdio];

/** What a pipe holds (pipe(7)), twice: what is left in it when its process has ended, and what another one adds. */
const leftMost = 128 << 10;

/**
 * What a process prints. Its pipe is closed when nobody can write to it any more, also when nobody reads what has come: a socket is held
 * by the event loop until it is read to its end.
 */
class OutputPipe extends Readable {
  readonly #pipe: DescriptorStream;
  /** Bytes that are still taken from the pipe although nobody asks for them. */
  #left = 0;

  constructor(fd: number) {
    super();
    this.#pipe = openDescriptor(fd, { writable: false });
    this.#pipe.on('data', (chunk: Uint8Array) => {
      this.#left -= chunk.length;
      if (!this.push(chunk) && this.#left <= 0) this.#pipe.pause();
    });
    this.#pipe.on('end', () => this.push(null));
    this.#pipe.on('error', (error) => this.destroy(error));
  }

  /** Its process has ended: what it has left is kept here, and the pipe is let go. */
  takeRest(): void {
    this.#left = leftMost;
    this.#pipe.resume();
  }

  override _read(): void {
    this.#pipe.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pipe.destroy();
    done(error);
  }
}

/** This program's ends; undefined where a stream is no pipe. */
export interface Streams {
  readonly stdin: Writable | undefined;
  readonly stdout: OutputPipe | undefined;
  readonly stderr: OutputPipe | undefined;
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
  let stdin: Writable | undefined;
  const outputs: (OutputPipe | undefined)[] = [];
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
    if (writes) stdin = openDescriptor(our, { readable: false });
    else outputs[number] = new OutputPipe(our);
    return their;
  });
  // A program that does not read its stdin to the end is no failure.
  stdin?.on('error', () => {});
  return {
    fds: [fds[0] ?? 0, fds[1] ?? 1, fds[2] ?? 2],
    stdin,
    stdout: outputs[1],
    stderr: outputs[2],
    close: () => theirs.forEach((fd) => addon().close(fd)),
  };
}
