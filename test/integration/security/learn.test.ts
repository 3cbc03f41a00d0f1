// --learn: the smallest seccomp profile of a program, which then starts the program again and refuses what it has not done.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Config } from '../../support/spec.ts';

interface Profile {
  syscalls: { names: string[]; args?: { value: number }[] }[];
}

const profileIn = (file: string): Profile => JSON.parse(readFileSync(file, 'utf8')) as Profile;
const namesIn = (file: string): string[] => profileIn(file).syscalls.flatMap(({ names }) => names);

for (const noNewPrivileges of [true, false]) {
  const privileges = (config: Config): void => {
    config.process.noNewPrivileges = noNewPrivileges;
    config.root = { ...config.root!, readonly: false };
  };
  test(`learn: a learned profile holds, noNewPrivileges ${noNewPrivileges}`, async (c) => {
    const file = join(c.dir(), 'profile.json');
    const script = 'echo one; ls / > /dev/null; (echo two)';
    const learned = await c.run(c.command(['sh', '-c', script], privileges), { flags: ['--learn', file] });
    assert.equal(learned.code, 0, learned.stderr);
    assert.equal(learned.stdout, 'one\ntwo\n');
    assert.match(learned.stderr, /learned \d+ system calls from \d+ that were made/);
    const names = namesIn(file);
    assert.ok(names.includes('execve') && names.includes('write') && names.includes('getdents64'), names.join(' '));
    assert.ok(!names.includes('mkdir') && !names.includes('mkdirat'), 'nobody has called it');
    assert.equal(names.includes('capset'), !noNewPrivileges,
      'what the runtime does behind the filter belongs to it, no more');
    const seccomp = JSON.parse(readFileSync(file, 'utf8')) as NonNullable<Config['linux']['seccomp']>;
    const under = (config: Config): void => {
      privileges(config);
      config.linux.seccomp = seccomp;
    };
    const again = await c.run(c.command(['sh', '-c', script], under));
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.stdout, 'one\ntwo\n');
    const other = await c.run(c.command(['sh', '-c', 'mkdir /tmp/made || echo refused'], under));
    assert.match(other.stdout, /refused/, other.stderr);
  });
}

test('learn: a second run adds to the file', async (c) => {
  const file = join(c.dir(), 'profile.json');
  assert.equal((await c.run(c.command(['sh', '-c', 'echo one']), { flags: ['--learn', file] })).code, 0);
  const first = namesIn(file);
  assert.equal(
    (await c.run(c.command(['sh', '-c', 'mkdir /dev/shm/made; sleep 0.01']), { flags: ['--learn', file] })).code,
    0,
  );
  const second = namesIn(file);
  assert.ok(first.every((name) => second.includes(name)), 'nothing is forgotten');
  assert.ok(second.some((name) => name.startsWith('mkdir')), second.join(' '));
});

test("learn: the configuration's own filter refuses nothing meanwhile", async (c) => {
  const file = join(c.dir(), 'profile.json');
  const bundle = c.command(['sh', '-c', 'mkdir /dev/shm/made && echo made'], (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] };
  });
  assert.equal((await c.run(bundle)).code, 1, 'without it');
  const learned = await c.run(bundle, { flags: ['--learn', file] });
  assert.equal(learned.stdout, 'made\n', learned.stderr);
});

test('learn: exec', async (c) => {
  const file = join(c.dir(), 'profile.json');
  const { id } = await c.started(c.command(['sleep', '100']));
  const learned = await c.rt(['exec', '--learn', file, id, 'sh', '-c', 'echo hello; uname > /dev/null']);
  assert.equal(learned.code, 0, learned.stderr);
  assert.equal(learned.stdout, 'hello\n');
  assert.ok(namesIn(file).includes('uname'));
  const left = await c.rt(['exec', '--learn', file, id, 'sh', '-c', 'sleep 100 > /dev/null 2>&1 &']);
  assert.equal(left.code, 0);
  assert.match(left.stderr, /E0156/, 'a process that stays under the filter could still call anything');
  await c.destroy(id);
});

test('learn: a program that fails, and errors', async (c) => {
  const file = join(c.dir(), 'profile.json');
  const failing = await c.run(c.command(['sh', '-c', "sh -c 'kill -9 $$'; exit 7"]), { flags: ['--learn', file] });
  assert.equal(failing.code, 7, "the status is the program's");
  assert.ok(namesIn(file).includes('kill'));
  const detached = await c.run(c.command(['true']), { flags: ['--learn', file, '--detach'] });
  assert.equal(detached.code, 1);
  assert.match(detached.stderr, /E0155/);
  writeFileSync(file, '{"defaultAction":"SCMP_ACT_ALLOW"}');
  const foreign = await c.run(c.command(['true']), { flags: ['--learn', file] });
  assert.match(foreign.stderr, /E0157/);
  assert.equal(readFileSync(file, 'utf8'), '{"defaultAction":"SCMP_ACT_ALLOW"}', 'it is left alone');
  const failed = await c.run(c.command(['/nowhere']), { flags: ['--learn', join(c.dir(), 'other')] });
  assert.equal(failed.code, 1);
});

/** Whether this kernel tells which capabilities it asks for. */
const tracepoint = spawnSync('/bin/sh', ['-c', 'mkdir -p /run/tracefs && mount -t tracefs tracefs /run/tracefs'
  + ' && test -e /run/tracefs/events/capability/cap_capable; found=$?; umount /run/tracefs; rmdir /run/tracefs; exit $found']);
const told = tracepoint.status === 0 ? false : 'this kernel has no tracepoint capability:cap_capable';

type Sets = Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>;
const every = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_KILL', 'CAP_MKNOD', 'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SYS_ADMIN', 'CAP_SYS_CHROOT'];

const withCapabilities = (sets: Partial<Sets>, uid = 0) => (config: Config): void => {
  config.process.capabilities = sets;
  config.process.user = { uid, gid: uid };
  config.root = { ...config.root!, readonly: false };
};
const all: Sets = { bounding: every, effective: every, permitted: every, inheritable: [], ambient: [] };

/** What a script uses, and what it then does with these, and without each of them. */
for (const [what, script, names] of [
  ['a file that changes hands and a port below 1024',
    'touch /file && chown 7:7 /file && { nc -l -p 81 2>/said & until grep -q :0051 /proc/net/tcp* || grep -q . /said; do :; done; '
    + 'kill $!; ! grep -q denied /said; }', [
    'CAP_CHOWN',
    'CAP_NET_BIND_SERVICE',
  ]],
  ['a file of somebody else and a mount', 'echo x >>/theirs && mkdir -p /point && mount -t tmpfs none /point', [
    'CAP_DAC_OVERRIDE',
    'CAP_SYS_ADMIN',
  ]],
  ['memory and processes alone', 'ls -R / >/dev/null 2>&1; (true); cat /etc/passwd | sort >/dev/null', []],
] as const) {
  test(`learn: capabilities of ${what}`, async (c) => {
    const dir = c.dir();
    const [profile, file] = [join(dir, 'profile.json'), join(dir, 'capabilities.json')];
    const bundle = (sets: Partial<Sets>): ReturnType<typeof c.command> => {
      const made = c.command(['sh', '-c', script], withCapabilities(sets));
      writeFileSync(join(made.rootfs, 'theirs'), '');
      spawnSync('chown', ['9:9', join(made.rootfs, 'theirs')]);
      chmodSync(join(made.rootfs, 'theirs'), 0o600);
      return made;
    };
    const learned = await c.run(bundle(all), { flags: ['--learn', profile, '--learn-capabilities', file] });
    assert.equal(learned.code, 0, learned.stderr);
    const sets = JSON.parse(readFileSync(file, 'utf8')) as Sets;
    assert.deepEqual(sets, { bounding: names, effective: names, permitted: names, inheritable: [], ambient: [] });
    const again = await c.run(bundle(sets));
    assert.equal(again.code, 0, `with them alone: ${again.stderr}`);
    for (const name of names) {
      const fewer = names.filter((other) => other !== name);
      const { code } = await c.run(bundle({ bounding: [...fewer], effective: [...fewer], permitted: [...fewer] }));
      assert.notEqual(code, 0, `without ${name}`);
    }
  }, { skip: told });
}

test('learn: capabilities of several runs add up, those of an ordinary user are ambient', async (c) => {
  const dir = c.dir();
  const flags = ['--learn', join(dir, 'profile.json'), '--learn-capabilities', join(dir, 'capabilities.json')];
  const sets = (): Sets => JSON.parse(readFileSync(join(dir, 'capabilities.json'), 'utf8')) as Sets;
  const user = { ...all, inheritable: every, ambient: every };
  for (const [script, expected] of [['chroot / true', ['CAP_SYS_CHROOT']], ['mknod /dev/shm/node c 1 3', ['CAP_MKNOD',
    'CAP_SYS_CHROOT']]] as const)
  {
    const { code, stderr } = await c.run(c.command(['sh', '-c', script], withCapabilities(user, 1000)), { flags });
    assert.equal(code, 0, stderr);
    const { bounding, effective, permitted, inheritable, ambient } = sets();
    // A busybox of an ordinary user asks for his own ids once more, which the kernel grants by these, too.
    assert.deepEqual(bounding.filter((name) => !/^CAP_SET[GU]ID$/.test(name)), expected);
    for (const set of [effective, permitted, inheritable, ambient]) assert.deepEqual(set, bounding);
  }
  writeFileSync(join(dir, 'capabilities.json'), '{"bounding":["CAP_UNHEARD_OF"]}');
  const foreign = await c.run(c.command(['true']), { flags });
  assert.match(foreign.stderr, /E0165/);
  const alone = await c.run(c.command(['true']), { flags: flags.slice(2) });
  assert.match(alone.stderr, /E0164/);
}, { skip: told });
