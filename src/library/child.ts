// A native command that this program owns: it tells what happens on a socket, and does what it is asked to there. When the
// socket is closed, by whatever ends this program, the command takes its process along.
import type { ControlMessage } from '../generated/protocol.ts';
import { readControlMessage } from '../generated/read-protocol.ts';
import { addon } from '../host/addon.ts';
import { openDescriptor, type DescriptorStream } from '../host/descriptor.ts';
import { installed } from '../host/installed.ts';
import { VelociError } from './error.ts';
import { openStreams, type StdioOptions, type Streams } from './streams.ts';

/** How a command is started. */
export interface ChildOptions {
  /** The executable; default: the one beside the library. */
  readonly command?: string | undefined;
  readonly stdio?: StdioOptions | undefined;
  /** Makes an encoded Response of the engine, which the command takes in place of asking its own planner. */
  readonly plan?: (() => Uint8Array) | undefined;
  /** The text of the configuration, in place of the bundle's file. */
  readonly config?: Uint8Array | undefined;
  /** Whether the container has a writable layer in memory, whose descriptors are then received. */
  readonly layer?: boolean | undefined;
  /** Whether the process may have a terminal, whose master is then received. */
  readonly terminal?: boolean | undefined;
  /** Called for each event, in order. */
  readonly onEvent?: (message: ControlMessage) => void;
}

/** Wishes for the command, by the byte that it knows (native/launcher/owner/owner.h). */
const wishes = { start: 's', removeEnded: 'r', remove: 'x', detach: 'd', signal: 'k' } as const;

/** A wish for the command. */
export type Wish = keyof typeof wishes;

/** Descriptors of a container's files: the folder of its writable layer, and its root as it is seen inside. */
export interface LayerFds {
  readonly layer: number;
  readonly view: number;
}

/** Descriptors of the command behind the standard streams. */
const controlFd = 3, planFd = 4;

/** Turns of the event loop in which a command that is about to end is asked for its status without a pause. */
const quickTurns = 100;

export class Child {
  readonly streams: Streams;
  /** Resolves to the exit status of the command, when it has ended and all its events were handed on. */
  readonly ended: Promise<number>;
  readonly warnings: VelociError[] = [];
  readonly #pid: number;
  readonly #control: DescriptorStream;
  readonly #controlFd: number;
  readonly #onEvent: (message: ControlMessage) => void;
  /** The last error that the command has logged. */
  #logged: VelociError | undefined;
  /** Why there is no plan. */
  #unplanned: Error | undefined;
  /** Our end of the socket that brings the master of a terminal; -1 when there is none. */
  #console = -1;
  /** The same for the writable layer. */
  #layer = -1;
  #rest = '';

  /**
   * @param global flags before the command
   * @param args the command and its arguments
   * @throws an error with `errno` when the program cannot be started
   */
  constructor(global: readonly string[], args: readonly string[], options: ChildOptions = {}) {
    const path = options.command ?? installed('bin/veloci');
    const standard = openStreams(options.stdio);
    const { plan, config, layer = false, terminal = false } = options;
    const { stdin, stdout, stderr } = standard;
    this.streams = { stdin, stdout, stderr };
    const fds: number[] = [...standard.fds];
    let ours = -1, planEnd = -1, configEnd = -1;
    const [verb = '', ...rest] = args;
    const given = [verb];
    try {
      [ours, fds[controlFd]] = addon().socketPair();
      if (plan !== undefined) {
        given.push('--plan-fd', String(planFd));
        [fds[planFd], planEnd] = addon().pipe();
      }
      if (config !== undefined) {
        given.push('--config-fd', String(fds.length));
        const [reading, writing] = addon().pipe();
        fds.push(reading);
        configEnd = writing;
      }
      const receive = (flag: string): number => {
        given.push(flag, String(fds.length));
        const [receiver, sender] = addon().socketPair();
        fds.push(sender);
        return receiver;
      };
      if (terminal) this.#console = receive('--console-fd');
      if (layer) this.#layer = receive('--layer-fd');
      const all = [path, '--control-fd', String(controlFd), ...global, ...given, ...rest];
      const env = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
      this.#pid = addon().launch(path, all, env, fds);
    } catch (error) {
      for (const fd of [ours, planEnd, configEnd]) if (fd >= 0) addon().close(fd);
      this.#closeSockets();
      this.dropStreams();
      throw error;
    } finally {
      fds.slice(controlFd).forEach((fd) => addon().close(fd));
      standard.close();
    }
    this.#onEvent = options.onEvent ?? (() => {});
    this.#controlFd = ours;
    this.#control = openDescriptor(ours, { writable: false });
    this.#control.setEncoding('utf8').on('data', (text: string) => this.#read(text)).on('error', () => {});
    this.ended = new Promise((resolve) => this.#control.on('close', () => this.#reap(resolve)));
    if (config !== undefined) this.#hand(() => config, configEnd);
    if (plan !== undefined) this.#hand(plan, planEnd);
  }

  /** Plans while the command prepares, which waits at the other end of this pipe. */
  #hand(plan: () => Uint8Array, fd: number): void {
    const pipe = openDescriptor(fd, { readable: false });
    pipe.on('error', () => {}); // the command says why it has ended
    try {
      pipe.end(plan());
    } catch (error) {
      // The command undoes what it has prepared; what it says of a plan that is missing matters to nobody.
      pipe.destroy();
      this.#unplanned = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Why the command has failed; undefined when it has not, or has said nothing. */
  get error(): Error | undefined {
    return this.#unplanned ?? this.#logged;
  }

  /** Asks for something; nothing happens when the command has ended. */
  wish(what: Wish, signal?: number): void {
    if (this.#control.destroyed) return;
    const word = Buffer.from(wishes[what]);
    // Not by the stream: a failed write would end it with what is still to be read.
    addon().send(this.#controlFd, signal === undefined ? word : Buffer.concat([word, Buffer.of(signal)]));
  }

  /** Closes the streams, also those that nobody has read: the end of such a one would never be seen. */
  dropStreams(): void {
    const { stdin, stdout, stderr } = this.streams;
    for (const stream of [stdin, stdout, stderr]) stream?.destroy();
  }

  /** The process has ended: nobody reads its input any more, and what it has printed is taken from the pipes. */
  leaveStreams(): void {
    const { stdin, stdout, stderr } = this.streams;
    stdin?.destroy();
    stdout?.takeRest();
    stderr?.takeRest();
  }

  /** Whether this program stays for the command's sake. */
  stayFor(stays: boolean): void {
    if (stays) this.#control.ref();
    else this.#control.unref();
  }

  /** The master of the terminal, once the process is there; -1 when it has none. */
  takeConsole(): number {
    const fd = this.#console < 0 ? -1 : addon().receiveDescriptor(this.#console);
    if (this.#console >= 0) addon().close(this.#console);
    this.#console = -1;
    return fd;
  }

  /** The files of the container, once it is there; undefined when it has no layer, or they were taken. They are to be closed. */
  takeLayer(): LayerFds | undefined {
    if (this.#layer < 0) return undefined;
    const [layer, view] = [addon().receiveDescriptor(this.#layer), addon().receiveDescriptor(this.#layer)];
    addon().close(this.#layer);
    this.#layer = -1;
    if (view >= 0) return { layer, view };
    if (layer >= 0) addon().close(layer);
    return undefined;
  }

  #closeSockets(): void {
    for (const fd of [this.#console, this.#layer]) if (fd >= 0) addon().close(fd);
    this.#console = this.#layer = -1;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = this.#message(line);
      if (message === undefined) continue;
      if (message.event !== undefined) this.#onEvent(message);
      if (message.level === 'error') this.#logged = VelociError.fromLog(message);
      if (message.level === 'warning') this.warnings.push(VelociError.fromLog(message));
    }
  }

  /** Another program than ours may stand behind `command`. */
  #message(line: string): ControlMessage | undefined {
    try {
      return readControlMessage(JSON.parse(line));
    } catch (error) {
      this.#logged = new VelociError(`the command does not speak as one of this version: ${String(error)}`, {
        code: '',
      });
      return undefined;
    }
  }

  /** The socket is closed when the command is about to end: mostly within the time of a few turns of the event loop. */
  #reap(resolve: (status: number) => void, turns = 0): void {
    this.#closeSockets();
    const status = addon().reap(this.#pid);
    const again = (): void => this.#reap(resolve, turns + 1);
    if (status >= 0) resolve(status);
    else if (turns < quickTurns) setImmediate(again);
    else setTimeout(again, 1);
  }
}
