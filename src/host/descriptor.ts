// A descriptor as a stream: the runtime's own where it takes one, ours elsewhere.
import { Socket } from 'node:net';
import { Duplex, type DuplexOptions } from 'node:stream';
import { type Addon, addon } from './addon.ts';

/** A stream that keeps this program alive, or does not. */
export interface DescriptorStream extends Duplex {
  ref(): unknown;
  unref(): unknown;
}

export interface Directions {
  readonly readable?: boolean;
  readonly writable?: boolean;
}

/** Whether node:net and node:tty open descriptors: Bun's and Deno's do not. */
export const takesDescriptors = process.versions['bun'] === undefined && process.versions['deno'] === undefined;

/** Opens a pipe, a socket or the master of a terminal, which the stream closes. */
export function openDescriptor(fd: number, { readable = true, writable = true }: Directions): DescriptorStream {
  return takesDescriptors ? new Socket({ fd, readable, writable }) : new WatchedStream(fd, readable, writable);
}

const readSize = 64 << 10;
const toRead = 1, toWrite = 2;

/** Those that wait, by number. */
const waiting = new Map<number, WatchedStream>();
let count = 0;
let held = 0;
let door: Addon | undefined;

function watcher(): Addon {
  if (door !== undefined) return door;
  door = addon();
  door.onReady((id) => waiting.get(id)?.ready());
  return door;
}

/** Reads and writes by the addon, whose thread says when that can be done. */
export class WatchedStream extends Duplex implements DescriptorStream {
  readonly #fd: number;
  readonly #id = ++count;
  #wanted = 0;
  #refs = true;
  #holds = false;
  #rest: { bytes: Uint8Array; done: (error?: Error | null) => void } | undefined;

  constructor(fd: number, readable: boolean, writable: boolean) {
    // The types of Node lack two options of its documentation.
    const options = { readable, writable, allowHalfOpen: false };
    super(options as DuplexOptions);
    this.#fd = fd;
    waiting.set(this.#id, this);
    // As a socket does: its end is seen by those who do not read, too.
    if (readable) this.read(0);
  }

  /** Something can be done, or the other side has ended. */
  ready(): void {
    const wanted = this.#wanted;
    this.#want(0);
    if ((wanted & toRead) !== 0) this._read();
    if ((wanted & toWrite) !== 0) this.#put();
  }

  ref(): this {
    this.#refs = true;
    this.#hold();
    return this;
  }

  unref(): this {
    this.#refs = false;
    this.#hold();
    return this;
  }

  override _read(): void {
    if (this.destroyed) return;
    try {
      const bytes = addon().read(this.#fd, readSize);
      if (bytes === undefined) this.#want(this.#wanted | toRead);
      else this.push(bytes.length === 0 ? null : bytes);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#rest = { bytes: chunk, done };
    this.#put();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    waiting.delete(this.#id);
    this.#want(0);
    addon().close(this.#fd);
    done(error);
  }

  #put(): void {
    const rest = this.#rest;
    if (rest === undefined || this.destroyed) return;
    try {
      rest.bytes = rest.bytes.subarray(addon().write(this.#fd, rest.bytes));
    } catch (error) {
      this.#rest = undefined;
      rest.done(error as Error);
      return;
    }
    if (rest.bytes.length > 0) {
      this.#want(this.#wanted | toWrite);
      return;
    }
    this.#rest = undefined;
    rest.done();
  }

  #want(wanted: number): void {
    this.#wanted = wanted;
    this.#hold();
    if (wanted !== 0) watcher().watch(this.#fd, this.#id, wanted);
  }

  /** The program goes on as long as somebody waits. */
  #hold(): void {
    const holds = this.#refs && this.#wanted !== 0;
    if (holds === this.#holds) return;
    this.#holds = holds;
    held += holds ? 1 : -1;
    if (held === (holds ? 1 : 0)) watcher().hold(holds);
  }
}
