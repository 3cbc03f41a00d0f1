// The master of a terminal as a stream.
import { ReadStream } from 'node:tty';
import { addon } from '../host/addon.ts';

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a process prints on its terminal is read here; what is written is its input. Ends when the last process has closed it. */
export class Terminal extends ReadStream {
  readonly #fd: number;

  /** @internal */
  constructor(fd: number) {
    super(fd);
    this.#fd = fd;
  }

  /** Sets its size (SIGWINCH). */
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
