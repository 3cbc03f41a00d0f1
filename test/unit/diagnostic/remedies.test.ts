// What a finding of the schema tells to do: by the value that was written, and by its place.
import { test } from 'tap';
import { renderLine } from '../../../src/diagnostic/render.ts';
import { plainHost } from '../../support/code/plain-host.ts';
import { readConfig } from '../../../src/spec/read.ts';
import { suggest } from '../../../src/spec/suggest.ts';
import { textOf, validConfig, type Config } from '../spec/config.ts';

const host = plainHost();
const find = (bytes: Uint8Array): ReturnType<typeof readConfig>['diagnostics'] =>
  readConfig(bytes, host, 'config.json').diagnostics;

/** A property by its pointer, what is written there (undefined: nothing), and what the finding says to do. */
const values: [pointer: string, value: unknown, hint: string][] = [
  ['/root', 'rootfs', 'for example { "path": "rootfs" }'],
  ['/process/args', 'sleep 100', 'write ["sleep","100"]'],
  ['/process/env', { A: 'b' }, 'write a list such as ["PATH=/bin", "HOME=/root"]'],
  ['/process/env/0', 5, 'write "5" in quotes'],
  ['/process/user', 'root', 'for example { "uid": 0, "gid": 0 }'],
  ['/process/user/uid', 'root', 'write the number of the user or group: names are not looked up'],
  ['/process/user/gid', '10', 'write 10 without quotes'],
  ['/process/user/umask', '022', 'write 18: JSON numbers are decimal, and octal 022 is that'],
  ['/process/user/umask', 1000, 'it must be at most 511, which is octal 0777 (JSON numbers are decimal)'],
  ['/process/terminal', 'True', 'write true without quotes'],
  ['/process/terminal', 'no', 'write true or false, without quotes'],
  ['/process/rlimits/0/soft', 'unlimited', 'write 18446744073709551615 for no limit'],
  ['/process/rlimits/0/type', 'NOFILE', 'the nearest known name is "RLIMIT_NOFILE"'],
  ['/process/rlimits/0/hard', undefined, 'add "hard": 1024, or what it should be'],
  ['/process/cwd', ['/'], 'write one string in quotes'],
  ['/mounts/0/options', 'nosuid,ro', 'write ["nosuid","ro"]'],
  ['/mounts', {}, 'put it in brackets: [ { ... } ]'],
  ['/mounts/0/destination', undefined, 'add "destination": "/data", or what it should be'],
  ['/linux/namespaces/0', 'pid', 'for example { "type": "pid" }'],
  ['/linux/namespaces/0/type', 'net', 'the nearest known name is "network"'],
  ['/linux/namespaces/0/type', 'mnt', 'the nearest known name is "mount"'],
  ['/linux/devices/0/type', 'z', 'it must be one of c, b, u, p'],
  ['/linux/devices/0/fileMode', '0666', 'write 438: JSON numbers are decimal, and octal 0666 is that'],
  ['/linux/resources/memory/limit', '512m', 'write 536870912: a number of bytes, without quotes and unit'],
  ['/linux/resources/memory/limit', 'max', 'write -1 for no limit'],
  ['/linux/resources/pids', 100, 'for example { "limit": 100 }'],
  ['/linux/seccomp/defaultAction', 'allow', 'the nearest known name is "SCMP_ACT_ALLOW"'],
  ['/linux/seccomp/architectures', ['amd64'], 'the nearest known name is "SCMP_ARCH_X86_64"'],
  ['/hooks/poststop/0/timeout', '5s', 'write 5, without quotes and unit'],
  ['/process/ioPriority', { class: 'IOPRIO_CLASS_HIGH', priority: 0 },
    'it must be one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE'],
];

for (const [pointer, value, hint] of values) {
  void test(`${pointer} = ${JSON.stringify(value)}`, (t) => {
    const config = validConfig();
    const path = pointer.split('/').slice(1);
    const last = path.pop()!;
    let parent: Config = config;
    for (const key of path) parent = parent[key] as Config;
    if (value === undefined) delete parent[last];
    else parent[last] = value;
    const found = find(new TextEncoder().encode(textOf(config)));
    t.ok(
      found.some((finding) =>
        finding.hint === hint && (finding.at?.line ?? 0) > 0 &&
        (finding.at?.pointer.startsWith(pointer.slice(0, pointer.lastIndexOf('/'))) ?? false)
      ),
      found.map(renderLine).join(' | '),
    );
    t.end();
  });
}

void test('a key that is nearly the one that is missing', (t) => {
  const config = validConfig();
  config.linux.uidMappings = [{ containerId: 0, hostID: 1, size: 1 }];
  const [first] = find(new TextEncoder().encode(textOf(config)));
  t.same([first?.code, first?.hint], ['E0302', 'rename "containerId" to "containerID"']);
  t.end();
});

/** Text that is no JSON: code, place, hint. */
const texts: [text: string, code: string, place: string, hint: RegExp][] = [
  ['{"a": \'b\'}', 'E0212', '1:7 /a', /double quotes/],
  ["{'a': 1}", 'E0212', '1:2 ', /double quotes/],
  ['{"a": “b”}', 'E0212', '1:7 /a', /double quotes/],
  ['{// x\n"a": 1}', 'E0212', '1:2 ', /no comments/],
  ['# x\n{}', 'E0212', '1:1 ', /no comments/],
  ['{"a": True}', 'E0212', '1:7 /a', /lower case/],
  ['{"a": NaN}', 'E0212', '1:7 /a', /no NaN/],
  ['{"a": +1}', 'E0212', '1:7 /a', /begin a number/],
  ['{"a": 1; "b": 2}', 'E0212', '1:8 /a', /write "," instead/],
  ['<!DOCTYPE html>', 'E0212', '1:1 ', /HTML/],
  ['ociVersion: 1.0.2\n', 'E0212', '1:1 ', /a value is/],
  ['{\u0000"\u0000', 'E0212', '1:2 ', /UTF-16/],
  ['{} }', 'E0213', '1:4 ', /too many/],
  ['', 'E0211', '1:1 ', /veloci spec/],
  ['{"a": [1,', 'E0222', '1:10 /a/1', /cut off/],
];

for (const [text, code, place, hint] of texts) {
  void test(`not JSON: ${JSON.stringify(text)}`, (t) => {
    const [first] = find(new TextEncoder().encode(text));
    t.same([first?.code, `${first?.at?.line}:${first?.at?.column} ${first?.at?.pointer}`], [code, place]);
    t.match(first?.hint, hint);
    t.end();
  });
}

void test('bytes that are not UTF-8 are told by line, column and pointer', (t) => {
  const bytes = Buffer.concat([Buffer.from('{"x": 1,\n "a": ["ä\u{1f600}'), Buffer.from([0xff]), Buffer.from('"]}')]);
  const [bad] = find(bytes);
  t.same([bad?.code, bad?.at?.line, bad?.at?.column, bad?.at?.pointer], ['E0210', 2, 12, '/a/0']);
  const [wide] = find(Buffer.from('\ufeff{}', 'utf16le'));
  t.match(wide?.hint, /UTF-16/);
  t.end();
});

void test('what all names begin with does not count for a suggestion', (t) => {
  const classes = ['IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE'];
  t.equal(suggest('IOPRIO_CLASS_IDEL', classes), 'IOPRIO_CLASS_IDLE');
  t.equal(suggest('idle', classes), 'IOPRIO_CLASS_IDLE');
  t.equal(suggest('IOPRIO_CLASS_HIGH', classes), undefined);
  t.equal(suggest('IOPRIO_CLASS_', classes), undefined);
  t.equal(suggest('z', ['c', 'b']), undefined);
  t.equal(suggest('mkdri', ['_llseek', '_newselect', 'mkdir']), 'mkdir', 'names that begin with a line');
  t.equal(suggest('dest', ['destination', 'source']), 'destination', 'the only name that begins so');
  t.equal(suggest('create', ['createRuntime', 'createContainer']), undefined, 'two names begin so');
  t.end();
});
