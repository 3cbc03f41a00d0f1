// What comes from the native side is checked when it is read: a wrong message is an error that names the member.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import t from 'tap';
import { engine } from '../../support/code/both-engines.ts';
import { readHostFacts, readProbes, readRequest } from '../../../src/generated/read-protocol.ts';
import { filesBelow } from '../../../scripts/lib/files.ts';
import { repository } from '../../support/paths.ts';
import { cgroups, facts, host } from '../plan/support.ts';

const failure = { program: 'init', index: 3, step: 1, errno: 13 };
const whole = {
  verb: 'exec',
  options: { debug: true, log: 'x', 'preserve-fds': 3, env: ['A=1'] },
  flags: {},
  peer: 'crun',
  id: 'box',
  bundle: '/b',
  configName: 'config.json',
  cgroup: 'a/b',
  operands: ['sh'],
  first: failure,
  failure: { ...failure, kind: 'format',
    detail: { cause: 'crlf', words: 'words', recursive: true, fileSystem: 1, option: 'x', path: '/x' } },
  facts: {
    ...facts({ cgroup: { ...cgroups.v2, v1: cgroups.v1.v1 } }),
    notifySocket: '/run/n',
    runtimeDir: '/run/user/1',
    ownerUid: 1000,
    subids: { uid: [[100000, 65536]], gid: [] },
  },
};
const probes = {
  systemCalls: { openat2: 0 },
  cloneIntoCgroup: 0,
  userNamespace: 0,
  rightsInUserNamespace: 0,
  idmappedMounts: 0,
  deviceProgram: 0,
  namespaces: ['mnt'],
  texts: { maxKeys: '200' },
  programs: { criu: { path: '/usr/sbin/criu', privileged: false } },
  systemd: { running: true, systemBus: true, userBus: true },
};

type Members = { [name: string]: unknown };

/** Every object in a value, itself first, lists by their first element. */
function objectsIn(value: unknown): Members[] {
  const inner: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return [];
  return [inner as Members, ...Object.values(inner).flatMap(objectsIn)];
}

interface Schema {
  readonly $defs: Readonly<Record<string, { readonly properties?: object; readonly required?: readonly string[] }>>;
}

/** The members that a definition of schema/protocol must have. */
function requiredOf(file: string, name: string): readonly string[] {
  const path = join(repository, 'schema', 'protocol', `${file}.schema.json`);
  return (JSON.parse(readFileSync(path, 'utf8')) as Schema).$defs[name]!.required!;
}

const messages = [
  ['Request', 'request', readRequest, whole],
  ['HostFacts', 'facts', readHostFacts, whole.facts],
  ['Probes', 'probes', readProbes, probes],
] as const;

for (const [name, file, read, message] of messages) {
  t.test(`${name}: a message of the right form is taken as it is`, async (t) => {
    t.equal(read(message), message);
    t.equal(read({ ...message, later: 1 }) === message, false, 'members of another version are passed over');
  });

  t.test(`${name}: a member of another form is refused by name`, async (t) => {
    const copy = structuredClone(message);
    let count = 0;
    for (const object of objectsIn(copy)) {
      for (const [member, value] of Object.entries(object)) {
        // No member is a fraction.
        object[member] = 1.5;
        t.throws(() => read(copy), new TypeError(`protocol: ${member} is not`), member);
        object[member] = value;
        count += 1;
      }
    }
    t.ok(count > 10, `${count} members`);
    t.same(read(copy), message);
  });

  t.test(`${name}: what is required must be there, and nothing else`, async (t) => {
    const required = requiredOf(file, name);
    for (const member of Object.keys(message)) {
      const { [member]: _left, ...rest } = message as Members;
      if (required.includes(member))
        t.throws(() => read(rest), { message: new RegExp(`^protocol: ${member} `) }, member);
      else t.doesNotThrow(() => read(rest), member);
    }
    for (const other of [null, undefined, [], 'text', 1]) t.throws(() => read(other), TypeError, String(other));
  });
}

t.test('the engine answers a malformed request with an error that names the member', async (t) => {
  const answer = Buffer.from(engine({ verb: 'create', options: {} }, {}, host())).toString('latin1');
  t.match(answer, /E0901.*protocol: facts is not an object/);
});

/** Texts that the build has made itself or the checkout has (schema/), and the one that is checked where it is read. */
const own = [
  'scripts/generate/plan/meta.ts',
  'scripts/generate/plan/model.ts',
  'scripts/generate/protocol/protocol-model.ts',
  'scripts/generate/spec/json-schema.ts',
  'src/capture/strings.ts',
  'src/configure/json.ts',
  'src/diagnostic/diagnose.ts',
  'src/diagnostic/entries.ts',
  'src/engine/doctor/report.ts',
  'src/engine/verb/capture.ts',
  'src/engine/verb/explain.ts',
  // The engine of images has checked each member that its type names.
  'src/library/image.ts',
  'src/spec/checks/unknown.ts',
  'src/spec/format.ts',
  'src/spec/parse/locate.ts',
  'src/spec/parse/parse.ts',
  'src/spec/seccomp/docker-profile.ts',
];

t.test('no text from outside is taken for a type unchecked', async (t) => {
  const sources = ['src', 'scripts', 'conformance'].flatMap((folder) => filesBelow(folder, '.ts', '.mjs'))
    .map((path) => relative(repository, path));
  const casts = sources.filter((path) =>
    /JSON\.parse\([^;]*?\) as |: (?!unknown)\w[^=;:\n]* = JSON\.parse/.test(
      readFileSync(join(repository, path), 'utf8'),
    )
  );
  t.same(casts.filter((path) => !/^src\/generated\//.test(path)).sort(), own);
});
