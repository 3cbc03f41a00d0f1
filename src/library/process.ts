// A process that this program has started through a command of its own: its streams, its signals, its end.
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { ControlEvent, ControlMessage } from '../generated/protocol.ts';
import { onAbort } from './abort.ts';
import { endedSilently, type Caller } from './call.ts';
import { Child, type ChildOptions, type LayerFds, type Wish } from './child.ts';
import type { VelociError } from './error.ts';
import type { StdioOptions } from './streams.ts';
import { openTerminal, type Terminal, type TerminalSize } from './terminal.ts';

/** What is said of a process. */
type ProcessEvent = Exclude<ControlEvent, 'progress'>;

/** How a process has ended, in one word. */
export type EndReason =
  /** It has ended by itself, with a status. */
  | 'exited'
  /** A signal has ended it. */
  | 'signalled'
  /** The kernel has killed it since memory ran out. */
  | 'oom'
  /** Its seccomp profile has ended it. */
  | 'seccomp'
  /** The time that its caller had set was over. */
  | 'timeout'
  /** Its caller's AbortSignal. */
  | 'aborted'
  /** It has printed more than its caller allows. */
  | 'output';

/** What a process has used, with those of its children that it has waited for (getrusage(2)). */
export interface Usage {
  /** Processor time in user mode, in milliseconds. */
  readonly userTime: number;
  /** Processor time in the kernel, in milliseconds. */
  readonly systemTime: number;
  /** The largest resident set of one of them, in bytes. */
  readonly peakMemory: number;
}

/** How a process has ended. */
export interface Exit {
  /** Exit status, 0 to 255; null when a signal has ended it. */
  readonly status: number | null;
  /** The signal; null when it has ended by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly reason: EndReason;
  /** Undefined when another program has waited for it. */
  readonly usage: Usage | undefined;
}

/** What is set when a process is started. */
export interface ProcessOptions {
  /** Standard streams; default: ignored. With a terminal they are not used. */
  readonly stdio?: StdioOptions;
  /** Kills the process, and in a container all others, when it is aborted. */
  readonly signal?: AbortSignal;
  /** Kills it, likewise, after this many milliseconds. */
  readonly timeout?: number;
  /** Lets it live on when this program ends. */
  readonly detached?: boolean;
}

function signalName(number: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return (found?.[0] as NodeJS.Signals | undefined) ?? null;
}

/** The number of a signal: by its name, with or without SIG, or as it is. */
function signalNumber(signal: string | number): number {
  if (typeof signal === 'number') return signal;
  const name = (signal.startsWith('SIG') ? signal : `SIG${signal}`) as NodeJS.Signals;
  const number = constants.signals[name];
  if (number === undefined) throw new TypeError(`unknown signal ${signal}`);
  return number;
}

const reasons: Readonly<Record<string, EndReason>> = { oom: 'oom', seccomp: 'seccomp' };

function exitOf(message: ControlMessage, cause: EndReason | undefined): Exit {
  const { status, signal, reason, userTime = 0, systemTime = 0, peakMemory = 0 } = message;
  return {
    status: status ?? null,
    signal: signal === undefined ? null : signalName(signal),
    // Whatever ended it at last: it was on its way out.
    reason: cause ?? reasons[reason ?? ''] ?? (signal === undefined ? 'exited' : 'signalled'),
    usage: { userTime: userTime / 1000, systemTime: systemTime / 1000, peakMemory },
  };
}

/** The end that the command `wait` tells, which makes one number of status and signal. */
export function exitOfCode(code: number): Exit {
  const signalBase = 128;
  const signal = code > signalBase ? signalName(code - signalBase) : null;
  return { status: signal === null ? code : null, signal, reason: signal === null ? 'exited' : 'signalled',
    usage: undefined };
}

/** Something that happens once, or never: then it rejects. */
class Once<T> {
  resolve!: (value: T) => void;
  reject!: (error: Error) => void;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    // Whoever does not wait for it is not to be ended by its rejection.
    this.promise.catch(() => {});
  }
}

/** A process in a container, whose streams and end this program sees. */
export class Process {
  /** Its standard input; undefined where that is no pipe. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Resolves when it has ended; rejects with a VelociError when it could not be started, or its end is not known. */
  readonly exit: Promise<Exit>;
  /** It lives on when this program ends. */
  readonly detached: boolean;
  readonly #child: Child;
  readonly #events: Readonly<Record<ProcessEvent, Once<ControlMessage>>>;
  #pid = 0;
  #terminal: Terminal | undefined;
  #cause: EndReason | undefined;

  /**
   * @internal
   * @param args the command that starts it, and its arguments
   */
  constructor(
    caller: Caller,
    args: readonly string[],
    options: ProcessOptions & Pick<ChildOptions, 'plan' | 'terminal' | 'config' | 'layer'>,
  ) {
    const events = { created: new Once<ControlMessage>(), started: new Once<ControlMessage>(),
      ended: new Once<ControlMessage>() };
    this.#events = events;
    this.#child = new Child(caller.global, args, {
      command: caller.command,
      stdio: options.stdio,
      plan: options.plan,
      config: options.config,
      layer: options.layer,
      terminal: options.terminal,
      onEvent: (message) => this.#on(message),
    });
    const { stdin, stdout, stderr } = this.#child.streams;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.exit = events.ended.promise.then((message) => exitOf(message, this.#cause));
    this.exit.catch(() => {});
    this.#child.ended.then((status) => {
      const error = this.#child.error ?? endedSilently(args[0] ?? '', status);
      for (const event of Object.values(events)) event.reject(error);
      // Its program may never have been started.
      this.#child.leaveStreams();
    });
    this.detached = options.detached === true;
    // What it owns goes on when this program ends.
    if (this.detached) this.#child.wish('detach');
    this.#watch(options);
  }

  /** Resolves when an event has happened; rejects with the error of the command when it has ended without it. */
  protected async until(event: ProcessEvent): Promise<ControlMessage> {
    this.stayFor(true);
    try {
      return await this.#events[event].promise;
    } catch (error) {
      // It has never been, or is not known any more.
      this.#child.dropStreams();
      throw error;
    } finally {
      this.stayFor(!this.detached);
    }
  }

  /** Whether this program goes on as long as the process does. */
  protected stayFor(stays: boolean): void {
    this.#child.stayFor(stays);
  }

  protected wish(what: Wish, signal?: number): void {
    this.#child.wish(what, signal);
  }

  /** Resolves to the exit status of the command that stands behind the process. */
  protected get commandEnded(): Promise<number> {
    return this.#child.ended;
  }

  /** The files of its container, once, when it has a layer of its own. */
  takeLayer(): LayerFds | undefined {
    return this.#child.takeLayer();
  }

  /** @internal Closes its streams, read or not. */
  dropStreams(): void {
    this.#child.dropStreams();
  }

  /** Warnings about its configuration. */
  get warnings(): readonly VelociError[] {
    return this.#child.warnings;
  }

  /** Its pid, as this program's pid namespace has it. */
  get pid(): number {
    return this.#pid;
  }

  /** Its terminal, when it has one: what it prints is read here, what is written is its input. */
  get terminal(): Terminal | undefined {
    return this.#terminal;
  }

  /** Sets the size of its terminal (SIGWINCH). */
  resize(size: TerminalSize): void {
    this.#terminal?.setSize(size);
  }

  /**
   * Sends it a signal.
   * @param signal name, with or without SIG, or number
   */
  signal(signal: string | number = 'TERM'): void {
    this.#child.wish('signal', signalNumber(signal));
  }

  /** @internal Kills it for a reason, which its exit then has. */
  end(cause: EndReason): void {
    this.#cause ??= cause;
    this.signal('KILL');
  }

  #on(message: ControlMessage): void {
    if (message.event === undefined || message.event === 'progress') return;
    if (message.pid !== undefined) this.#pid = message.pid;
    if (message.event === 'ended') this.#child.leaveStreams();
    else this.#openTerminal();
    this.#events[message.event].resolve(message);
  }

  /** Takes the terminal, once the process is there. */
  #openTerminal(): void {
    const fd = this.#child.takeConsole();
    if (fd < 0) return;
    this.#terminal = openTerminal(fd);
  }

  /** Ends it when its time is over, or when its caller aborts. */
  #watch({ signal, timeout }: ProcessOptions): void {
    const timer = timeout === undefined ? undefined : setTimeout(() => this.end('timeout'), timeout);
    const forget = onAbort(signal, () => this.end('aborted'));
    const over = (): void => {
      clearTimeout(timer);
      forget();
    };
    this.exit.then(over, over);
  }
}
