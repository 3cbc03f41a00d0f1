// The archive for a bug report: its form, and that no secret is in it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { archiveOf, type EntryName } from '../../../src/capture/archive.ts';
import { isSecretName } from '../../../src/capture/secret-names.ts';
import { redactText } from '../../../src/capture/secret-texts.ts';
import { replaceScalars } from '../../../src/capture/strings.ts';
import type { Captured, Request } from '../../../src/generated/protocol.ts';
import { engine } from '../../support/code/both-engines.ts';
import { decodeStruct } from '../../support/code/wire.ts';
import { facts, host } from '../plan/support.ts';

const encoder = new TextEncoder();
const defaultConfig = readFileSync(join('test/fixtures/hardened/config.json'), 'utf8');

interface Answer {
  readonly stored?: Buffer;
  readonly error: string;
  readonly files: readonly { readonly path: string }[];
}

function ask(config: string, more: Partial<Request> = {}): Answer {
  const request: Request = { verb: 'capture', options: {}, facts: facts(), bundle: '/srv/web',
    configName: 'config.json', ...more };
  const answer = decodeStruct('Response', engine(request, { config: encoder.encode(config) }, host()));
  const { stored, ...rest } = answer as unknown as Omit<Answer, 'stored'> & { stored: string | null };
  return { ...rest, ...(stored === null ? {} : { stored: Buffer.from(stored, 'hex') }) };
}

/** Files of an archive by their names, as tar(1) reads them. */
function filesOf(archive: Uint8Array): Map<string, string> {
  const run = (...options: string[]): string =>
    execFileSync('tar', options, { input: archive, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 1 << 24 });
  const names = run('tf', '-').trimEnd().split('\n');
  return new Map(names.map((name) => [name.replace('veloci-capture/', ''), run('xOf', '-', name)]));
}

const printed = (name: string, text: string, more: Partial<Captured> = {}): Captured => ({ name, text, error: '',
  status: 0, cut: false, ...more });

const pem =
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAsecretlineone\nMIIEsecretlinetwoabc\n-----END RSA PRIVATE KEY-----';

/** Where a secret stands in a configuration, and what must not be seen of it. */
const secrets: readonly (readonly [secret: string, change: (c: Spec) => void])[] = [
  ['hunter2pw', (c) => env(c, 'DB_PASSWORD=hunter2pw')],
  ['value-of-any-variable', (c) => env(c, 'COLOUR=value-of-any-variable')],
  ['with=equals=and spaces', (c) => env(c, 'GREETING=with=equals=and spaces')],
  ['pw4dburl', (c) => env(c, 'DATABASE_URL=postgres://app:pw4dburl@db/app')],
  ['MIIEsecretlinetwoabc', (c) => env(c, `TLS_KEY=${pem}`)],
  ['quoted"and\\escaped', (c) => env(c, 'MOTTO=quoted"and\\escaped')],
  ['tökén-ünïcode', (c) => env(c, 'API_TOKEN=tökén-ünïcode')],
  ['abcd', (c) => env(c, 'PIN=abcd')],
  ['argtoken1', (c) => args(c, '--api-token=argtoken1')],
  ['argtoken2', (c) => args(c, '--auth-token', 'argtoken2')],
  ['argpass3', (c) => args(c, '--db.password=argpass3')],
  ['argpass4', (c) => args(c, '-password', 'argpass4')],
  ['curlpass5', (c) => args(c, '-u', 'admin:curlpass5')],
  ['bearer6value', (c) => args(c, '-H', 'Authorization: Bearer bearer6value')],
  ['shellpass7', (c) => args(c, 'export PGPASSWORD=shellpass7; exec app')],
  ['shell pass eight', (c) => args(c, 'SECRET="shell pass eight" app')],
  ['urlpass9', (c) => args(c, 'https://user:urlpass9@host.example/path')],
  ['url@pass10', (c) => args(c, 'amqp://user:url@pass10@host.example/')],
  ['querytoken11', (c) => args(c, 'https://host.example/hook?access_token=querytoken11&x=1')],
  ['ghp_16C7e42F292c6912E7710c838347Ae178B4a', (c) => args(c, 'ghp_16C7e42F292c6912E7710c838347Ae178B4a')],
  ['AKIAIOSFODNN7EXAMPLE', (c) => args(c, 'AKIAIOSFODNN7EXAMPLE')],
  ['wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12', (c) => args(c, 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12')],
  ['jsonpass12', (c) => args(c, '{"user":"u","password":"jsonpass12"}')],
  ['jsonpass13', (c) => args(c, 'run --config {"password":"jsonpass13"}')],
  ['annotation14', (c) => note(c, 'com.example.db-password', 'annotation14')],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    (c) => note(c, 'com.example.note', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl')],
  ['applied15',
    (c) =>
      note(c, 'kubectl.kubernetes.io/last-applied-configuration',
        '{"spec":{"env":[{"name":"PLAIN","value":"applied15"}]}}')],
  ['mountpass16', (c) => mount(c, 'username=app,password=mountpass16')],
  ['mountpass17', (c) => mount(c, 'pass=mountpass17')],
  ['hookenv18', (c) => hook(c, { env: ['HOOK=hookenv18'] })],
  ['hookarg19', (c) => hook(c, { args: ['hook', '--secret=hookarg19'] })],
  ['unknown20', (c) => Object.assign(c, { 'com.example': { clientSecret: 'unknown20' } })],
  ['unknown21', (c) => Object.assign(c, { 'com.example.list': { tokens: ['unknown21'] } })],
  ['98765432109', (c) => Object.assign(c, { 'com.example.number': { password: 98765432109 } })],
];

interface Spec {
  process: { env: string[]; args: string[] };
  annotations?: Record<string, string>;
  mounts: object[];
  hooks?: { poststop: object[] };
}

const env = (c: Spec, entry: string): unknown => c.process.env.push(entry);
const args = (c: Spec, ...words: string[]): unknown => c.process.args.push(...words);
const note = (c: Spec, key: string, value: string): unknown => (c.annotations = { ...c.annotations, [key]: value });
const mount = (c: Spec, option: string): unknown =>
  c.mounts.push({ destination: `/mnt/${c.mounts.length}`, type: 'cifs', source: '//host/share', options: [option] });
const hook = (c: Spec, more: object): unknown => {
  c.hooks ??= { poststop: [] };
  return c.hooks.poststop.push({ path: '/bin/true', ...more });
};

/** A configuration with all of them, on one line as engines write it, or on many. */
function planted(indentation?: number): string {
  const config = JSON.parse(defaultConfig) as Spec;
  config.process.env ??= [];
  for (const [, change] of secrets) change(config);
  return JSON.stringify(config, null, indentation);
}

const forms = (secret: string): string[] => [secret, JSON.stringify(secret).slice(1, -1)];

/** What other commands print when a value slips into them. */
function leaky(): Captured[] {
  const words = secrets.map(([secret]) => `it was ${secret}.`).join('\n');
  return [
    printed('why', JSON.stringify({ log: secrets.map(([secret]) => secret) })),
    printed('state', JSON.stringify({ annotations: { a: secrets.map(([secret]) => secret).join(' ') } }, null, 2)),
    printed('diff', JSON.stringify({
      differences: [{ pointer: '/process/env/0', declared: 'A=1', running: 'A=other22' }, { pointer: '/linux/x',
        declared: '64 MiB', running: '128 MiB' }],
    })),
    printed('doctor', 'ok\n'),
    printed('features', '{}'),
    printed('version', 'veloci version 1\n'),
    printed('/var/log/veloci', `${words}\ncut off: ${pem.slice(0, 60)}...\nlog_token=fromlog23\n`),
    printed('/srv/web/config.json', planted(2).replace('COLOUR=value-of', 'COLOUR=other-value-of')),
  ];
}

t.test(`redaction: ${secrets.length} secrets, and none in the archive`, (t) => {
  t.ok(secrets.length >= 25);
  for (const indentation of [undefined, 2]) {
    const { stored, error } = ask(planted(indentation), { id: 'web1', options: { log: '/var/log/veloci' },
      captured: leaky(),
      timing: { phases: [{ name: 'begin', time: 0 }, { name: 'planned', time: 1000 }, { name: 'created', time: 2000 }],
        stamps: [], lost: 0, epoch: 0 } });
    t.equal(error, '');
    const files = filesOf(stored!);
    const all = Buffer.from(stored!).toString();
    for (const [secret] of [...secrets, ['other22'], ['fromlog23'], ['other-value-of']] as const) {
      for (const form of forms(secret)) {
        const where = [...files].filter(([, text]) => text.includes(form)).map(([name]) => name).join(' ');
        t.equal(where, '', `${secret} in no file`);
        t.notOk(all.includes(form));
      }
    }
    t.same([...files.keys()].slice(0, 3), ['README.txt', 'applied.json', 'config.json']);
    // What is no secret is still there.
    const applied = files.get('applied.json')!;
    for (const plain of ['DB_PASSWORD=[redacted]', '--api-token=[redacted]', 'admin:[redacted]', '//host/share',
      'https://user:[redacted]@host.example/path', 'com.example.db-password'])
      t.ok(applied.includes(plain), plain);
    t.ok(files.get('plan.txt')!.includes('DB_PASSWORD=[redacted]'));
    t.match(files.get('timeline.txt'), /^create: /m);
    t.match(files.get('diff.json'), '128 MiB');
    for (const name of ['applied.json', 'config.json', 'plan.json', 'state.json', 'diff.json', 'why.json',
      'request.json'])
      t.doesNotThrow(() => JSON.parse(files.get(name)!), `${name} is JSON still`);
  }
  t.end();
});

t.test('the secrets are in what is captured: the test above can fail', (t) => {
  const config = planted();
  for (const [secret] of secrets) t.ok(forms(secret).some((form) => config.includes(form)), secret);
  t.end();
});

t.test('lines of a configuration stay where they were', (t) => {
  const config = planted(2);
  const files = filesOf(ask(config, { captured: [printed('version', '')] }).stored!);
  const own = files.get('config.json')!.split('\n'), before = config.split('\n');
  t.equal(own.length, before.length);
  t.same(own.map((line) => /^ *"\w+":/.exec(line)?.[0]), before.map((line) => /^ *"\w+":/.exec(line)?.[0]));
  t.end();
});

t.test('a tar that tar(1) takes, and the same bytes twice', (t) => {
  const captured = [printed('version', 'veloci version 1\n'), printed('doctor', 'ok\n'), printed('features', '{}')];
  const first = ask(defaultConfig, { captured }).stored!;
  t.same(ask(defaultConfig, { captured }).stored, first);
  t.equal(first.length % 512, 0);
  const listed = execFileSync('tar', ['tvf', '-', '--numeric-owner', '--utc'], { input: first, encoding: 'utf8' });
  const lines = listed.trimEnd().split('\n');
  for (const line of lines) t.match(line, /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 veloci-capture\/[a-z.]+$/i);
  const names = lines.map((line) => line.split('/').pop()!);
  t.equal(names[0], 'README.txt');
  t.same(names.slice(1), names.slice(1).sort());
  const readme = filesOf(first).get('README.txt')!;
  for (const name of names.slice(1)) t.match(readme, `  ${name} `);
  t.match(readme, /Left out:\n {2}diff\.json +a bundle has none\n/);
  t.end();
});

/** The compiler names one that is missing here. */
const everyName: Readonly<Record<EntryName, true>> = {
  'applied.json': true,
  'config.json': true,
  'diff.json': true,
  'doctor.txt': true,
  'features.json': true,
  'log.txt': true,
  'plan.json': true,
  'plan.txt': true,
  'request.json': true,
  'state.json': true,
  'timeline.txt': true,
  'validate.txt': true,
  'version.txt': true,
  'why.json': true,
};

t.test('below a megabyte, whatever there is; what is cut says so', (t) => {
  const long = `${'line with ümlauts\n'.repeat(100000)}`;
  const contents = new Map((Object.keys(everyName) as EntryName[]).map((name) => [name, { text: long }] as const));
  const archive = archiveOf('everything', contents);
  t.ok(archive.length < 1_000_000, `${archive.length} bytes`);
  for (const [name, text] of filesOf(archive)) {
    if (name === 'README.txt') continue;
    t.match(text, new RegExp(`\\n\\[cut: the rest of ${long.length} characters is left out\\]\\n$`));
    t.notMatch(text, /\ufffd/);
  }
  const oneLine = archiveOf('one', new Map([['log.txt', { text: 'ü'.repeat(100000) }]]));
  t.match(filesOf(oneLine).get('log.txt'), /^ü+\n\[cut: /);
  t.end();
});

t.test('what cannot be read is said in its file', (t) => {
  const broken = filesOf(ask('{"process": {"env": ["A=brokensecret"]', { id: 'web1', captured: [
    printed('state', '', { error: 'error: E0610: damaged\n', status: 1 }),
    printed('/srv/web/config.json', '', { error: 'No such file or directory' }),
  ] }).stored!);
  t.match(broken.get('applied.json'), /^\[left out: it is no JSON object/);
  t.match(broken.get('validate.txt'), /^E02\d\d in line 1, column \d+ /);
  t.match(broken.get('state.json'),
    /^\[veloci state ended with status 1 and printed nothing but:\]\nerror: E0610: damaged\n$/);
  t.match(broken.get('config.json'), /cannot be read: \/srv\/web\/config\.json: No such file or directory/);
  t.notOk([...broken.values()].some((text) => text.includes('brokensecret')));
  const lost = filesOf(
    ask('', { id: 'web1', captured: [printed('kept', '', { error: 'No such file or directory', status: 1 })] }).stored!,
  );
  t.match(lost.get('applied.json'), /cannot be read: what the container was created from: No such file/);
  t.match(lost.get('README.txt'), /plan\.txt +there is no configuration that can be compiled here/);
  const large = filesOf(ask(`{"com.example":"${'large'.repeat(500000)}"}`, { captured: [] }).stored!);
  t.match(large.get('config.json'), /^\[left out: it is larger than 2 MiB\]$/m);
  t.notOk(large.has('plan.txt'));
  t.end();
});

t.test('the first answer names the files to read', (t) => {
  const { files } = ask(defaultConfig, { id: 'web1', options: { log: '/var/log/veloci' } });
  t.same(files.map(({ path }) => path), ['/srv/web/config.json', '/var/log/veloci']);
  t.same(ask(defaultConfig).files, []);
  t.end();
});

t.test('names of secrets, and others', (t) => {
  for (const name of ['PGPASSWORD', 'apiKey', 'x-auth', 'SSH_KEY', 'dbPass', 'aws.secretAccessKey', 'GITHUB_TOKEN',
    '--pin'])
    t.ok(isSecretName(name), name);
  for (const name of ['author', 'monkey', 'compass', 'spinning', 'keyring', 'annotations', 'path', 'PIDS', 'bypass'])
    t.notOk(isSecretName(name), name);
  t.end();
});

t.test('hostile texts take no time', (t) => {
  const size = 200_000;
  for (const part of ['a=', 'a', 'a-', '"a\\', 'eyJa-', 'a://b:', '-a', 'token="', "token='\\", 'token=a',
    'a://aaaaaaaaaaaaaaaaa', ': ', 'a ', 'bearer '])
  {
    const began = process.cpuUsage().user;
    redactText(part.repeat(size / part.length));
    t.ok(process.cpuUsage().user - began < 4_000_000, `${part} took ${process.cpuUsage().user - began} µs`);
  }
  t.end();
});

t.test('scalars are replaced where they stand', (t) => {
  const text = '{ "a": ["x", {"b" : "y\\n"}, -1.5e3, true, "" ],"a":"twice" }';
  const seen: string[] = [];
  const result = replaceScalars(text, ({ path, value }) => {
    seen.push(`${path.join('/')}=${value}`);
    return value === 'x' ? 'z"' : undefined;
  });
  t.same(seen, ['a/0=x', 'a/1/b=y\n', 'a/2=-1.5e3', 'a/4=', 'a=twice']);
  t.equal(result, text.replace('"x"', '"z\\""'));
  t.end();
});
