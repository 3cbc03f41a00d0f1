// Plans by shape (docs/decisions/0008-plans-by-shape.md): what a hit gives is what the engine makes of the start, for
// configurations that have names in every place where one can stand. VELOCI_SHAPES: how many.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { engine } from '../../src/engine/main.ts';
import type { Request } from '../../src/generated/protocol.ts';
import { inRoot } from '../../scripts/lib/root.ts';
import { Random } from '../support/fuzz/random.ts';
import { decodeStruct, type Plain } from '../support/code/wire.ts';
import { defaultConfig, dockerConfig } from '../support/spec.ts';
import { facts, host, cgroups } from '../unit/plan/support.ts';

const program = inRoot('build', 'meson', 'sanitize', 'test', 'native', 'shape');
const count = Number(process.env['VELOCI_SHAPES'] ?? 300);

/** The five texts of a start: id, bundle, console socket, configuration, members of the request. */
type Start = readonly [string, string, string, string, string];

function run(mode: string, texts: readonly (string | Uint8Array)[]): Buffer[] {
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    return [size, bytes];
  });
  const { stdout, status, stderr } = spawnSync(program, [mode], { input: Buffer.concat(parts), maxBuffer: 1 << 29 });
  if (status !== 0) throw new Error(`${program}: ${stderr.toString()}`);
  const answers: Buffer[] = [];
  for (let at = 0; at < stdout.length;) {
    const size = stdout.readUInt32LE(at);
    answers.push(stdout.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return answers;
}

/** Plan and stored plan of a start, in one; nothing when the engine has anything to say. */
function planOf(config: Uint8Array, rest: string): Buffer | undefined {
  let request;
  try {
    request = JSON.parse(`{"verb":"create",${rest}}`) as Request;
  } catch {
    return undefined;
  }
  const { plan, stored, error, warnings } = decodeStruct('Response', engine(request, { config }, host())) as Record<
    string,
    Plain
  >;
  if (error !== '' || warnings !== '' || plan === null || stored === null) return undefined;
  return Buffer.from(`${String(plan)}${String(stored)}`, 'hex');
}

const hexOf = (random: Random, size: number): string =>
  Array.from({ length: size }, () => random.pick([...'0123456789abcdef'])).join('');

type Form = (random: Random) => string;

const forms: readonly Form[] = [
  (random) => hexOf(random, 64),
  (random) => hexOf(random, 64),
  (random) => hexOf(random, 32),
  (random) => hexOf(random, 12),
  (random) => [8, 4, 4, 4, 12].map((size) => hexOf(random, size)).join('-'),
  (random) =>
    `2026-12-0${1 + random.below(9)}T20:5${random.below(10)}:1${random.below(10)}.11476506${random.below(10)}Z`,
];

/** Nearly names: they stay what they are. */
const others: readonly Form[] = [
  (random) => `${100 + random.below(900)}`,
  (random) => hexOf(random, 63),
  (random) => hexOf(random, 65),
  (random) => `${100000000000 + random.below(900000000)}`,
];

const idForms: readonly Form[] = [
  forms[0]!,
  forms[0]!,
  forms[3]!,
  (random) => `job-2026-${1000 + random.below(9000)}`,
  (random) => `c${10 + random.below(90)}`,
  (random) => random.pick(['proc', 'a', 'ro', 'x86_64', 'dup2', 'dup3', 'pipe2', 'ext3', 'ext4']),
];

const bundles: readonly Form[] = [
  (random) => `/run/containerd/task/${hexOf(random, 64)}`,
  (random) => `/tmp/bundle-${random.below(10)}${random.pick([...'abcXYZ'])}/b`,
  () => '/b',
];

/** What is done with a name before it stands somewhere; the name stands for itself at last. */
const ways: readonly ((name: string, other: string) => string)[] = [
  (name) => name,
  (name) => name,
  (name) => `/x/${name}/y`,
  (name) => name.slice(0, 12),
  (name, other) => `${name}/${other}`,
  (name, other) => `${name}${other}`,
  (name) => `x${name}`,
  (name) => `${name}y`,
  (name) => `a-${name}.scope`,
  (name) => `/proc/${name}/ns/net`,
  (name) => name.slice(0, 20),
  (name) => name.toUpperCase(),
  (name) => `../${name}`,
  (name) => `${name.slice(0, 12)}:${name}`,
];

type Config = ReturnType<typeof defaultConfig>;

function annotate(config: Config, key: string, value: string): void {
  config.annotations = { ...config.annotations, [key]: value };
}

function enter(config: Config, ...entries: string[]): void {
  config.process!.env = [...config.process!.env ?? [], ...entries];
}

function mount(config: Config, destination: string, type: string, source: string, options: string[]): void {
  config.mounts = [...config.mounts ?? [], { destination, type, source, options }];
}

function limit(config: Config, resources: Record<string, unknown>): void {
  config.linux.resources = resources;
}

function hook(config: Config, kind: 'prestart' | 'poststop', path: string, args: string[], env: string[]): void {
  config.hooks = { ...config.hooks, [kind]: [{ path, args, env }] };
}

const clone = 'clone';

/** Puts a text somewhere into a configuration. */
const places: readonly ((config: Config, text: string) => unknown)[] = [
  (c, text) => annotate(c, `key.${text}`, 'value'),
  (c, text) => annotate(c, text, '1'),
  (c, text) => annotate(c, 'io.kubernetes.cri-o.Created', text),
  (c, text) => annotate(c, 'run.oci.hooks.stdout', `/${text}`),
  (c, text) => annotate(c, 'org.systemd.property.Description', `'${text}'`),
  (c, text) => annotate(c, 'org.systemd.property.CPUWeight', text),
  (c, text) => annotate(c, 'run.oci.pidfd_receiver', `/${text}`),
  (c, text) => annotate(c, 'run.oci.seccomp_bpf_data', text),
  (c, text) => annotate(c, 'run.oci.systemd.subgroup', text),
  (c, text) => enter(c, `A=${text}`),
  (c, text) => enter(c, `${text}=A`),
  (c, text) => enter(c, `HOSTNAME=${text}`, `HOME=/${text}`),
  (c, text) => enter(c, `PATH=/${text}:/bin`),
  (c, text) => c.process!.args.push(text),
  (c, text) => c.process!.args = [text],
  (c, text) => c.process!.cwd = `/${text}`,
  (c, text) => c.process!.apparmorProfile = text,
  (c, text) => c.process!['selinuxLabel'] = text,
  (c, text) => c.hostname = text,
  (c, text) => c['domainname'] = text,
  (c, text) => c.root = { path: `/lib/${text}/merged` },
  (c, text) => c.root = { path: text },
  (c, text) => mount(c, `/${text}`, 'bind', `/s/${text}`, ['bind']),
  (c, text) => mount(c, '/o', 'overlay', 'o', [`lowerdir=/l/${text}`, `upperdir=/u/${text}`]),
  (c, text) => mount(c, '/t', 'tmpfs', text, [`size=${text}`]),
  (c, text) => mount(c, '/t', text, 'x', []),
  (c, text) => mount(c, '/t', 'bind', '/x', ['bind', text]),
  (c, text) => c.linux.cgroupsPath = `/pods/${text}`,
  (c, text) => c.linux.cgroupsPath = text,
  (c, text) => c.linux.cgroupsPath = `machine.slice:libpod:${text}`,
  (c, text) => c.linux.cgroupsPath = `${text}.slice::${text}`,
  (c, text) => c.linux.namespaces = [{ type: 'mount' }, { type: 'network', path: `/run/netns/${text}` }],
  (c, text) => c.linux.namespaces = [{ type: 'mount' }, { type: 'ipc', path: text }, { type: 'uts', path: text }],
  (c, text) => c.linux.sysctl = { [`net.ipv4.conf.${text}.forwarding`]: '1' },
  (c, text) => c.linux.sysctl = { 'net.ipv4.ip_forward': text },
  (c, text) => c.linux.maskedPaths?.push(`/proc/${text}`),
  (c, text) => c.linux.readonlyPaths = [`/${text}`, `/sys/${text}`],
  (c, text) => c.linux.devices = [{ path: `/dev/${text}`, type: 'c', major: 1, minor: 3 }],
  (c, text) => c.linux['intelRdt'] = { closID: text },
  (c, text) => c.linux['mountLabel'] = text,
  (c, text) => limit(c, { unified: { 'memory.high': text } }),
  (c, text) => limit(c, { unified: { [`a.${text}`]: '1' } }),
  // A number, where the case has those.
  (c, text) => limit(c, { memory: { limit: `@${text}@` } }),
  (c, text) => limit(c, { rdma: { [text]: { hcaHandles: 1 } } }),
  (c, text) => limit(c, { cpu: { cpus: text } }),
  (c, text) =>
    c.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: [text, clone], action: 'SCMP_ACT_ERRNO' }] },
  (c, text) => c.linux.seccomp = { defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: `/${text}`, listenerMetadata: text },
  (c, text) => c.linux['netDevices'] = { [text.slice(0, 15)]: { name: 'eth0' } },
  (c, text) => hook(c, 'prestart', '/h', ['h', text], [`N=${text}`]),
  (c, text) => hook(c, 'poststop', `/${text}`, [], []),
  // An escape that reaches into the name, and a name behind one.
  (c, text) => enter(c, `E=@u@${text}`, `F=@b@${text}`, `G=\n${text}`),
];

interface Names {
  readonly id: string;
  readonly bundle: string;
  readonly names: readonly string[];
}

interface Template {
  readonly make: (names: Names) => Start;
  readonly draw: (random: Random) => Names;
}

/** A configuration with names in places of its own, and how its names are drawn. */
function templateOf(seed: number): Template {
  const random = new Random(seed);
  const id = random.pick(idForms), bundle = random.pick(bundles);
  const drawn = Array.from({ length: 3 }, () => random.pick(random.percent(10) ? others : forms));
  const uses = Array.from({ length: 1 + random.below(4) }, () => ({
    place: random.pick(places),
    way: random.pick(ways),
    name: random.below(5),
    other: random.below(3),
  }));
  const docker = random.percent(30), indent = random.pick([0, 2]), systemd = random.percent(30);
  const hosts = facts({ cgroup: cgroups[random.pick(['v1', 'hybrid', 'v2'] as const)] });
  const raw = random.percent(10);
  return {
    draw: (other) => ({ id: id(other), bundle: bundle(other), names: drawn.map((form) => form(other)) }),
    make: (names) => {
      const config = docker ? dockerConfig() : defaultConfig();
      const texts = [...names.names, names.id, names.bundle];
      for (const { place, way, name, other } of uses) place(config, way(texts[name]!, texts[other]!));
      let text = JSON.stringify(config, null, indent).replaceAll('@u@', '\\u00').replaceAll('@b@', '\\b');
      // A name as a number, where it is one or not.
      text = raw ? text.replace(/"@([^@"]*)@"/g, '$1') : text;
      const options = { 'pid-file': `${names.bundle}/pid`, log: `/l/${names.id}`, 'systemd-cgroup': systemd };
      const request = { options, id: names.id, bundle: names.bundle, facts: hosts };
      return [names.id, names.bundle, '', text, JSON.stringify(request).slice(1, -1)];
    },
  };
}

t.test('a hit gives what the engine makes', async (t) => {
  const cases = Array.from({ length: count }, (_, seed) => {
    const template = templateOf(seed);
    const random = new Random(seed + 1_000_000);
    return { seed, first: template.make(template.draw(random)), second: template.make(template.draw(random)) };
  });
  const planned = cases.flatMap((entry) => {
    const made = planOf(Buffer.from(entry.first[3]), entry.first[4]);
    return made === undefined ? [] : [{ ...entry, made }];
  });
  const renamed = run('names', planned.flatMap(({ first }) => first));
  const known = planned.flatMap((entry, index) => {
    const [config, rest] = [renamed[2 * index]!, renamed[2 * index + 1]!];
    const other = config.length === 0 ? undefined : planOf(config, rest.toString());
    return other === undefined ? [] : [{ ...entry, other }];
  });
  const fills = run('fills', known.flatMap(({ first, made, other, second }) => [...first, made, other, ...second]));
  let hits = 0, refused = 0;
  for (const [index, { seed, second }] of known.entries()) {
    const fill = fills[index]!;
    if (fill[0] === '!'.charCodeAt(0)) refused += 1;
    if (fill[0] !== '='.charCodeAt(0)) continue;
    hits += 1;
    const fresh = planOf(Buffer.from(second[3]), second[4]);
    if (fresh === undefined || !fresh.equals(fill.subarray(1)))
      t.fail(`seed ${seed}: a hit gives another plan`, { second, none: fresh === undefined });
  }
  t.comment(
    `${count} configurations: ${planned.length} are planned without a word, ${known.length} under other names, ${refused} are not remembered, ${hits} give hits`,
  );
  t.ok(hits > count / 20, 'many are hits', { hits });
});

t.test('a filter is compiled once for a start that is planned twice', async (t) => {
  let compiled = 0;
  const counting = host();
  const own = { ...counting, seccomp: (rules: Parameters<typeof counting.seccomp>[0]): Uint8Array => {
    compiled += 1;
    return counting.seccomp(rules);
  } };
  const config = dockerConfig();
  const ask = (id: string): Uint8Array =>
    engine({ verb: 'create', options: {}, id, bundle: '/b', facts: facts() }, {
      config: Buffer.from(JSON.stringify(config)),
    }, own);
  ask('c1');
  ask('c2');
  t.equal(compiled, 1);
  config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
  ask('c1');
  t.equal(compiled, 2);
});
