// Containers that were started well and have made of themselves what a command does not expect: other mounts, terminals, names,
// programs and cgroups. No command hangs, leads out, or prints what steers a terminal.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { onTerminal } from '../../support/console.ts';
import type { Context, Created } from '../../support/context.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const options = { only: 'veloci', drift: 'it has changed itself' } as const;
const timeLimit = 8000;

const powers = ['SYS_ADMIN', 'SYS_PTRACE', 'SYS_CHROOT', 'SYS_RESOURCE', 'DAC_OVERRIDE', 'MKNOD', 'KILL', 'CHOWN',
  'FOWNER']
  .map((name) => `CAP_${name}`);

function grant(config: Config, names: string[] = powers): void {
  config.root.readonly = false;
  config.process.noNewPrivileges = false;
  config.process.capabilities = { bounding: names, effective: names, permitted: names };
}

/** A container that has run `setup` as root with many capabilities; returns when that is done. */
async function hostile(c: Context, setup: string, change: (config: Config) => void = grant): Promise<Created> {
  const bundle = c.command(['sh', '-c', `${setup}\necho ready; exec sleep 1000`], change, { rootfs: 'copy' });
  const created = await c.started(bundle);
  for (const end = Date.now() + 10_000 * timeScale; !created.output().endsWith('ready\n'); await sleep(10))
    assert.ok(Date.now() < end, `it is not ready: ${created.output()}${created.errors()}`);
  return created;
}

const ptmx = /E0731/;
interface Row {
  what: string;
  setup: string;
  /** what is executed, its status, and what it prints on either stream */
  execs: [args: string[], status: number, prints: RegExp][];
  tty?: true;
}

const fakeProc = 'mount -t tmpfs x /proc; mkdir -p /proc/self/attr /proc/thread-self/attr /proc/1/attr /proc/self/fd;' +
  'for d in self thread-self 1; do for f in oom_score_adj attr/exec attr/current setgroups; do mkfifo /proc/$d/$f; done; done';
const newRoot =
  'mkdir -p /new/old /new/bin; mount -t tmpfs x /new; mkdir /new/old /new/bin; cp /bin/busybox /new/bin/;' +
  'for n in sh ls sleep umount; do ln -s busybox /new/bin/$n; done; cd /new;';

const rows: Row[] = [
  { what: 'a tmpfs with FIFOs on /proc', setup: fakeProc,
    execs: [[['true'], 0, /^$/], [['--cwd', '/tmp', '--user', '1000', 'ID', 'pwd'], 0, /^\/tmp\n$/]] },
  { what: 'no /proc', setup: 'umount -l /proc', execs: [[['--user', '1000', 'ID', 'pwd'], 0, /^\/\n$/]] },
  { what: 'a root of its own', setup: `${newRoot} pivot_root . old; umount -l /old`,
    execs: [[['/bin/ls', '/'], 0, /^bin\nold\n$/], [['--cwd', '/old', 'ID', '/bin/ls', '..'], 0, /^bin\nold\n$/]] },
  { what: 'an empty tmpfs over its root', setup: 'mount -t tmpfs x /', execs: [[['/bin/ls', '/'], 255, /E0764/]] },
  { what: 'FIFOs as /etc/passwd and group', setup: 'rm /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group',
    execs: [[['--user', '1000:1000', '--additional-gids', '5', 'ID', 'true'], 0, /^$/]] },
  { what: 'no devpts', setup: 'umount -l /dev/pts', tty: true, execs: [[['tty'], 255, ptmx]] },
  { what: 'a FIFO on ptmx', setup: 'mkfifo /tmp/f; mount --bind /tmp/f /dev/pts/ptmx', tty: true,
    execs: [[['tty'], 255, ptmx]] },
  { what: 'a FIFO in a tmpfs as ptmx', setup: 'mount -t tmpfs x /dev/pts; mkfifo /dev/pts/ptmx', tty: true,
    execs: [[['tty'], 255, ptmx]] },
  { what: 'another device on ptmx', setup: 'mount --bind /dev/null /dev/pts/ptmx', tty: true,
    execs: [[['tty'], 255, ptmx]] },
  { what: 'a link as /dev/pts', tty: true, execs: [[['tty'], 255, ptmx]],
    setup: 'umount -l /dev/pts; rmdir /dev/pts; ln -s /tmp /dev/pts; mkfifo /tmp/ptmx' },
  { what: 'programs that are none', setup: 'cd /bin; mkfifo f; mkdir d; mknod z c 1 5; : >e; head -c 100 busybox >t;' +
    'for n in f z s; do printf "#!/bin/$n\\n" >i$n; done; mv is s; ln -s /proc/kmsg k; chmod 755 f z e t s if iz',
    execs: [['f', 'E0887'], ['if', 'E0733'], ['d', 'E0734'], ['z', 'E0887'], ['iz', 'E0733'], ['e', 'E0894'], ['t',
      'E0896'], ['s', 'ELOOP'], ['k', 'E0888']].map(([name, code]) => [[`/bin/${name}`], 255, new RegExp(`${code}`)]) },
  { what: 'what an exec leaves behind, which holds its output', setup: ':',
    execs: [[['sh', '-c', 'trap "" TERM INT HUP; sleep 1000 & echo x'], 0, /^x\n$/]] },
];

for (const { what, setup, execs, tty } of rows) {
  test(`exec into a container with ${what}`, async (c) => {
    const { id } = await hostile(c, setup);
    for (const [args, status, prints] of execs) {
      const words = ['exec', ...(tty ? ['-t'] : []), ...(args.includes('ID') ? args : ['ID', ...args])]
        .map((word) => word === 'ID' ? id : word);
      if (tty) {
        const talk = onTerminal([runtimePath(), '--root', c.root, ...words]);
        const code = await Promise.race([talk.exit, sleep(timeLimit * timeScale, 'it hangs')]);
        talk.kill();
        assert.equal(code, status, talk.output);
        assert.match(talk.output, prints);
        continue;
      }
      const result = await c.rt(words, { timeLimit });
      assert.deepEqual([result.code, result.timedOut], [status, false], `${args.join(' ')}: ${result.stderr}`);
      assert.match(result.stdout + result.stderr, prints, args.join(' '));
    }
  }, options);
}

test('a program in a chroot of the container: exec works in the root of the container', async (c) => {
  const bundle = c.command(['sh', '-c',
    'mkdir -p /new/bin; cp /bin/busybox /new/bin/sleep; exec chroot /new sleep 1000'], (config) => grant(config), {
    rootfs: 'copy',
  });
  const { id, pid } = await c.started(bundle);
  for (const end = Date.now() + 10_000 * timeScale; !readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep');
    await sleep(10)) assert.ok(Date.now() < end);
  const { stdout } = await c.rt(['exec', id, 'ls', '/..']);
  assert.deepEqual(stdout.trim().split('\n').sort(), readdirSync(bundle.rootfs).sort());
}, options);

test('names that steer a terminal are printed escaped', async (c) => {
  const setup = `printf '\\033]0;owned\\007\\nX' >/proc/self/comm; hostname "$(printf 'h\\033]0;x\\007')"
    m="/tmp/$(printf 'm\\033[31m')"; mkdir "$m"; mount -t tmpfs "$(printf 's\\033[32m')" "$m"
    b="/bin/$(printf 'a\\033[31mb\\nc')"; mkdir "$b"; cp /bin/busybox "$b/sleep"; "$b/sleep" 1000 &`;
  const { id } = await hostile(c, setup);
  let shown = 0;
  for (const args of [['diff', id], ['diff', '--json', id], ['ps', id], ['top', '--once'], ['why', id], ['audit', id], [
    'list',
  ], ['state', id], ['timeline', id], ['events', '--stats', id]]) {
    const result = await c.rt(args, { timeLimit });
    assert.equal(result.timedOut, false, args[0]);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(result.stdout + result.stderr, /[\x00-\x08\x0b-\x1f\x7f]/, args.join(' '));
    if (/u001b/.test(result.stdout)) shown++;
  }
  assert.ok(shown >= 2, 'diff shows the names');
}, options);

test('a program that is /proc/self/exe, while others write to every exe: the command stays as it is', async (c) => {
  const sum = (): string => createHash('sha256').update(readFileSync(runtimePath())).digest('hex');
  const before = sum();
  const writer = 'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] && continue; case "$(readlink $p/exe)" in' +
    ' /bin/busybox) ;; *) echo owned >$p/exe && echo $p >>/tmp/wrote;; esac; done; done';
  const { id } = await hostile(c, `printf "#!/proc/self/exe\\n" >/bin/x; chmod 755 /bin/x; (${writer}) 2>/dev/null &`);
  for (const args of [['/bin/x'], ['/bin/x', 'state'], ['/proc/self/exe'], ['/proc/self/exe', '--help']]) {
    for (let i = 0; i < 4; i++) {
      const result = await c.rt(['exec', id, ...args], { timeLimit });
      assert.deepEqual([result.timedOut, result.code !== 0], [false, true], args.join(' '));
    }
  }
  assert.equal((await c.rt(['exec', id, 'cat', '/tmp/wrote'])).stdout, '');
  assert.equal(sum(), before);
  assert.equal((await c.rt(['exec', id, 'echo', 'whole'])).stdout, 'whole\n');
}, options);

test('without CAP_SYS_ADMIN no file is written by which the host would run a program, by any name', async (c) => {
  const files = ['/sys/fs/cgroup/*/release_agent', '/sys/fs/cgroup/*/notify_on_release', '/sys/fs/cgroup/cgroup.procs',
    '/sys/kernel/uevent_helper',
    ...['', '/proc/1/root', '/proc/self/root', '/proc/thread-self/cwd', '/proc/1/task/1/cwd']
      .flatMap((root) =>
        ['sys/kernel/core_pattern', 'sys/kernel/modprobe', 'sysrq-trigger', 'sys/fs/binfmt_misc/register']
          .map((name) => `${root}/proc/${name}`)
      )];
  const { stdout, code, stderr } = await c.run(
    c.command(['sh', '-c',
      `for f in ${files.join(' ')}; do [ -e $f ] && echo SEEN; (echo x >$f) 2>/dev/null && echo WROTE $f; done;` +
      'for d in /proc /proc/sys /proc/sysrq-trigger /proc/keys /sys /sys/fs/cgroup; do for o in remount,bind,rw remount,rw; do' +
      ' mount -o $o $d 2>/dev/null && echo CHANGED $d; done; umount $d 2>/dev/null && echo REMOVED $d; done; true'],
      (config) => grant(config, powers.filter((name) => name !== 'CAP_SYS_ADMIN'))),
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /SEEN/);
  assert.doesNotMatch(stdout, /WROTE|CHANGED|REMOVED/);
}, { only: 'veloci' });

test('a startContainer hook opens nothing of init, and has no descriptor but its stdio', async (c) => {
  const script =
    'cat >/dev/null; cd /proc; ls self/fd | tr "\\n" " "; readlink 1/exe 1/cwd 1/root 1/fd/*; ls 1/cwd/ 1/root/;' +
    'for f in 1/exe 1/mem 1/environ 1/maps 1/fd/*; do (: <$f) && echo READ $f; (: >>$f) && echo WROTE $f; done; true';
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.root.readonly = false;
    config.hooks = {
      startContainer: [{ path: '/bin/sh', args: ['sh', '-c', `(${script}) >/tmp/seen 2>/dev/null`],
        env: ['PATH=/bin'] }],
    };
  }, { rootfs: 'copy' });
  await c.started(bundle);
  // 3 is the directory that ls reads.
  assert.equal(readFileSync(join(bundle.rootfs, 'tmp/seen'), 'utf8'), '0 1 2 3 ');
}, { only: 'veloci' });

test('a container that fills its cgroups: every command works on it, and nothing is left', async (c) => {
  const name = "$(printf 'n\\nl\\033[31m')";
  const { id } = await hostile(c,
    'for d in /sys/fs/cgroup /sys/fs/cgroup/*; do [ -e $d/cgroup.procs ] || continue; (cd $d;' +
      ' for i in 1 2 3 4 5 6 7 8 9 10 11 12; do mkdir x && cd x; done; sh -c "echo 0 >cgroup.procs; exec sleep 1000" &' +
      ` mkdir y "${name}"); done 2>/dev/null; (while :; do sleep 1000 & sleep 0.02; done) &`, (config) => {
    grant(config);
    config.mounts = config.mounts.map((mount) =>
      mount.type === 'cgroup' ? { ...mount, options: ['nosuid', 'noexec', 'nodev', 'rw'] } : mount
    );
    config.linux.resources = { ...config.linux.resources, pids: { limit: 300 } };
  });
  for (const args of [['update', '--memory', '100000000'], ['exec', 'ID', 'true'], ['pause'], ['resume'], ['ps'], [
    'events',
    '--stats',
  ], ['why'], ['kill', '--all', 'ID', 'USR1'], ['delete', '--force']]) {
    const words = args.includes('ID') ? args : [...args, 'ID'];
    const result = await c.rt(words.map((word) => word === 'ID' ? id : word), { timeLimit });
    assert.deepEqual([result.code, result.timedOut], [0, false], `${args.join(' ')}: ${result.stderr}`);
  }
}, options);

test('what was a directory when a mount was added is a link: mounts remove does not follow it', async (c) => {
  const bundle = c.command(['/probe', 'pause'], () => {}, { rootfs: 'copy' });
  const volume = join(bundle.rootfs, 'vol');
  mkdirSync(join(volume, 'a/sys'), { recursive: true });
  const { id, pid } = await c.started(bundle);
  const mountinfo = (): string[] =>
    readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').map((line) => line.split(' ').slice(3, 6).join(' '));
  const before = mountinfo();
  const list = (destination: string): string => {
    const file = join(c.dir(), 'mounts.json');
    writeFileSync(file, JSON.stringify([{ destination, type: 'tmpfs', source: 'tmpfs' }]));
    return file;
  };
  const tmpfs = list('/vol/a/sys');
  assert.equal((await c.rt(['mounts', 'add', id, tmpfs])).code, 0);
  renameSync(join(volume, 'a'), join(volume, 'old'));
  symlinkSync('/proc', join(volume, 'a'));
  const removed = await c.rt(['mounts', 'remove', id, tmpfs]);
  assert.equal(removed.code, 1);
  assert.match(removed.stderr, /E0986.*\/vol\/a\/sys/);
  assert.ok(before.includes('/sys /proc/sys ro,relatime'));
  assert.deepEqual(mountinfo().filter((line) => !/vol\/old/.test(line)), before);
  assert.equal((await c.rt(['mounts', 'remove', id, list('/vol/old/sys')])).code, 0);
  assert.deepEqual(mountinfo(), before);
}, options);
