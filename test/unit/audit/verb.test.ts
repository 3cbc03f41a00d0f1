// The verb audit: forms of its answer, what was seen of files, what annotations accept, the exit status.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Finding } from '../../../src/audit/types.ts';
import { unmarked } from '../../support/unmarked.ts';
import type { Options, Seen } from '../../../src/generated/protocol.ts';
import { engine } from '../../support/code/both-engines.ts';
import { decodeStruct } from '../../support/code/wire.ts';
import { facts, host } from '../plan/support.ts';
import type { Config } from '../spec/config.ts';

interface Answer {
  readonly exitCode: number;
  readonly text: string;
  readonly error: string;
  readonly files: readonly { readonly path: string }[];
}

interface Json {
  readonly counts: Readonly<Record<string, number>>;
  readonly accepted: number;
  readonly findings:
    readonly (Pick<Finding, 'rule' | 'accepted'> & { line: number; pointer: string; severity: string })[];
  readonly sharedNamespaces: readonly string[];
  readonly hostObjects: readonly { readonly source: string; readonly what: string }[];
}

const hardened = readFileSync(join('test/fixtures/hardened/config.json'), 'utf8');

function ask(
  change: (c: Config) => void,
  options: Options = {},
  more: { bundle?: string; seen?: readonly Seen[] } = {},
): Answer {
  const config = JSON.parse(hardened) as Config;
  change(config);
  const request = { verb: 'audit', options, facts: { ...facts(), lsm: { apparmor: false, selinux: false } },
    configName: 'config.json', ...more } as const;
  const blobs = { config: new TextEncoder().encode(JSON.stringify(config, null, 2)) };
  const answer = decodeStruct('Response', engine(request, blobs, host())) as unknown as Answer;
  return { ...answer, text: unmarked(answer.text) };
}

const weak = (c: Config): void => {
  c.root.readonly = false;
  c.linux.namespaces.shift();
  c.mounts.push({ destination: '/d', type: 'bind', source: '/var/run/docker.sock',
    options: ['bind', 'ro', 'nosuid', 'nodev'] });
};

t.test('a hardened bundle: no findings, and status 0 whatever is asked', async (t) => {
  const { text, exitCode } = ask(() => {}, { 'fail-on': 'info' });
  t.match(text, /\nconfig\.json: no findings\n$/);
  t.equal(exitCode, 0);
});

t.test('text: each with its place, then what the container has of the host', async (t) => {
  const { text } = ask(weak);
  t.match(text,
    /^high engine-socket {2}config\.json:\d+:\d+ \(\/mounts\/6\/source\)\n {2}\/run\/docker\.sock, the socket of Docker, is in the container\n {2}why /);
  t.match(text, /of the host\n {2}\/d {2}\/run\/docker\.sock {2}read-only {2}the socket of Docker\n/);
  t.match(text, /namespaces of the host: pid\n/);
  t.match(text, /config\.json: 1 high, 1 medium, 1 low\n$/);
});

t.test('--json: counts, lines, and the tables', async (t) => {
  const json = JSON.parse(ask(weak, { json: true }).text) as Json;
  t.same(json.counts, { critical: 0, high: 1, medium: 1, low: 1, info: 0 });
  t.same(json.findings.map(({ rule, severity, pointer }) => [rule, severity, pointer]), [
    ['engine-socket', 'high', '/mounts/6/source'],
    ['host-pid', 'medium', '/linux/namespaces'],
    ['root-writable', 'low', '/root/readonly'],
  ]);
  t.ok(json.findings.every(({ line }) => line > 1));
  t.same(json.sharedNamespaces, ['pid']);
  t.same(json.hostObjects.map(({ source }) => source), ['/run/docker.sock']);
});

t.test('--fail-on: 2 from that severity on', async (t) => {
  for (const [least, status] of [['critical', 0], ['high', 2], ['low', 2]] as const)
    t.equal(ask(weak, { 'fail-on': least }).exitCode, status, least);
  t.equal(ask(weak).exitCode, 0);
});

t.test('what an annotation accepts is shown with its reason, and does not fail', async (t) => {
  const accept = (c: Config): void => {
    weak(c);
    c.annotations = { 'org.veloci.audit.ignore.engine-socket': 'a monitor',
      'org.veloci.audit.ignore.engine-socked': 'x' };
  };
  const { text, exitCode } = ask(accept, { 'fail-on': 'high' });
  t.equal(exitCode, 0);
  t.match(text, /accepted\n {2}high engine-socket .*\n {4}reason: a monitor\n/);
  t.match(text, /1 medium, 1 low, 1 accepted\n/);
  t.match(text, /audit\.ignore\.engine-socked\): there is no rule of this name\n$/);
  t.match(JSON.parse(ask(accept, { json: true }).text), { accepted: 1 });
  t.match(JSON.parse(ask(accept, { sarif: true }).text), {
    runs: [{
      results: [{ ruleId: 'engine-socket', suppressions: [{ kind: 'inSource', justification: 'a monitor' }] }],
    }],
  });
});

const directory = 0o040755, regular = 0o100755;
const good = (mode: number): Seen => ({ errno: 0, mode, uid: 0, gid: 0 });

t.test('files of hooks that others may change', async (t) => {
  const change = (c: Config): void => {
    c.hooks = { poststop: [{ path: '/opt/own/hook' }] };
  };
  const { files } = ask(change, {}, { bundle: '/srv/box' });
  const own = ['/opt/own/hook', '/opt/own', '/opt', '/', '/srv/box'];
  t.same(files[0], { path: '/srv/box/rootfs', where: 0, program: null }, 'the root of the image is the first');
  t.same(files.slice(-own.length).map(({ path }) => path), own);
  t.same(ask(change, { 'no-files': true }, { bundle: '/srv/box' }).files, []);
  const found = (seen: readonly Seen[]): unknown =>
    (JSON.parse(ask(change, { json: true }, { bundle: '/srv/box', seen }).text) as Json).findings.map((
      { rule, pointer },
    ) => `${rule} ${pointer}`);
  const before = files.length - own.length;
  const fine = files.map((_, index) => good(index === before ? regular : directory));
  t.same(found(fine), ['hook-host /hooks/poststop/0/path']);
  const other = (index: number, seen: Seen): Seen[] => fine.map((entry, at) => (at === before + index ? seen : entry));
  const writable = ['hook-writable /hooks/poststop/0/path', 'hook-host /hooks/poststop/0/path'];
  t.same(found(other(0, { ...good(0o100757) })), writable, 'all may write');
  t.same(found(other(0, { ...good(regular), uid: 1000 })), writable, 'another owner');
  t.same(found(other(1, { ...good(0o040775), gid: 100 })), writable, 'a group');
  t.same(found(other(1, { ...good(0o040775) })), ['hook-host /hooks/poststop/0/path'], 'the group of root');
  t.same(found(other(2, { ...good(0o041777) })), ['hook-host /hooks/poststop/0/path'], 'a sticky directory');
  t.same(found(other(0, { errno: 2, mode: 0 })), ['hook-host /hooks/poststop/0/path'], 'nothing there');
  t.same(found(other(4, { ...good(0o040777) })), ['bundle-writable ', 'hook-host /hooks/poststop/0/path']);
});

t.test('a configuration that is not one is an error; one that validate refuses is audited', async (t) => {
  t.match(ask((c) => {
    c.mounts = 'none';
  }).error, /^E0301: /);
  t.match(ask((c) => {
    c.process.cwd = 'tmp';
    c.linux.sysctl = { 'vm.x': '1' };
  }).text, /high sysctl-host/);
});

t.test('explain says what a rule is', async (t) => {
  const request = { verb: 'explain', options: {}, operands: ['Engine-Socket'], facts: facts() } as const;
  const { text } = decodeStruct('Response',
    engine(request, { config: readFileSync('src/generated/explain.json') }, host())) as unknown as Answer;
  t.match(unmarked(text),
    /^engine-socket \(severity critical; in a user namespace: high\)\n\n {2}SOURCE, the socket of NAME/);
});
