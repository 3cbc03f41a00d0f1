import t from 'tap';
import type { Blobs } from '../../../src/engine/protocol.ts';
import type { EngineVerb, Request } from '../../../src/generated/protocol.ts';
import { engine } from '../../support/code/both-engines.ts';
import { validateFeatures } from '../../../src/generated/validate-features.ts';
import { validateConfig } from '../../../src/generated/validate-config.ts';
import { validateState } from '../../../src/generated/validate-state.ts';
import { noteFound } from '../../support/codes.ts';
import { decodePlan, decodeStruct } from '../../support/code/wire.ts';
import type { Plain } from '../../support/code/wire.ts';
import { addUser, cgroups, defaultConfig, dockerConfig, facts, host } from '../plan/support.ts';

interface Answer {
  readonly files: readonly { readonly path: string; readonly where: number }[];
  readonly exitCode: number;
  readonly plan: string | null;
  readonly stored: string | null;
  readonly text: string;
  readonly error: string;
  readonly explained: string;
  readonly code: string;
  readonly warnings: string;
}

/** Warnings are lines that begin with their codes. */
function noteAnswer(answer: Answer): Answer {
  noteFound([answer, ...[...answer.warnings.matchAll(/^(E\d{4})\b/gm)].map(([, code = '']) => ({ code }))]);
  return answer;
}

function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document, null, 2));
}

function ask(verb: EngineVerb, config?: unknown, request: Partial<Request> = {}, blobs: Blobs = {}): Answer {
  const whole: Request = { verb, options: {}, facts: facts(), id: 'box', bundle: '/bundle', ...request };
  const bytes = engine(whole, { ...(config === undefined ? {} : { config: bytesOf(config) }), ...blobs }, host());
  const answer = noteAnswer(decodeStruct('Response', bytes) as unknown as Answer);
  // validate asks for the files of the bundle first; of no bundle in particular all are there.
  if (answer.files.length === 0 || request.bundle !== undefined) return answer;
  const seen = answer.files.map((_, index) => ({ errno: 0, mode: index === 0 ? 0o40755 : 0o100755 }));
  return ask(verb, config, { ...request, seen }, blobs);
}

function programsOf(hex: string | null): Record<string, Plain[]> {
  return decodePlan(Uint8Array.from(Buffer.from(hex ?? '', 'hex')));
}

interface Decoded {
  readonly op: string;
  readonly fields: { readonly [name: string]: Plain };
}

/** Names of the operations of a program, alternatives by their first choice. */
function namesOf(hex: string | null, program: string): string[] {
  return (programsOf(hex)[program] as unknown as Decoded[])
    .map(({ op, fields }) => (op === 'alt' ? (fields['try'] as unknown as Decoded).op : op));
}

t.test('create gives a plan to run and one to keep', async (t) => {
  const answer = ask('create', dockerConfig());
  t.match(answer, { exitCode: 0, error: '', code: '', text: '', warnings: '' });
  t.same(Object.keys(programsOf(answer.plan)), ['create', 'stager', 'init']);
  t.same(Object.keys(programsOf(answer.stored)), ['start', 'kill', 'delete', 'pause', 'resume']);
  t.equal(ask('run', dockerConfig()).plan, answer.plan, 'run compiles like create');
  t.equal(ask('recompile', dockerConfig()).stored, answer.stored, 'recompile gives the same again');
});

t.test('state.json is what the schema says', async (t) => {
  const config = { ...defaultConfig(), annotations: { 'a"b': 'c\nd' } };
  const values = ['42', '7', '0', '2026-01-02T03:04:05.000000006Z', 'box'];
  const write = (programsOf(ask('create', config).plan)['create'] as unknown as Decoded[]).find(({ op }) =>
    op === 'state.write'
  );
  const parts = write!.fields['content'] as (number | string)[];
  const text = parts.map((part) => (typeof part === 'string' ? part : values[part])).join('');
  const value: unknown = JSON.parse(text);
  t.ok(validateState(value), text);
  t.same(value, {
    ociVersion: '1.3.0',
    id: 'box',
    status: 'creating',
    pid: 42,
    bundle: '/bundle',
    rootfs: '/bundle/rootfs',
    created: '2026-01-02T03:04:05.000000006Z',
    owner: 'root',
    annotations: { 'a"b': 'c\nd' },
  });
});

t.test('errors have a place and two forms', async (t) => {
  const wrong = defaultConfig();
  wrong.mounts[0]!.options = ['nosiud'];
  wrong.process.cwd = 'x';
  const answer = ask('create', wrong);
  t.equal(answer.exitCode, 1);
  t.match(answer.error,
    /^E0410: .* at config\.json:\d+:\d+ \(\/process\/cwd\).*\(and 1 more: see "veloci validate"\)$|^E0412/);
  t.match(answer.explained, /nosiud/, 'the long form has all');
  t.notMatch(answer.error, '\n', 'one line');
  t.match(ask('create', '{"a":').error, /^E02/);
  t.match(ask('create', new Array(3)).error, /^E0/);
  t.match(ask('create', { ...defaultConfig(), process: { ...defaultConfig().process, terminal: true } }).code, 'E0113');
  t.match(ask('create', defaultConfig(), { options: { 'console-socket': '/s' } }).code, 'E0114');
  t.match(
    ask('create', defaultConfig(), { options: { 'systemd-cgroup': true }, facts: facts({ rootless: true }) }).code,
    'E0513',
  );
  t.match(ask('create', defaultConfig(), { facts: facts({ cgroup: { mode: 'none', v1: [], v2: null } }) }).code,
    'E0505');
});

t.test('a failed operation is traced to its cause', async (t) => {
  const config = defaultConfig();
  config.mounts.push({ destination: '/x', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'huge=much'] });
  config.hooks = { createRuntime: [{ path: '/bin/hook' }] };
  const { plan } = ask('create', config);
  const failed = (program: string, op: string, number: number, rest: object): Answer => {
    const index = namesOf(plan, program).flatMap((name, i) => (name === op ? [i] : []))[number]!;
    return ask('create', config, { failure: { program, index, step: 0, errno: 22, ...rest } });
  };
  const last = namesOf(plan, 'init').filter((name) => name === 'mount.fs').length - 1;
  const option = failed('init', 'mount.fs', last, { step: 1,
    detail: { option: 'huge', words: "tmpfs: Bad value for 'huge'" } });
  t.match(option.error,
    /^E0720: .*"huge=much" at config\.json:\d+:\d+ \(\/mounts\/7\/options\/1\): invalid argument \(EINVAL, step option\): the kernel says "tmpfs: Bad value/);
  t.match(option.explained, /huge=much/, 'the long form shows the line');
  const second = failed('init', 'mount.fs', 2, { step: 1 | (1 << 8), errno: 1, detail: { option: 'ptmxmode' } });
  t.match(second.error, /"ptmxmode=0666" at .*\/mounts\/2\/options\/3/, 'the way into an alternative');
  const hook = failed('create', 'hook.run', 0, { step: 6, errno: 3, detail: { words: 'oops\n' } });
  t.match(hook.error, /^E0775: createRuntime hook 0 \("\/bin\/hook"\) ended with exit code 3 at .*: oops$/);
  const missing = failed('init', 'program.find', 0, { errno: 2, detail: { words: 'sh' } });
  t.match(missing.error, /executable file not found/, 'the words that engines look for');
  config.process.args = ['/no/such'];
  t.match(failed('init', 'program.find', 0, { errno: 2, detail: { words: '/no/such' } }).error,
    /^E0764: exec "\/no\/such": no such file or directory/);
  const interpreter = failed('init', 'program.run', 0, { step: 1, errno: 2, kind: 'interpreter',
    detail: { cause: 'interpreter', value: '/lib/ld.so', path: '/bin/x' } });
  t.match(interpreter.error,
    /^E0765: exec "\/bin\/x": no such file or directory: its interpreter "\/lib\/ld\.so" is missing/);
  t.match(ask('create', config, { failure: { program: 'init', index: 999, step: 0, errno: 1 } }).code, 'E0901');
});

t.test('exec', async (t) => {
  const file = (process: object): Answer =>
    ask('exec', dockerConfig(), { configName: '/tmp/p' }, { process: bytesOf(process) });
  const answer = file({ args: ['ls'], cwd: '/' });
  t.same(Object.keys(programsOf(answer.plan)), ['stager', 'init', 'exec']);
  t.match(file({ args: ['ls'], cwd: 'x' }).error, /^E0410: .* at \/tmp\/p:\d+:\d+ \(\/cwd\)/,
    'errors name the process file');
  const flags = (options: Request['options']): Answer => ask('exec', dockerConfig(), { operands: ['ls'], options });
  t.equal(
    flags({ user: '1:2', cap: ['sys_admin'], env: ['A=b'], cwd: '/x', 'additional-gids': ['5'], tty: true }).error,
    '',
  );
  t.equal(flags({ user: 'root' }).code, 'E0120');
  t.equal(flags({ user: '4294967295' }).code, 'E0120');
  t.equal(flags({ cap: ['CAP_NOPE'] }).code, 'E0123');
  t.equal(flags({ env: ['novalue'] }).code, 'E0122');
  t.equal(flags({ cwd: 'x' }).code, 'E0410');
  t.equal(flags({ apparmor: 'x' }).code, 'E0509');
  t.equal(flags({ cgroup: ['../x'] }).code, 'E0140');
  const same = (options: Request['options']): string | null => flags(options).plan;
  t.equal(same({ 'pid-file': '/p', detach: true }), same({}), 'what only the launcher does is not in the plan');
});

t.test('exec of a user who may not move the process: the manager of his session does it', async (t) => {
  const user = facts({ euid: 1000, rootless: true, cgroup: cgroups.v2, capabilities: [0, 0] });
  const within = 'user.slice/user-1000.slice/user@1000.service/user.slice/veloci-box.scope';
  const askExec = (limits: boolean, request: Partial<Request>): Answer => {
    const config = defaultConfig();
    addUser(config);
    config.linux.resources = limits ? { pids: { limit: 5 } } : {};
    return ask('exec', config, { facts: user, operands: ['ls'], ...request });
  };
  const isStrict = (hex: string | null): boolean => {
    const stager = programsOf(hex)['stager'] as unknown as Decoded[];
    return (stager.find(({ op }) => op === 'process.clone')!.fields['stayOn'] as unknown as number[]).length === 0;
  };
  const first = askExec(false, { cgroup: `/${within}` });
  t.equal(isStrict(first.plan), true, 'in a unit, staying outside is not the first choice');
  t.equal(isStrict(askExec(false, { cgroup: '/user.slice/user-1000.slice/session-1.scope/box' }).plan), false,
    'no manager of a user');
  t.equal(isStrict(askExec(false, { cgroup: '/user.slice/user-1000.slice/user@1000.service/app.slice/box' }).plan),
    false, 'no unit');
  const index = namesOf(first.plan, 'stager').indexOf('process.clone');
  const failure = { program: 'stager', index, step: 2, errno: 13, detail: { cgroup: `${within}/init.scope` } };
  for (const limits of [false, true]) {
    const second = askExec(limits, { cgroup: `/${within}`, failure });
    t.equal(second.error, '');
    t.same(namesOf(second.plan, 'exec').slice(0, 3), ['dbus.send', 'process.fd', 'process.spawn']);
    t.equal(isStrict(second.plan), limits, 'without limits it may stay outside');
    const { try: send, onErrno } = (programsOf(second.plan)['exec'] as unknown as Decoded[])[0]!.fields as unknown as {
      try: Decoded;
      onErrno: number[];
    };
    const call = Buffer.from((send.fields['calls'] as string[])[0]!, 'hex').toString('latin1');
    t.match(call, /AttachProcessesToUnit/);
    t.match(call, /veloci-box\.scope\0[^]*\/init\.scope\0/, 'the unit, and the cgroup below it where the container is');
    t.equal((send.fields['sockets'] as unknown as { path: string }[])[0]!.path, '/run/user/1000/systemd/private',
      'also without XDG_RUNTIME_DIR');
    t.equal(onErrno.includes(121), !limits, 'with limits, what systemd says is told');
  }
  const explained = askExec(true, { cgroup: `/${within}`, first: failure, failure });
  t.match(explained, { plan: null, code: 'E0930' }, 'no third plan');
  const refused = { program: 'exec', index: 0, step: 4, errno: 121, detail: { words: 'no.such.Thing: words' } };
  t.match(askExec(true, { cgroup: `/${within}`, first: failure, failure: refused }).error,
    /^E0863: .*no\.such\.Thing: words/, 'operations are those of the second plan');
  const foreign = { ...failure,
    detail: { cgroup: 'user.slice/user-1000.slice/session-1.scope/user@5.service/evil.scope' } };
  t.match(askExec(true, { failure: foreign }), { plan: null, code: 'E0930' },
    'names that the container gives are no units');
  t.equal(isStrict(askExec(false, { cgroup: `/${within}`, failure: foreign }).plan), false,
    'it has gone elsewhere: outside, then');
  t.match(ask('exec', defaultConfig(), { facts: facts({ cgroup: cgroups.v2 }), operands: ['ls'], failure }), {
    plan: null,
  }, 'root has no such manager');
});

t.test('validate, plan, spec, features', async (t) => {
  t.match(ask('validate', defaultConfig()), { exitCode: 0, text: /config\.json: valid/ });
  const wrong = { ...defaultConfig(), hostnam: 'x', root: { path: 1 } };
  t.match(ask('validate', wrong), { exitCode: 1,
    text: /error E03.*root\.path[^]*warning E0402.*"hostnam"[^]*1 error, / });
  const json = JSON.parse(ask('validate', wrong, { options: { json: true } }).text) as object;
  t.match(json, { valid: false, errors: 1,
    findings: [{ severity: 'error', code: /^E03/, pointer: '/root/path', line: Number }] });

  t.same(JSON.parse(ask('validate', wrong, { options: { format: 'json' } }).text), json);
  const sarif = ask('validate', wrong, { options: { format: 'sarif' } });
  t.match(JSON.parse(sarif.text), {
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'veloci', rules: [{ id: /^E03/, shortDescription: { text: /./ } }, { id: 'E0402' }] } },
      results: [{
        ruleId: /^E03/,
        ruleIndex: 0,
        level: 'error',
        message: { text: /root\.path/ },
        locations: [{
          physicalLocation: { artifactLocation: { uri: 'config.json' },
            region: { startLine: Number, startColumn: Number, endColumn: Number } },
          logicalLocations: [{ fullyQualifiedName: '/root/path' }],
        }],
      }, { ruleId: 'E0402', ruleIndex: 1, level: 'warning' }],
    }],
  });
  t.equal(sarif.exitCode, 1);
  t.match(ask('validate', ask('spec').text, { options: { format: 'sarif' } }), { exitCode: 0,
    text: /"results": \[\]/ });
  t.match(ask('validate', '{"a": 1', { options: { format: 'sarif' } }), { exitCode: 1, text: /"ruleId": "E02/ });

  const plan = ask('plan', defaultConfig()).text;
  t.match(plan, /^ *program {2,}\S*sh as 0:0\n/, 'what it comes to');
  t.match(plan, /^create, on the host$/m);
  t.match(plan, /mount\.fs +\/proc type=proc .*config\.json:\d+\n/);
  const shown = JSON.parse(ask('plan', dockerConfig(), { options: { json: true } }).text) as {
    programs: { init: { concern: string; line?: number; op: string; from: string }[] };
  };
  for (const { concern, line, op, from } of shown.programs.init) {
    t.equal(line !== undefined, from !== '', `${op} has a line`);
    t.ok(concern, `${op} has a concern`);
  }

  const config: unknown = JSON.parse(ask('spec').text);
  t.ok(validateConfig(config), 'spec writes a valid configuration');
  t.match(ask('validate', config), { exitCode: 0, text: 'config.json: valid\n' }, 'without a warning');
  const forUser = (request: Partial<Request>): ReturnType<typeof defaultConfig> =>
    JSON.parse(
      ask('spec', undefined, { options: { rootless: true }, facts: facts({ euid: 1000, egid: 1000 }), ...request })
        .text,
    ) as ReturnType<typeof defaultConfig>;
  const rootless = forUser({});
  t.match(rootless.linux.uidMappings, [{ hostID: 1000 }]);
  const network = ({ linux, mounts }: typeof rootless): unknown[] => [
    linux.namespaces.some(({ type }) => type === 'network'),
    mounts.find(({ destination }) => destination === '/sys')!.type,
  ];
  t.same(network(rootless), [true, 'sysfs'], 'a network of its own, and a sysfs that shows it');
  t.same(network(forUser({ peer: 'runc' })), [false, 'none'], 'as runc the network of the host, and its sysfs');
  t.match(ask('validate', rootless), { exitCode: 0, text: 'config.json: valid\n' });
  t.ok(validateFeatures(JSON.parse(ask('features').text)), 'features are what the schema says');
});

t.test('a fault of the engine is an answer, too', async (t) => {
  const bad = ask('create', defaultConfig(), { facts: {} as never });
  t.match(bad, { exitCode: 1, code: 'E0901', error: /internal error/ });
});

t.test('validate warns of what the compiler says, and of what this host lacks', async (t) => {
  const config = { ...defaultConfig(),
    annotations: { 'run.oci.keep_original_group': '1', 'run.oci.handler': 'krun', 'org.x': 'y' } };
  config.process = { ...config.process, apparmorProfile: 'x' };
  for (const alone of [false, true]) {
    const { exitCode, text } = ask('validate', config, { options: { json: true, 'no-files': alone } });
    t.equal(exitCode, alone ? 0 : 1, 'the verdict of create, but for the text alone');
    t.match(JSON.parse(text), { valid: alone, errors: alone ? 0 : 1, findings: [
      { severity: 'warning', code: 'E0587', pointer: '/annotations/run.oci.keep_original_group', line: Number,
        hint: 'the nearest known name is "run.oci.keep_original_groups"' },
      { code: 'E0587', pointer: '/annotations/run.oci.handler' },
      { severity: alone ? 'warning' : 'error', code: 'E0509', pointer: '/process/apparmorProfile', line: Number },
    ] });
  }
});

t.test('validate asks for the files of a bundle, and says what create would say of them', async (t) => {
  const config = defaultConfig();
  config.mounts.push({ destination: '/data', type: 'none', source: '/srv/data', options: ['rbind'] });
  config.process.args = ['/opt/tool'];
  config.hooks = { poststop: [{ path: '/bin/gone' }] };
  const request = { bundle: '/b', options: { format: 'json' } };
  const { files, text } = ask('validate', config, request);
  t.equal(text, '', 'the verdict comes with the second answer');
  const [host, root] = [0, 1];
  t.same(files[0], { path: '/b/rootfs', where: host, program: null });
  t.ok(files.some(({ path, where }) => path === '/srv/data' && where === host));
  t.ok(files.some(({ path, where }) => path === '/opt/tool' && where === root));
  const directory = { errno: 0, mode: 0o40755 };
  const program = { errno: 0, mode: 0o100755 };
  const missing = { errno: 2, mode: 0 };
  const judge = (
    of: (path: string) => Request['seen'] extends readonly (infer T)[] | undefined ? T : never,
  ): unknown[] => {
    const answer = ask('validate', config, { ...request, seen: files.map(({ path }) => of(path)) });
    return (JSON.parse(answer.text) as { findings: { severity: string; code: string; pointer: string }[] }).findings
      .map(({ severity, code, pointer }) => [severity, code, pointer]);
  };
  t.same(judge((path) => (path === '/b/rootfs' || path === '/srv/data' ? directory : program)), []);
  t.same(judge(() => missing), [['error', 'E0716', '/root/path']],
    'what is in a root that is missing is not looked for');
  t.same(judge((path) => (path === '/b/rootfs' ? directory : missing)), [
    ['error', 'E0723', '/mounts/7/source'],
    ['error', 'E0764', '/process/args/0'],
    ['warning', 'E0773', '/hooks/poststop/0/path'],
  ]);
  t.same(ask('validate', config, { ...request, options: { 'no-files': true } }),
    ask('validate', config, { options: { 'no-files': true } }));
});

t.test('warnings are logged unless they are not wanted; under the name of a peer as it does', async (t) => {
  const config = { ...defaultConfig(), hostnam: 'x' };
  t.match(ask('create', config).warnings, /E0402.*hostnam/);
  for (const level of ['warning', 'debug'])
    t.match(ask('create', config, { options: { 'log-level': level }, peer: 'crun' }).warnings, /E0402.*hostnam/);
  t.notMatch(ask('create', config, { options: { log: '/log' } }).warnings, /E0402/);
  t.equal(ask('create', config, { options: { 'log-level': 'error' }, facts: facts({ terminal: true }) }).warnings, '');
  for (const peer of ['runc', 'crun'] as const) {
    t.notMatch(ask('create', config, { peer }).warnings, /E0402/);
    t.match(ask('create', config, { peer, facts: facts({ terminal: true }) }).warnings, /E0402.*hostnam/);
    t.match(ask('create', config, { peer, options: { debug: true } }).warnings, /E0402.*hostnam/);
  }
  // CAP_SYS_ADMIN alone.
  const few = facts({ capabilities: [1 << 21, 0] });
  t.match(ask('create', config, { peer: 'runc', facts: few }).warnings, /CAP_KILL/);
  const { warnings } = ask('create', defaultConfig(), { options: { debug: true }, facts: few });
  t.match(warnings, /E0512.*CAP_AUDIT_WRITE, CAP_KILL, CAP_NET_BIND_SERVICE at config\.json:\d+:\d+/);
  t.equal(warnings.split('E0512').length, 2, 'once');
  const user = defaultConfig();
  addUser(user);
  t.notMatch(ask('create', user, { options: { debug: true }, facts: facts({ capabilities: [0, 0] }) }).warnings,
    /E0512/);
});

t.test('a caller without rights is told so once, with the way out', async (t) => {
  const user = facts({ euid: 1000, egid: 1000, rootless: true, capabilities: [0, 0] });
  const answer = ask('create', defaultConfig(), { facts: user, options: { debug: true } });
  t.match(answer, { code: 'E0588', warnings: '' });
  t.match(answer.error, /uid 1000 .*config\.json:\d+:\d+ \(\/linux\/namespaces\).*veloci spec --rootless.*--root/);
  const own = defaultConfig();
  addUser(own);
  t.equal(ask('create', own, { facts: user }).error, '', 'not with a user namespace');
  t.equal(ask('plan', defaultConfig(), { facts: user }).error, '', 'a plan can be looked at by anybody');
});

t.test("what is like Docker's allows the calls of this machine's programs", async (t) => {
  const architectures = (arch: string): unknown =>
    JSON.parse(ask('spec', undefined, { options: { from: 'docker-default' }, facts: facts({ arch }) }).text)
      .linux.seccomp.architectures;
  t.same(architectures('x86_64'), ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
  t.same(architectures('aarch64'), ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
});
