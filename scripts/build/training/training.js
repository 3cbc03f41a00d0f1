// What the engine does, in small: tables, a parser by character codes, checks, a plan, its bytes. The build profiles
// QuickJS with it (training.c); its result does not matter, the mix of operations does.
'use strict';
(() => {
  const digits = new RegExp('^[0-9]+$');
  const table = Object.freeze(
    Object.fromEntries(
      Array.from({ length: 120 }, (_, index) => [
        `op.${index}`,
        { code: index, steps: ['open', 'mount', 'move'], fields: [{ name: 'path', wire: 'str' }, { name: 'flags', wire: 'u32' }] },
      ]),
    ),
  );

  class ParseError extends Error {
    constructor(message, at) {
      super(message);
      this.at = at;
    }
  }

  class Parser {
    #text;
    #at = 0;

    constructor(text) {
      this.#text = text;
    }

    value(depth) {
      if (depth > 64) throw new ParseError('too deep', this.#at);
      this.#blanks();
      const code = this.#text.charCodeAt(this.#at);
      switch (code) {
        case 0x7b:
          return this.#object(depth);
        case 0x5b:
          return this.#array(depth);
        case 0x22:
          return this.#string();
        default:
          return this.#word();
      }
    }

    #blanks() {
      for (;;) {
        const code = this.#text.charCodeAt(this.#at);
        if (code !== 0x20 && code !== 0x0a && code !== 0x09 && code !== 0x0d) return;
        this.#at += 1;
      }
    }

    #object(depth) {
      const result = Object.create(null);
      this.#at += 1;
      this.#blanks();
      if (this.#text.charCodeAt(this.#at) === 0x7d) return (this.#at += 1), result;
      for (;;) {
        this.#blanks();
        const key = this.#string();
        if (key in result) throw new ParseError(`duplicate ${key}`, this.#at);
        this.#blanks();
        this.#at += 1;
        result[key] = this.value(depth + 1);
        this.#blanks();
        if (this.#text.charCodeAt(this.#at++) === 0x7d) return result;
      }
    }

    #array(depth) {
      const result = [];
      this.#at += 1;
      this.#blanks();
      if (this.#text.charCodeAt(this.#at) === 0x5d) return (this.#at += 1), result;
      for (;;) {
        result.push(this.value(depth + 1));
        this.#blanks();
        if (this.#text.charCodeAt(this.#at++) === 0x5d) return result;
      }
    }

    #string() {
      const start = (this.#at += 1);
      let plain = true;
      for (;;) {
        const code = this.#text.charCodeAt(this.#at);
        if (code === 0x22) break;
        if (code === 0x5c) plain = false;
        this.#at += code === 0x5c ? 2 : 1;
      }
      const raw = this.#text.slice(start, this.#at++);
      return plain ? raw : JSON.parse(`"${raw}"`);
    }

    #word() {
      const start = this.#at;
      while (!',]} \n'.includes(this.#text[this.#at])) this.#at += 1;
      const word = this.#text.slice(start, this.#at);
      if (word === 'true' || word === 'false') return word === 'true';
      if (word === 'null') return null;
      if (!digits.test(word)) return Number(word);
      const exact = BigInt(word);
      return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
    }
  }

  function check(value, pointer, problems) {
    if (typeof value === 'string') {
      if (value.length > 4096 || value.includes('\0')) problems.push({ pointer, message: 'bad string' });
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => check(item, `${pointer}/${index}`, problems));
    } else if (value !== null && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) {
        check(item, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, problems);
      }
    } else if (typeof value === 'number' && !Number.isInteger(value)) {
      problems.push({ pointer, message: `${value} is no integer` });
    }
    return problems;
  }

  const mountFlags = new Map([['nosuid', 2], ['nodev', 4], ['noexec', 8], ['ro', 1], ['relatime', 1 << 21]]);

  function compile(spec) {
    const mounts = spec.mounts.map((mount, index) => {
      let flags = 0;
      const data = [];
      for (const option of mount.options ?? []) {
        const flag = mountFlags.get(option);
        if (flag === undefined) data.push(option.split('=', 2));
        else flags |= flag;
      }
      return { op: `op.${index % 120}`, from: `/mounts/${index}`, path: mount.destination, flags: flags >>> 0, data };
    });
    const syscalls = [...new Set(spec.syscalls.flatMap(({ names }) => names))].sort();
    const names = syscalls.map((path) => ({ op: 'op.7', from: '/syscalls', path, flags: 0, data: [] }));
    return [...mounts, ...names].filter(({ path }) => path.startsWith('/') || path.length > 0);
  }

  class Writer {
    #bytes = new Uint8Array(1 << 16);
    #view = new DataView(this.#bytes.buffer);
    #at = 0;

    u32(value) {
      this.#view.setUint32(this.#at, value, true);
      this.#at += 4;
    }

    str(text) {
      this.u32(text.length);
      for (let index = 0; index < text.length; index += 1) this.#bytes[this.#at++] = text.charCodeAt(index);
      this.#bytes[this.#at++] = 0;
    }

    finish() {
      return this.#bytes.slice(0, this.#at);
    }
  }

  function encode(plan) {
    const writer = new Writer();
    for (const operation of plan) {
      const { code, fields } = table[operation.op];
      writer.u32(code);
      for (const { name, wire } of fields) {
        if (wire === 'str') writer.str(operation[name]);
        else writer.u32(operation[name]);
      }
      for (const [key, value = ''] of operation.data) writer.str(`${key}=${value}`);
    }
    return writer.finish();
  }

  const text = JSON.stringify(
    {
      ociVersion: '1.2.0',
      process: { args: ['sh', '-c', 'echo "hello"\n'], env: ['PATH=/bin:/usr/bin', 'TERM=xterm'], user: { uid: 0, gid: 0 } },
      mounts: Array.from({ length: 30 }, (_, index) => ({
        destination: `/proc/${index}`,
        type: 'tmpfs',
        options: ['nosuid', 'nodev', 'noexec', 'mode=755', `size=${index * 1024}k`],
      })),
      syscalls: [{ names: Array.from({ length: 370 }, (_, index) => `call_${index * 7919 % 370}`), action: 'allow', limit: 2147483648 }],
      linux: { resources: { memory: { limit: 9007199254740991 }, cpu: { shares: 1024, cpus: '0-3' }, empty: {}, none: [] } },
    },
    undefined,
    2,
  );
  const spec = new Parser(text).value(0);
  const problems = check(spec, '', []);
  const bytes = encode(compile(spec));
  try {
    new Parser('['.repeat(70)).value(0);
  } catch (error) {
    problems.push({ pointer: '', message: `${error.message} at ${error.at}` });
  }
  const answer = JSON.stringify({ problems, length: bytes.length, spec: JSON.parse(text) });
  if (problems.length !== 1 || answer.length < 1000) throw new Error(`unexpected: ${answer.slice(0, 200)}`);
})();
