// A container that is run from beginning to end, and what it prints.
import { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';
import type { Container } from './container.ts';
import type { Exit } from './process.ts';

/** What a program is given, and how much it may print. */
export interface OutputOptions {
  /** Its standard input; default: none. */
  readonly input?: string | Uint8Array;
  /** The most bytes that stdout and stderr may have together; with more it is killed. Default: 16 MiB. */
  readonly outputLimit?: number;
}

/** What a program has printed. */
export interface Output {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const defaultLimit = 16 << 20;

/**
 * How long, in milliseconds, what a container has printed is awaited when that is gone: the rest lies in the pipes. Processes that
 * outlive it, without a pid namespace of their own and without a cgroup, may hold them for ever.
 */
const outlived = 2000;

/** Counts the bytes of several streams together. */
class Meter {
  #left: number;
  readonly #exceeded: () => void;

  constructor(limit: number, exceeded: () => void) {
    this.#left = limit;
    this.#exceeded = exceeded;
  }

  /** The chunks of a stream until its end, cut at the limit. */
  async read(stream: Readable): Promise<Buffer> {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Uint8Array) => {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
      if (bytes.length > this.#left) this.#exceeded();
      if (this.#left > 0) chunks.push(bytes.subarray(0, this.#left));
      this.#left = Math.max(0, this.#left - bytes.length);
    });
    await new Promise((resolve) => stream.once('close', resolve));
    return Buffer.concat(chunks);
  }
}

/** What {@link collect} does besides. */
export interface CollectOptions extends OutputOptions {
  /** Whether the removal of the container is awaited; else whoever calls does that. Default: true. */
  readonly waits?: boolean;
}

/** @internal Starts a container, and resolves when it has ended and is removed. */
export async function collect(container: Container, options: CollectOptions): Promise<Exit & Output> {
  const { input, outputLimit = defaultLimit, waits = true } = options;
  const meter = new Meter(outputLimit, () => container.end('output'));
  container.stdin?.end(input);
  const printed = Promise.all([meter.read(container.stdout!), meter.read(container.stderr!)]);
  try {
    container.removeEnded();
    // It may be ended before it is started.
    await Promise.race([container.start(), container.exit]);
    const exit = await container.exit;
    if (waits) await container.removed();
    const over = setTimeout(() => container.dropStreams(), outlived);
    const [stdout, stderr] = await printed;
    clearTimeout(over);
    return { ...exit, stdout, stderr };
  } finally {
    if (waits) await container.removed();
  }
}
