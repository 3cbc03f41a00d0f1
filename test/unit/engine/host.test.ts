import { randomBytes } from 'node:crypto';
import { test } from 'tap';
import type { Host, SeccompRules } from '../../../src/engine/protocol.ts';
import { hostFacts, nodeHost } from '../../../src/host/node.ts';
import { plainHost } from '../../support/code/plain-host.ts';

const hosts: [string, Host][] = [['plain', plainHost()], ['node', nodeHost()]];
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

for (const [name, host] of hosts) {
  void test(`${name}: scan finds what needs the exact parser`, (t) => {
    const plain = [
      '',
      '{}',
      '{"a":1}',
      '[123456789012345]',
      '[-1]',
      '[0]',
      '"1.5e3"',
      '"12345678901234567890"',
      '"a\\n\\"\\\\\\/"',
      '"_proto_"',
      `${'['.repeat(64)}${']'.repeat(64)}`,
      '"ü😀"',
      '"[[["',
    ];
    const exact = [
      '[1.0]',
      '[1e3]',
      '[1E3]',
      '[1234567890123456]',
      '[012]',
      '[-01]',
      '["\\u0041"]',
      '"\\x41"',
      '"\\v"',
      '"\\\'"',
      '"\\q"',
      '"\\ü"',
      '"a\nb"',
      '"\t"',
      '"a\0"',
      '\0',
      '{"__proto__":1}',
      '"x__proto__"',
      `${'['.repeat(65)}${']'.repeat(65)}`,
    ];
    for (const text of plain) t.equal(host.scan(encode(text)).plain, true, text);
    for (const text of exact) t.equal(host.scan(encode(text)).plain, false, JSON.stringify(text));
    t.match(host.scan(encode('{"a:":{"b":[":"]},"\\":":1}')), { text: '{"a:":{"b":[":"]},"\\":":1}', members: 3,
      plain: true });
    t.end();
  });

  void test(`${name}: scan refuses bytes that are not UTF-8`, (t) => {
    const cases: [number[], number][] = [
      [[0x22, 0x80, 0x22], 1],
      [[0xc0, 0x80], 0],
      [[0xc1, 0xbf], 0],
      [[0xe0, 0x9f, 0xbf], 0],
      [[0xed, 0xa0, 0x80], 0],
      [[0xf0, 0x8f, 0xbf, 0xbf], 0],
      [[0xf4, 0x90, 0x80, 0x80], 0],
      [[0xf5, 0x80, 0x80, 0x80], 0],
      [[0x61, 0xe2, 0x82], 1],
      [[0xc3], 0],
      [[0xc3, 0x28], 0],
      [[0x22, 0x5c, 0xff], 2],
    ];
    for (const [bytes, badByte] of cases) {
      t.match(host.scan(Uint8Array.from(bytes)), { badByte, plain: false, members: 0, text: undefined }, String(bytes));
    }
    t.end();
  });

  void test(`${name}: sha256 of UTF-8`, (t) => {
    t.equal(host.sha256(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    t.equal(host.sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    t.equal(host.sha256('\ud800'), host.sha256('\ufffd'), 'a lone surrogate');
    t.end();
  });

  void test(`${name}: the writer writes little-endian values`, (t) => {
    const writer = host.writer();
    writer.u8(0x1ff);
    writer.u16(0x1234);
    writer.u32(0xfffffffe);
    writer.i32(-2);
    writer.u64(2 ** 53 - 1);
    writer.u64(2n ** 64n - 1n);
    writer.str('aü');
    writer.bytes(Uint8Array.of(7, 8));
    writer.raw(Uint8Array.of(9));
    t.equal(writer.length(), 42);
    writer.patchU32(3, 5);
    t.throws(() => writer.patchU32(39, 1), RangeError);
    t.throws(() => writer.str('a\0b'), RangeError);
    t.equal(
      Buffer.from(writer.finish()).toString('hex'),
      'ff' + '3412' + '05000000' + 'feffffff' + 'ffffffffffff1f00' + 'ffffffffffffffff' + '03000000' + '61c3bc00' +
        '02000000'
        + '0708' + '09',
    );
    t.equal(writer.length(), 0);
    t.end();
  });
}

void test('native scan, sha256 and TypeScript agree on random texts', (t) => {
  const [plain, node] = hosts.map(([, host]) => host) as [Host, Host];
  const pieces = ['"', '\\', '{', '[', ']', ':', '1', '0', '9999999', '.', 'e', '_', '__proto__', 'u', 'ü', '€', '😀',
    '\0', '\n', ' '];
  for (let round = 0; round < 3000; round += 1) {
    const choice = randomBytes(40);
    const text = [...choice].map((byte) => pieces[byte % pieces.length]).join('');
    const bytes = encode(text);
    if (round % 3 === 0) bytes[(choice[0] as number) % bytes.length] = choice[1] as number;
    const [a, b] = [plain.scan(bytes), node.scan(bytes)];
    if (JSON.stringify(a) !== JSON.stringify(b)) t.same(b, a, `scan of ${Buffer.from(bytes).toString('hex')}`);
  }
  for (let size = 0; size < 200; size += 1) t.equal(node.sha256('x'.repeat(size)), plain.sha256('x'.repeat(size)));
  t.end();
});

void test('a seccomp filter', (t) => {
  const [, host] = hosts[1] as [string, Host];
  const rules: SeccompRules = {
    newerMissing: false,
    strictNames: false,
    defaultAction: 0x50001,
    architectures: ['x86_64', 'x86', 'x32'],
    rules: [
      { name: 'read', action: 0x7fff0000, args: [] },
      { name: 'read', action: 0x7fff0000, args: [] },
      { name: 'no_such_call', action: 0x7fff0000, args: [] },
      { name: 'write', action: 0x50001, args: [] },
      { name: 'personality', action: 0x7fff0000, args: [{ index: 0, op: 4, value: 2n ** 64n - 1n, valueTwo: 0 }] },
    ],
  };
  const program = host.seccomp(rules);
  t.ok(program.length > 0 && program.length % 8 === 0, `${program.length} bytes`);
  t.same(host.seccomp(rules), program, 'the same rules give the same program');
  t.same(host.seccomp({ ...rules, architectures: [...rules.architectures, 'vax', 's390x'] }), program,
    'what makes no calls here is left out');
  t.throws(() => host.seccomp({ ...rules, strictNames: true }), /unknown system call no_such_call/);
  const patched = host.seccomp({ ...rules, newerMissing: true });
  // One load; a comparison, load, test of x32, two tests, return and jump for x86-64; five for x86.
  t.equal(patched.length - program.length, (1 + 7 + 5) * 8);
  t.same(patched.subarray(patched.length - program.length), program);
  t.equal(host.syscallNumber('no_such_call'), -1);
  t.ok(host.syscallNumber('read') >= 0);
  t.end();
});

void test('facts about this host', (t) => {
  const facts = hostFacts();
  t.match(facts, { euid: process.geteuid?.(), egid: process.getegid?.(), cwd: process.cwd(), seccompCache: [],
    listenFds: 0 });
  t.match(facts.kernel, /^\d+\.\d+/);
  t.ok(facts.lastCap >= 39 && facts.lastCap < 64);
  t.ok(['v1', 'v2', 'hybrid', 'none'].includes(facts.cgroup.mode));
  t.ok(
    facts.cgroup.v1.every(({ controllers, mount, path }) =>
      controllers !== '' && mount.startsWith('/') && path.startsWith('/')
    ),
  );
  t.end();
});
