// A stand-in for systemd at its private socket: it greets, and answers each call as it is told.
import { createServer, type Server, type Socket } from 'node:net';

/** What is said to a call: an error; a job and how it ends ('' = never); nothing; or the connection is closed. */
export type Answer = { error: string; text: string } | { job: string } | 'nothing' | 'close';

/** Pads to a multiple of `size` and appends. */
class Out {
  readonly bytes: number[] = [];
  align(size: number): this {
    while (this.bytes.length % size !== 0) this.bytes.push(0);
    return this;
  }
  u8(value: number): this {
    this.bytes.push(value);
    return this;
  }
  u32(value: number): this {
    this.align(4);
    for (let i = 0; i < 4; i++) this.bytes.push(value >>> 8 * i & 255);
    return this;
  }
  text(value: string): this {
    this.u32(value.length);
    this.bytes.push(...Buffer.from(value), 0);
    return this;
  }
  signature(value: string): this {
    this.u8(value.length);
    this.bytes.push(...Buffer.from(value), 0);
    return this;
  }
}

type Field = readonly [code: number, type: 's' | 'o' | 'u' | 'g', value: string | number];

/** A message of the D-Bus protocol. */
function message(type: number, serial: number, fields: readonly Field[], body: Out): Buffer {
  const head = new Out();
  for (const [code, kind, value] of fields) {
    head.align(8).u8(code).signature(kind);
    if (typeof value === 'number') head.u32(value);
    else if (kind === 'g') head.signature(value);
    else head.text(value);
  }
  const out = new Out();
  out.bytes.push(0x6c, type, 0, 1);
  out.u32(body.bytes.length).u32(serial).u32(head.bytes.length);
  out.bytes.push(...head.bytes);
  out.align(8).bytes.push(...body.bytes);
  return Buffer.from(out.bytes);
}

const job = '/org/freedesktop/systemd1/job/77';

function answer(socket: Socket, serial: number, what: Answer | undefined): void {
  if (what === 'nothing') return;
  if (what === 'close') socket.destroy();
  else if (what === undefined) socket.write(message(2, 1, [[5, 'u', serial]], new Out()));
  else if ('error' in what)
    socket.write(message(3, 1, [[4, 's', what.error], [5, 'u', serial], [8, 'g', 's']], new Out().text(what.text)));
  else {
    socket.write(message(2, 1, [[5, 'u', serial], [8, 'g', 'o']], new Out().text(job)));
    if (what.job === '') return;
    socket.write(
      message(4, 2, [[1, 'o', '/org/freedesktop/systemd1'], [2, 's', 'org.freedesktop.systemd1.Manager'], [3, 's',
        'JobRemoved'], [8, 'g', 'uoss']], new Out().u32(77).text(job).text('x.scope').text(what.job)),
    );
  }
}

/**
 * Listens at a path.
 *
 * @param greeting what authentication is answered with
 * @param answers by a word of the call, such as the name of its member; what has none succeeds, '' stands for every call;
 * of a list each call gets the next one, and the last one stays
 */
export async function listen(
  path: string,
  answers: Readonly<Record<string, Answer | readonly Answer[]>>,
  greeting = 'DATA\r\nOK 0123\r\n',
): Promise<Server> {
  const asked = new Map<string, number>();
  const next = (call: Buffer): Answer | undefined => {
    const [word, what] = Object.entries(answers).find(([name]) => call.includes(name)) ?? [];
    if (word === undefined || what === undefined) return undefined;
    const list = Array.isArray(what) ? what as readonly Answer[] : [what as Answer];
    const count = asked.get(word) ?? 0;
    asked.set(word, count + 1);
    return list[Math.min(count, list.length - 1)];
  };
  const server = createServer((socket) => {
    let kept = Buffer.alloc(0);
    let begun = false;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      kept = Buffer.concat([kept, data]);
      if (!begun) {
        const end = kept.indexOf('BEGIN\r\n');
        if (end < 0) return;
        kept = kept.subarray(end + 7);
        begun = true;
        socket.write(greeting);
      }
      for (let size = 0; kept.length >= 16; kept = kept.subarray(size)) {
        size = 16 + (kept.readUInt32LE(12) + 7 & ~7) + kept.readUInt32LE(4);
        if (kept.length < size) return;
        const call = kept.subarray(0, size);
        answer(socket, call.readUInt32LE(8), next(call));
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  return server;
}
