// Hostile programs in a sandbox, of root and of an ordinary user: each is kept in, ends with a reason, and leaves nothing.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../support/case.ts';
import { timeScale } from '../../support/paths.ts';
import { sandboxed } from './scene.ts';

const soon = 10_000 * timeScale;

sandboxed('attack: a fork bomb', async (scene) => {
  const result = await scene.sh('b() { b | b & }; b; sleep 1000', { timeout: '500ms' });
  assert.ok(['timeout', 'exited'].includes(result.reason), result.reason);
  assert.ok(result.took < soon);
  const after = await scene.sh('echo fine');
  assert.equal(after.stdout, 'fine\n');
});

sandboxed('attack: a memory bomb', async (scene) => {
  const result = await scene.sh('x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done', { timeout: '10s' });
  // Where no cgroup holds it the shell gets no more, and says so.
  if (result.limits.memory.by === 'cgroup') assert.equal(result.reason, 'oom');
  else assert.notEqual(result.status, 0);
  assert.ok(result.usage.peakMemory < 64 << 20);
});

sandboxed('attack: disk bombs: bytes, a sparse file, files without end', async (scene) => {
  const bytes = await scene.sh('cat /dev/zero > a; cat /dev/zero > b; cat /dev/zero > /tmp/c; ls -l >&2; echo $?', {}, {
    disk: '4 MiB',
  });
  assert.match(bytes.stderr, /No space left|File too large/);
  assert.ok(bytes.usage.disk <= 4 << 20);
  const sparse = await scene.sh('truncate -s 1000000 ok; truncate -s 100000000000 huge; echo x > small', {}, {
    disk: '1 MiB',
  });
  assert.ok(Object.values(sparse.files).every((text) => text.length <= 1_000_000));
  assert.equal(sparse.files['small'], 'x\n');
  const files = await scene.sh('i=0; while echo > f$i; do i=$((i+1)); done 2>/dev/null; echo $i', { timeout: '30s' }, {
    inodes: 300,
  });
  assert.ok(Number(files.stdout) > 100 && Number(files.stdout) < 300, files.stdout);
  assert.ok(files.changed.length > 100);
});

sandboxed('attack: more files and bytes than are taken out', async (scene) => {
  const much = await scene.sh('for i in 1 2 3 4; do head -c 100000 /dev/zero > f$i; done', { filesLimit: 250_000 });
  assert.equal(Object.keys(much.files).length, 2);
  assert.equal(much.complete, false);
  const many = await scene.sh('i=0; while [ $i -lt 1100 ]; do : > f$i; i=$((i+1)); done', { timeout: '30s' });
  assert.deepEqual([Object.keys(many.files).length, many.complete], [1000, false]);
  const deep = await scene.sh('i=0; while [ $i -lt 400 ]; do mkdir d && cd d || exit 1; i=$((i+1)); done; echo x > x', {
    timeout: '30s',
  });
  assert.deepEqual([deep.status, deep.complete], [0, false]);
});

sandboxed('attack: links, FIFOs, sockets and closed files in what is taken out', async (scene) => {
  writeFileSync('/tmp/secret-of-host', 'secret');
  const result = await scene.sh(
    'ln -s /tmp/secret-of-host a; ln -s /etc/passwd b; mkfifo c; ln -s ../../../../../tmp d; ln -s d/secret-of-host e; ' +
      'nc -l -p 0 -s 127.0.0.1 >/dev/null 2>&1 & mkdir closed; echo in > closed/f; chmod 0 closed/f closed; ' +
      'echo ok > ok; ln ok hard; mv closed moved; rm -rf /tmp; ln -s /work /tmp',
  );
  assert.deepEqual({ ...result.files }, { ok: 'ok\n', hard: 'ok\n', 'moved/f': 'in\n' });
  assert.doesNotMatch(JSON.stringify(result.files), /secret/);
});

sandboxed('attack: names of bytes that are no text, and of the prototype', async (scene) => {
  const result = await scene.sh(
    'echo 1 > "$(printf \'a\\377b\')"; echo 2 > __proto__; echo 3 > "$(printf \'x\\ny\')"; echo 4 > constructor',
  );
  assert.equal(result.files['x\ny'], '3\n');
  assert.equal(result.changed.length, 4);
  assert.ok(Object.keys(result.files).includes('constructor'));
});

sandboxed('attack: a first process that ignores signals, and children that leave its session', async (scene) => {
  const result = await scene.sh(
    'trap "" TERM INT HUP QUIT; (setsid sleep 1000 &) ; setsid sleep 1000 & while :; do sleep 1; done',
    { timeout: '400ms' },
  );
  assert.equal(result.reason, 'timeout');
  assert.ok(result.took < soon);
});

sandboxed('attack: output that nobody should keep, on both streams', async (scene) => {
  const result = await scene.sh('yes >&2 & yes', { outputLimit: '100 KiB', timeout: '20s' });
  assert.equal(result.reason, 'output');
  assert.equal(result.stdout.length + result.stderr.length, 102400);
});

sandboxed('attack: signals to its parent and to all', async (scene) => {
  const result = await scene.sh(
    'kill -9 $PPID 0; kill -STOP -1; for i in $(seq 2 400); do kill -9 $i; done 2>/dev/null; echo alive',
    { timeout: '5s' },
  );
  assert.ok(result.stdout === 'alive\n' || result.reason !== 'exited' || result.status !== null);
  assert.equal((await scene.sh('echo fine')).stdout, 'fine\n');
});

sandboxed('attack: system calls that no program needs', async (scene) => {
  const { stdout } = await scene.run(['forbidden'], { timeout: '20s' });
  const lines = stdout.trim().split('\n');
  assert.ok(lines.length > 40);
  // SIGSYS: the call of another architecture.
  const isRefused = (line: string): boolean => /^\S+ (1|38|signal 31|refused)$/.test(line);
  assert.deepEqual(lines.filter((line) => !isRefused(line)), []);
  const killed = await scene.run(['forbidden'], {}, { forbidden: 'kill' });
  assert.ok(killed.stdout.split('\n').filter((line) => line.endsWith('signal 31')).length > 30, killed.stdout);
});

sandboxed('attack: /proc, /dev and the host behind them', async (scene) => {
  const { stdout } = await scene.sh(
    'for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches /proc/kcore ' +
      '/proc/1/oom_score_adj0 /proc/kallsyms0 /proc/sys/kernel/hostname /sys/kernel/uevent_helper /dev/mem /dev/kmsg /dev/vda ' +
      '/proc/self/uid_map /proc/self/setgroups; do (echo b > $f) 2>/dev/null && echo wrote $f; done; ' +
      'head -c 10 /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | grep -v ==; ls /proc | grep -c "^[0-9]"; ' +
      'cat /proc/1/environ; cat /proc/self/environ | tr "\\\\0" "\\\\n" | sort; ls /proc/1/fd; ls /sys; mknod /dev/x c 1 3; mknod sda b 8 0; mount -t tmpfs x /tmp; ' +
      'ls -A /run /dev/shm; echo -1000 > /proc/self/oom_score_adj; cat /proc/self/oom_score_adj; unshare -U true; umount /proc; ip a | grep -c "^[0-9]"',
    { timeout: '5s' },
  );
  assert.doesNotMatch(stdout, /wrote/);
  assert.match(stdout, /^HOME=\/work$/m);
  assert.doesNotMatch(stdout, /NODE|PWD=\/root/);
  assert.match(stdout, /^1000$/m);
});

sandboxed('attack: keyrings, semaphores and shared memory do not lead from one to the next', async (scene) => {
  const write = await scene.sh(
    'echo secret > /dev/shm/x; echo secret > /tmp/x; echo secret > x; cat /proc/keys; ls /dev/mqueue 2>/dev/null',
  );
  assert.equal(write.stdout, '');
  assert.equal((await scene.sh('cat /dev/shm/x /tmp/x x 2>/dev/null')).stdout, '');
});

sandboxed('attack: set-user-id programs', async (scene) => {
  const result = await scene.sh(
    'cp /bin/busybox su; chmod 6755 su; ./su id; grep -E "NoNewPrivs|CapBnd" /proc/self/status; ./su chown 5 su; echo $?',
  );
  assert.match(result.stdout, /NoNewPrivs:\t1/);
  assert.match(result.stdout, /CapBnd:\t0000000000000000/);
  assert.match(result.stdout, /\n1\n$/);
});

sandboxed('attack: hundreds of processes one after the other', async (scene) => {
  const result = await scene.sh(
    `i=0; while [ $i -lt ${
      process.env['VELOCI_FUZZ'] === undefined ? 300 : 5000
    } ]; do /true; i=$((i+1)); done; echo $i`,
    { timeout: '60s' },
  );
  assert.match(result.stdout, /^\d+\n$/);
});

sandboxed('the program that holds a sandbox is killed: nothing is left', async (scene) => {
  const asked = scene.ask(['sh', '-c', 'trap "" TERM; sleep 4444 & sleep 4444'], { timeout: '60s' });
  asked.catch(() => {});
  const sleepers = (): string[] =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('4444');
      } catch {
        return false;
      }
    });
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    for (const end = Date.now() + soon; !holds(); await sleep(20)) assert.ok(Date.now() < end, what);
  };
  await until(() => sleepers().length >= 2, 'it does not start');
  scene.child.kill('SIGKILL');
  await until(() => sleepers().length === 0, 'processes live on');
  await until(() => readdirSync(scene.root).filter((name) => !name.startsWith('.')).length === 0, 'its state stays');
  assert.ok(existsSync(scene.rootfs));
});
