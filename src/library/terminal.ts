// The master of a terminal as a stream.
import type { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';
import { addon } from '../host/addon.ts';
import { takesDescriptors, WatchedStream } from '../host/descriptor.ts';

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a process prints on its terminal is read here; what is written is its input. Ends when the last process has closed it. */
export interface Terminal extends Duplex {
  /** Sets its size (SIGWINCH). */
  setSize(size: TerminalSize): void;
}

class OwnTerminal extends ReadStream implements Terminal {
  readonly #fd: number;

  constructor(fd: number) {
    super(fd);
    this.#fd = fd;
  }

  setSize({ columns, rows }: TerminalSize): void {
    if (!this.destroyed) addon().resize(this.#fd, columns, rows);
  }

  /** The kernel tells the end of a terminal as an error (EIO). */
  override destroy(error?: Error & { readonly code?: string }): this {
    if (error?.code !== 'EIO') return super.destroy(error);
    if (this.readableEnded) return super.destroy();
    this.push(null);
    return this;
  }
}

class WatchedTerminal extends WatchedStream implements Terminal {
  readonly #fd: number;

  constructor(fd: number) {
    super(fd, true, true);
    this.#fd = fd;
  }

  setSize({ columns, rows }: TerminalSize): void {
    if (!this.destroyed) addon().resize(this.#fd, columns, rows);
  }
}

/** Opens the master of a terminal, which the stream closes. */
export function openTerminal(fd: number): Terminal {
  return takesDescriptors ? new OwnTerminal(fd) : new WatchedTerminal(fd);
}
