// What a program gets in a sandbox, and what comes out of it.
import { readFileSync } from 'node:fs';
import { assert } from '../../support/case.ts';
import { sandboxed } from './scene.ts';

sandboxed('input, output, files, environment, what has changed', async (scene) => {
  const result = await scene.sh(
    'cat; cat a/in.txt; echo $B; pwd; echo 1 > out; echo more >> a/in.txt; mkdir d; echo 2 > d/two; ln -s /etc x; mkfifo f; ' +
      'echo t > /tmp/t; echo err >&2; exit 3',
    { stdin: 'typed\n', files: { 'a/in.txt': 'given\n', 'same.txt': 'same', 'run.sh': { content: '', mode: 0o755 } },
      env: { B: 'c d' } },
  );
  assert.deepEqual([result.status, result.signal, result.reason, result.stdout, result.stderr], [3, null, 'exited',
    'typed\ngiven\nc d\n/work\n', 'err\n']);
  assert.deepEqual({ ...result.files }, { out: '1\n', 'a/in.txt': 'given\nmore\n', 'd/two': '2\n' });
  const changed = result.changed.map(({ path, change, kind }) => `${change} ${kind} ${path}`).sort();
  assert.deepEqual(changed, ['added directory /work/a', 'added directory /work/d', 'added fifo /work/f',
    'added file /tmp/t', 'added file /work/a/in.txt', 'added file /work/d/two', 'added file /work/out',
    'added link /work/x']);
  assert.ok(result.complete && result.usage.disk > 0 && result.usage.inodes > 0 && result.usage.peakMemory > 0);
});

sandboxed('a root that only this run sees changed', async (scene) => {
  const script = 'rm /etc/passwd; echo new > /etc/group; echo $?; ls -i /..; ls /root';
  const [first, second] = [await scene.sh(script), await scene.sh('cat /etc/passwd; ls /work /tmp')];
  // Without a right to map more ids the root belongs to nobody.
  if (scene.holder === 'root') {
    assert.deepEqual(first.changed.map(({ path, change }) => `${change} ${path}`).sort(), ['modified /etc/group',
      'removed /etc/passwd']);
  } else {
    assert.deepEqual(first.changed, []);
  }
  assert.match(second.stdout, /root/);
  assert.match(second.stdout, /\/tmp:\n\n\/work:\n$/);
  assert.match(readFileSync(`${scene.rootfs}/etc/passwd`, 'utf8'), /root/);
});

sandboxed('no mount but its own', async (scene) => {
  const { stdout } = await scene.sh('cat /proc/self/mountinfo; stat -c %d:%i / /.. /../..');
  const points = stdout.split('\n').flatMap((line) => (line.includes(' - ') ? [line.split(' ')[4]!] : []));
  const known =
    /^\/($|dev($|\/(pts|shm|null|zero|full|random|urandom|tty)$)|proc($|\/(acpi|asound|bus|fs|irq|kcore|keys|latency_stats|timer_list|timer_stats|sched_debug|scsi|sys|sysrq-trigger|interrupts)$))/;
  assert.deepEqual(points.filter((point) => !known.test(point)), []);
  const [root, ...above] = stdout.trim().split('\n').slice(-3);
  assert.deepEqual(above, [root, root]);
});

sandboxed('ends: time, output, abort, signal, status; a program that is missing', async (scene) => {
  const late = await scene.sh('trap "" TERM INT HUP; sleep 1000 & sleep 1000', { timeout: '300ms' });
  assert.deepEqual([late.reason, late.signal], ['timeout', 'SIGKILL']);
  assert.ok(late.took < 5000);
  const flood = await scene.run(['yes'], { outputLimit: '64 KiB' });
  assert.deepEqual([flood.reason, flood.stdout.length], ['output', 65536]);
  assert.equal((await scene.run(['sleep', '1000'], { abortAfter: 200 })).reason, 'aborted');
  for (const [name, number] of [['TERM', 143], ['ABRT', 134], ['KILL', 137]] as const) {
    const own = await scene.sh(`kill -${name} $$; echo still here`);
    assert.deepEqual([own.reason, own.signal, own.status, own.stdout], ['signalled', `SIG${name}`, null, '']);
    const child = await scene.sh(`sh -c 'kill -${name} $$'; exit $?`);
    assert.deepEqual([child.reason, child.signal, child.status], ['exited', null, number]);
  }
  assert.match((await scene.ask(['no-such-program'])).error ?? '', /E0732/);
  assert.match((await scene.ask(['true'], { files: { '../x': '' } })).error ?? '', /no path of a file/);
  assert.match((await scene.ask(['true'], { timeout: 'soon' })).error ?? '', /timeout is "soon"/);
  assert.match((await scene.ask(['true'], {}, { memory: '1 parsec' })).error ?? '', /memory is "1 parsec"/);
});

sandboxed('twenty at once keep apart', async (scene) => {
  const results = await Promise.all(
    Array.from({ length: 20 },
      (_, index) => scene.sh(`echo ${index} > mine; sleep 0.1; cat mine; ls /work`, { files: { in: String(index) } })),
  );
  results.forEach(({ stdout }, index) => assert.equal(stdout, `${index}\nin\nmine\n`));
});

sandboxed('processes whose parents have ended are waited for', async (scene) => {
  const result = await scene.sh('for i in 1 2 3 4 5 6; do (sh -c "sleep 0.01 & exit" &); done; sleep 0.5; ' +
    'cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z "');
  assert.equal(result.stdout, '0\n');
});
