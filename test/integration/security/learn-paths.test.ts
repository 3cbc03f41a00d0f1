// --learn-paths: rules of Landlock for the paths of a program, under which it starts again, and which refuse others.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';
import type { Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const key = 'org.veloci.landlock';
const features = JSON.parse(spawnSync(runtimePath(), ['features'], { encoding: 'utf8' }).stdout) as {
  linux?: { landlock?: { enabled?: boolean } };
};
const skip = JSON.stringify(features).includes('"landlock":{"enabled":true') ? false : 'this kernel has no Landlock';
const only = { only: 'veloci', skip } as const;

interface Ruleset {
  rules: { pathBeneath: { allowedAccess: string[]; paths: string[] }[] };
}

class Learner {
  readonly c: Context;
  readonly dir: string;
  readonly file: string;

  constructor(c: Context) {
    this.c = c;
    this.dir = c.dir();
    this.file = join(this.dir, 'paths.json');
  }

  get text(): string {
    const { annotations } = JSON.parse(readFileSync(this.file, 'utf8')) as { annotations: Record<string, string> };
    return annotations[key]!;
  }

  /** What a path has by the rules that name it. */
  rights(path: string): string[] {
    const { rules } = JSON.parse(this.text) as Ruleset;
    return rules.pathBeneath.filter(({ paths }) => paths.includes(path)).flatMap(({ allowedAccess }) => allowedAccess);
  }

  paths(): string[] {
    return (JSON.parse(this.text) as Ruleset).rules.pathBeneath.flatMap(({ paths }) => paths);
  }

  async learn(script: string, change: (config: Config) => void = () => {}): Promise<Result> {
    const flags = ['--learn', join(this.dir, 'profile.json'), '--learn-paths', this.file];
    const result = await this.c.run(this.c.command(['sh', '-c', script], (config) => {
      base(config);
      change(config);
    }), { flags });
    assert.equal(result.code, 0, result.stderr);
    return result;
  }

  /** Runs a script under what was learned, in a fresh root. */
  async under(script: string, change: (config: Config) => void = () => {}): Promise<Result> {
    return this.c.run(this.c.command(['sh', '-c', script], (config) => {
      base(config);
      change(config);
      config.annotations = { [key]: this.text };
    }));
  }
}

function base(config: Config): void {
  config.process.noNewPrivileges = true;
  config.root = { ...config.root!, readonly: false };
}

/** What a script does, what it takes, and what it may not do then. */
for (const [what, script, rights, refused] of [
  ['reads', 'cat /etc/passwd >/dev/null', { '/etc/passwd': ['read_file'] }, 'cat /etc/group'],
  ['lists', 'ls /home >/dev/null', { '/home': ['read_dir'] }, 'ls /root'],
  ['writes what is there', 'echo x >/dev/null; echo more >>/etc/passwd', { '/etc/passwd': ['write_file'] },
    'echo x >>/etc/group'],
  ['makes a file', 'echo x >/data/new; cat /data/new; rm /data/new', {
    '/data': ['make_reg', 'read_file', 'remove_file', 'truncate', 'write_file'],
  }, 'echo x >/mnt/new'],
  ['makes what it uses', 'mkdir /data/a; echo x >/data/a/b; mv /data/a/b /data/a/c; rm -r /data/a', {
    '/data': ['make_dir', 'make_reg', 'remove_dir', 'remove_file', 'write_file'],
  }, 'mkdir /mnt/a'],
  ['moves to another directory', 'echo x >/data/a; mv /data/a /mnt/b', { '/data': ['make_reg', 'refer', 'remove_file'],
    '/mnt': ['make_reg', 'refer'] }, 'echo x >/home/b'],
  ['links', 'ln -s /etc/passwd /data/link; cat /data/link >/dev/null; ln /etc/group /data/hard', {
    '/data': ['make_sym', 'make_reg', 'refer'],
    '/etc/passwd': ['read_file'],
  }, 'ln -s x /mnt/link'],
  ['uses special files', 'mkfifo /data/pipe', { '/data': ['make_fifo'] }, 'mkfifo /mnt/pipe'],
  ['works in a directory', 'cd /etc; cat ./passwd ../etc/group >/dev/null', { '/etc/passwd': ['read_file'],
    '/etc/group': ['read_file'] }, 'cat /probe'],
  ['reads of processes', 'cat /proc/self/status /proc/1/status /proc/thread-self/comm >/dev/null', {
    '/proc': ['read_file'],
  }, 'cat /sys/kernel/notes'],
  ['goes through links of its own',
    'cat /proc/self/root/etc/passwd /proc/self/exe >/dev/null; cd /etc; cat /proc/self/cwd/group >/dev/null', {
    '/etc/passwd': ['read_file'],
    '/etc/group': ['read_file'],
    '/bin/busybox': ['read_file'],
  }, 'cat /proc/1/status'],
  ['opens its own descriptors', 'echo x >/data/out; exec 3</data/out; cat /dev/fd/3 >/dev/null', {
    '/data': ['read_file'],
  }, 'cat /etc/passwd'],
] as const) {
  test(`learn-paths: a program that ${what}`, async (c) => {
    const learner = new Learner(c);
    const { stderr } = await learner.learn(script);
    assert.match(stderr, /learned \d+ rules of Landlock from \d+ paths/);
    for (const [path, wanted] of Object.entries(rights)) {
      const found = learner.rights(path);
      for (const right of wanted) assert.ok(found.includes(right), `${path} ${right}: ${learner.text}`);
    }
    assert.ok(!learner.paths().includes('/'), learner.text);
    for (const path of learner.paths()) assert.doesNotMatch(path, /\/\d+(\/|$)|self/, path);
    const again = await learner.under(script);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.stderr, '');
    const other = await learner.under(`${refused} || exit 9`);
    assert.equal(other.code, 9, other.stderr);
    assert.match(other.stderr, /ermission denied/, other.stderr);
  }, only);
}

test('learn-paths: several runs are one file, also those of exec; the rules of config.json are not used meanwhile',
  async (c) => {
    const learner = new Learner(c);
    await learner.learn('cat /etc/passwd');
    const first = learner.text;
    await learner.learn('cat /etc/group', (config) => config.annotations = { [key]: first });
    assert.deepEqual([learner.rights('/etc/passwd'), learner.rights('/etc/group')], [['read_file'], ['read_file']]);
    const { id } = await c.started(c.command(['sleep', '100'], (config) => {
      base(config);
      config.annotations = { [key]: learner.text };
    }));
    const flags = ['--learn', join(learner.dir, 'profile.json'), '--learn-paths', learner.file];
    const denied = await c.rt(['exec', id, 'sh', '-c', 'echo x >/data/new']);
    assert.notEqual(denied.code, 0);
    const learned = await c.rt(['exec', ...flags, id, 'sh', '-c', 'echo x >/data/new']);
    assert.equal(learned.code, 0, learned.stderr);
    await c.destroy(id);
    assert.ok(learner.rights('/data').includes('make_reg'), learner.text);
    assert.equal((await learner.under('cat /etc/passwd /etc/group >/data/new')).code, 0);
    const known = learner.text;
    await learner.learn('cat /etc/group');
    assert.equal(learner.text, known, 'nothing new changes nothing');
  }, only);

test('learn-paths: many files of a directory are the directory', async (c) => {
  const learner = new Learner(c);
  await learner.learn('for i in $(seq 20); do echo x >/data/$i; done');
  await learner.learn(
    'cat /bin/busybox >/dev/null; for i in ls cat cp mv rm ln mkdir rmdir echo true false date sleep sort'
      + ' uniq head tail wc; do cat /proc/sys/kernel/* >/dev/null 2>&1; done; true',
  );
  assert.ok(learner.rights('/proc/sys/kernel').includes('read_file'), learner.text);
  assert.equal((await learner.under('cat /proc/sys/kernel/ostype')).code, 0);
}, only);

test('learn-paths: other files, and flags', async (c) => {
  const learner = new Learner(c);
  const flags = ['--learn', join(learner.dir, 'profile.json'), '--learn-paths', learner.file];
  for (const text of ['[]', '{"annotations":{}}', '{"annotations":{"org.veloci.landlock":"{}"}}',
    '{"annotations":{"org.veloci.landlock":"{\\"ruleset\\":{\\"scoped\\":[\\"signal\\"]}}"}}'])
  {
    writeFileSync(learner.file, text);
    const { stderr } = await c.run(c.command(['true']), { flags });
    assert.match(stderr, /E0169/);
    assert.equal(readFileSync(learner.file, 'utf8'), text, 'it is left alone');
  }
  const alone = await c.run(c.command(['true']), { flags: flags.slice(2) });
  assert.match(alone.stderr, /E0164/);
}, { only: 'veloci' });

test("learn: what the configuration's own profile would have refused is named with its line", async (c) => {
  const { stderr } = await c.run(c.command(['sh', '-c', 'mkdir /dev/shm/a; mkdir /dev/shm/b'], (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] };
  }), { flags: ['--learn', join(c.dir(), 'profile.json')] });
  assert.match(stderr, /the profile of the configuration refuses mkdir(at)? \(2 times, \S*config\.json:\d+\)\n/);
}, { only: 'veloci' });

test('an ordinary user learns from a container of his, the first program included', async (c) => {
  const nobody = 65534;
  const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  const bundle = c.command(['/script'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: nobody, size: 1 }];
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
    delete config.linux.resources;
  });
  writeFileSync(join(bundle.rootfs, 'script'), '#!/bin/sh\ncat /etc/passwd\n', { mode: 0o755 });
  chmodSync(bundle.dir, 0o755);
  const [root, dir] = [c.dir(), c.dir()];
  for (const path of [root, dir]) chownSync(path, nobody, nobody);
  const file = join(dir, 'paths.json');
  const learned = await c.rt(['--root', root, 'run', '--learn', join(dir, 'profile.json'), '--learn-paths', file,
    '--bundle', bundle.dir, c.id()], { prefix });
  assert.equal(learned.code, 0, learned.stderr);
  assert.match(learned.stderr, /learned \d+ rules of Landlock/);
  bundle.config.annotations = (JSON.parse(readFileSync(file, 'utf8')) as Config).annotations!;
  bundle.write();
  const again = (): Promise<Result> => c.rt(['--root', root, 'run', '--bundle', bundle.dir, c.id()], { prefix });
  const ran = await again();
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /root/);
  writeFileSync(join(bundle.rootfs, 'script'), '#!/bin/sh\ncat /etc/group\n', { mode: 0o755 });
  assert.match((await again()).stderr, /denied/);
}, only);
