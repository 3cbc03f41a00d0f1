// --learn: the smallest seccomp profile of a program, which then starts the program again and refuses what it has not done.
import { readFileSync, writeFileSync } from 'node:fs';
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
