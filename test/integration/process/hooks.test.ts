// The six kinds of hooks: order, namespaces, state on stdin, env, cwd, timeout, failure.
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Bundle } from '../../support/bundle.ts';

const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;
const inContainer = ['startContainer'];

/** A bundle with one hook of each kind that appends what it sees to a file that both sides can reach. */
function bundleWithHooks(
  c: Context,
  script: (kind: string) => string,
  args: string[] = ['/probe', 'exit', '0'],
  only: readonly string[] = kinds,
): { bundle: Bundle; log: string } {
  const shared = c.dir();
  const log = join(shared, 'log');
  writeFileSync(log, '');
  const bundle = c.command(args, (config) => {
    // the same path on both sides, so that one script does for both
    config.mounts.push({ destination: shared, type: 'bind', source: shared, options: ['rbind', 'rw'] });
    config.root.readonly = false;
    config.hooks = Object.fromEntries(
      only.map((
        kind,
      ) => [kind, [{ path: '/bin/sh', args: ['sh', '-c', script(kind).replaceAll('LOG', log)],
        env: ['PATH=/bin:/usr/bin', `KIND=${kind}`] }]]
      ),
    );
  });
  return { bundle, log };
}

const read = (path: string): string => readFileSync(path, 'utf8');

test('hooks run in the order of the life cycle', async (c) => {
  const { bundle, log } = bundleWithHooks(c, () => 'echo $KIND >>LOG');
  const { id } = await c.create(bundle);
  assert.equal(read(log), 'prestart\ncreateRuntime\ncreateContainer\n');
  assert.equal((await c.rt(['start', id])).code, 0);
  assert.equal(read(log), 'prestart\ncreateRuntime\ncreateContainer\nstartContainer\npoststart\n');
  await c.until(id, 'stopped');
  await c.rt(['delete', id]);
  assert.equal(read(log), `${kinds.join('\n')}\n`);
}, {
  peers: [{ peer: 'runc 1.1.5', why: 'runs poststart hooks in create' }, { peer: 'crun 1.8.1',
    why: 'now and then poststart comes before startContainer' }],
});

test('several hooks of one kind run in the order of the list', async (c) => {
  const { bundle, log } = bundleWithHooks(c, () => '', ['/probe', 'exit', '0'], []);
  bundle.config.hooks = {
    createRuntime: [1, 2, 3].map((n) => ({ path: '/bin/sh', args: ['sh', '-c', `echo ${n} >>${log}`] })),
  };
  await c.run(bundle);
  assert.equal(read(log), '1\n2\n3\n');
});

test('each hook gets the state on its stdin, with the right status', async (c) => {
  const { bundle, log } = bundleWithHooks(c, () => 'echo "$KIND $(cat | tr -d "\\n")" >>LOG');
  bundle.config.annotations = { key: 'value' };
  const { id, pid } = await c.create(bundle);
  await c.rt(['start', id]);
  await c.until(id, 'stopped');
  await c.rt(['delete', id]);
  const states = Object.fromEntries(read(log).trim().split('\n').map((line) => {
    const space = line.indexOf(' ');
    return [line.slice(0, space), JSON.parse(line.slice(space + 1))];
  }));
  const statuses: Record<string, string[]> = { prestart: ['creating', 'created'],
    createRuntime: ['creating', 'created'], createContainer: ['creating', 'created'],
    startContainer: ['created', 'starting'], poststart: ['running'], poststop: ['stopped'] };
  for (const kind of kinds) {
    const state = states[kind];
    assert.ok(state, kind);
    assert.equal(state.id, id);
    assert.equal(state.bundle, bundle.dir, kind);
    assert.match(state.ociVersion, /^1\./);
    assert.ok(statuses[kind]?.includes(state.status), `${kind}: ${state.status}`);
    assert.deepEqual(state.annotations, { key: 'value' });
    if (['prestart', 'createRuntime', 'poststart'].includes(kind)) assert.equal(state.pid, pid, kind);
  }
}, {
  peers: [{ peer: 'runc 1.1.5', why: 'the status of poststart is created' }, { peer: 'crun 1.8.1',
    why: 'the bundle of startContainer is "/"' }],
});

test('the env of a hook is exactly that of the config, empty when there is none', async (c) => {
  const { bundle, log } = bundleWithHooks(c,
    () => 'cat /proc/self/environ | tr "\\0" "\\n" | grep -Ev "^(_|PWD|OLDPWD|SHLVL)=" | sort >>LOG; echo . >>LOG', [
    '/probe',
    'exit',
    '0',
  ], [
    'createRuntime',
  ]);
  const hook = bundle.config.hooks?.['createRuntime']?.[0];
  assert.ok(hook);
  hook.env = ['A=1', 'PATH=/bin:/usr/bin'];
  bundle.config.hooks = { createRuntime: [hook, { ...hook, env: [] }] };
  bundle.config.process.env = ['LD_PRELOAD=/evil.so', 'CONTAINER=yes', 'PATH=/bin'];
  await c.run(bundle, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', CALLER: 'yes' } });
  assert.equal(read(log), 'A=1\nPATH=/bin:/usr/bin\n.\n.\n');
});

test('the args of a hook are its argv; without args it is its path', async (c) => {
  const dir = c.dir();
  const script = join(dir, 'hook');
  writeFileSync(script, `#!/bin/sh\necho "$0|$1|$2" >>${dir}/log\n`);
  chmodSync(script, 0o755);
  const { bundle } = bundleWithHooks(c, () => '', undefined, []);
  bundle.config.hooks = { createRuntime: [{ path: script, args: ['name', 'a b', ''] }, { path: script }] };
  assert.equal((await c.run(bundle)).code, 0);
  assert.equal(read(join(dir, 'log')), `${script}|a b|\n${script}||\n`);
});

test('hooks run in the namespaces that the spec says', async (c) => {
  const names = ['mnt', 'uts', 'net', 'ipc', 'pid'];
  const { bundle, log } = bundleWithHooks(c,
    () => `echo $KIND $(cd /proc/self/ns && for n in ${names.join(' ')}; do readlink $n; done) >>LOG`);
  const { id, pid } = await c.create(bundle);
  const of = (process: string | number): string =>
    names.map((name) => readlinkSync(`/proc/${process}/ns/${name}`)).join(' ');
  const [host, container] = [of('self'), of(pid)];
  for (const name of names)
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/${name}`), readlinkSync(`/proc/self/ns/${name}`));
  await c.rt(['start', id]);
  await c.until(id, 'stopped');
  await c.rt(['delete', id]);
  assert.deepEqual(read(log).trim().split('\n').sort(),
    kinds.map((kind) => `${kind} ${/Container$/.test(kind) ? container : host}`).sort());
});

test('startContainer hooks are looked up in the root of the container, the others on the host', async (c) => {
  const { bundle, log } = bundleWithHooks(c, () => '');
  const path = join(c.dir(), 'hook');
  const write = (file: string, where: string): void => {
    writeFileSync(file, `#!/bin/sh\necho $1 ${where} >>${log}\n`);
    chmodSync(file, 0o755);
  };
  write(path, 'host');
  mkdirSync(join(bundle.rootfs, dirname(path)), { recursive: true });
  write(join(bundle.rootfs, path), 'container');
  bundle.config.hooks = Object.fromEntries(kinds.map((kind) => [kind, [{ path, args: [path, kind] }]]));
  bundle.write();
  const { id, code, stderr } = await c.create(bundle);
  assert.equal(code, 0, stderr);
  await c.rt(['start', id]);
  await c.until(id, 'stopped');
  await c.rt(['delete', id]);
  assert.deepEqual(read(log).trim().split('\n').sort(),
    kinds.map((kind) => `${kind} ${inContainer.includes(kind) ? 'container' : 'host'}`).sort());
});

for (const kind of ['prestart', 'createRuntime', 'createContainer']) {
  test(`a ${kind} hook that fails makes create fail and leaves nothing`, async (c) => {
    const { bundle } = bundleWithHooks(c, () => 'echo hook-says >&2; exit 9', undefined, [kind]);
    const created = await c.create(bundle);
    assert.equal(created.code, 1);
    assert.notEqual(created.stderr, '');
    assert.notEqual((await c.rt(['state', created.id])).code, 0);
    await c.nothingLeft();
  }, { peers: kind === 'createContainer' ? [] : [{ peer: 'crun 1.8.1', why: 'exits with 255' }] });
}

test('a poststart hook that fails stops and destroys the container; poststop hooks run', async (c) => {
  const dir = c.dir();
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.hooks = {
      poststart: [{ path: '/bin/sh', args: ['sh', '-c', 'echo no luck; exit 3'] }],
      poststop: [{ path: '/bin/sh', args: ['sh', '-c', `echo gone > ${dir}/log`] }],
    };
  });
  const created = await c.create(bundle);
  const start = await c.rt(['start', created.id]);
  assert.notEqual(start.code, 0);
  assert.match(start.stderr, /poststart/);
  assert.notEqual((await c.rt(['state', created.id])).code, 0, 'it is still there');
  assert.equal(readFileSync(join(dir, 'log'), 'utf8'), 'gone\n');
}, { peers: [{ peer: 'runc 1.1.5', why: 'older than the rule' }, { peer: 'crun 1.8.1', why: 'older than the rule' }] });

test('every poststop hook runs; each that fails is a warning', async (c) => {
  const dir = c.dir();
  const result = await c.run(c.command(['/probe', 'exit', '0'], (config) => {
    const failing = { path: '/bin/sh', args: ['sh', '-c', `echo x >> ${dir}/log; echo sorry; exit 4`] };
    config.hooks = { poststop: [failing, failing] };
  }));
  assert.equal(result.code, 0, result.stderr);
  assert.equal(readFileSync(join(dir, 'log'), 'utf8'), 'x\nx\n');
  assert.match(result.stderr, /^warning: E0660: poststop hook 1 \("\/bin\/sh"\) failed: exit code 4: sorry/m);
}, {
  peers: [{ peer: 'runc', why: 'the first failing one is the last' }, { peer: 'crun 1.8.1', why: 'it says nothing' }],
});

test('run.oci.hooks.stdout and stderr take what hooks say', async (c) => {
  const dir = c.dir();
  const result = await c.run(c.command(['/probe', 'exit', '0'], (config) => {
    const hook = { path: '/bin/sh', args: ['sh', '-c', 'echo out; echo err >&2'] };
    config.hooks = { createRuntime: [hook], createContainer: [hook], poststart: [hook] };
    config.annotations = { 'run.oci.hooks.stdout': join(dir, 'out'), 'run.oci.hooks.stderr': join(dir, 'err') };
  }));
  assert.equal(result.code, 0, result.stderr);
  assert.equal(readFileSync(join(dir, 'out'), 'utf8'), 'out\nout\nout\n');
  assert.equal(readFileSync(join(dir, 'err'), 'utf8'), 'err\nerr\nerr\n');
}, { peers: [{ peer: 'runc', why: "the annotations are crun's" }] });

test('the error of a failing hook tells its kind, its number, its status and what it said', async (c) => {
  const { bundle } = bundleWithHooks(c, () => 'echo hook-says >&2; exit 9', undefined, ['createRuntime']);
  const { stderr } = await c.create(bundle);
  assert.match(stderr, /createRuntime/);
  assert.match(stderr, /hook-says/);
  assert.match(stderr, /\b9\b/);
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'says: error executing hook … (exit code: 9)' }, { peer: 'runc 1.1.5',
    why: 'does not tell the kind' }],
  leaks: 'ignore',
});

test('a startContainer hook that fails makes start fail; the container is stopped', async (c) => {
  const { bundle } = bundleWithHooks(c, () => 'exit 9', ['/probe', 'pause'], ['startContainer']);
  const { id } = await c.create(bundle);
  assert.equal((await c.rt(['start', id])).code, 1);
  await c.until(id, 'stopped');
  await c.rt(['delete', id]);
  await c.nothingLeft();
}, {
  peers: [{ peer: 'runc 1.1.5', why: 'start does not learn it' }, { peer: 'crun 1.8.1',
    why: 'start does not learn it' }],
});

test('a poststop hook that fails is no failure of delete', async (c) => {
  const { bundle } = bundleWithHooks(c, () => 'exit 9', ['/probe', 'exit', '0'], ['poststop']);
  const { id } = await c.started(bundle);
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['delete', id])).code, 0);
  assert.notEqual((await c.rt(['state', id])).code, 0);
}, { peers: [{ peer: 'crun 1.8.1', why: 'crashes now and then' }] });

test('a hook that exceeds its timeout is killed with all that it started, and create fails', async (c) => {
  const { bundle } = bundleWithHooks(c, () => 'sleep 1000 & sleep 1000', undefined, ['createRuntime']);
  const hook = bundle.config.hooks?.['createRuntime']?.[0];
  assert.ok(hook);
  hook.timeout = 1;
  const created = await c.create(bundle, { timeLimit: 10_000 });
  assert.equal(created.timedOut, false);
  assert.equal(created.code, 1);
  assert.ok(created.ms >= 900);
  await c.nothingLeft();
}, {
  peers: [{ peer: 'runc 1.1.5', why: 'what the hook started goes on' }, { peer: 'crun 1.8.1',
    why: 'what the hook started goes on' }],
  leaks: 'ignore',
});

test('a hook that does not exist makes create fail', async (c) => {
  const { bundle } = bundleWithHooks(c, () => '', undefined, []);
  bundle.config.hooks = { createRuntime: [{ path: '/no/such/hook' }] };
  assert.equal((await c.create(bundle)).code, 1);
  await c.nothingLeft();
}, { peers: [{ peer: 'crun 1.8.1', why: 'exits with 255' }] });

test('a hook path that is relative is refused', async (c) => {
  const { bundle, log } = bundleWithHooks(c, () => '', undefined, []);
  bundle.config.hooks = { createRuntime: [{ path: 'bin/sh', args: ['sh', '-c', `echo x >>${log}`] }] };
  assert.notEqual((await c.create(bundle)).code, 0);
  assert.equal(read(log), '');
}, { leaks: 'ignore' });

test('a hook that does not read its stdin is no failure', async (c) => {
  const { bundle } = bundleWithHooks(c, () => 'exec <&-; exit 0');
  bundle.config.annotations = { large: 'x'.repeat(200_000) };
  const result = await c.run(bundle);
  assert.equal(result.code, 0, result.stderr);
});

test('createRuntime hooks find the namespaces of the container at its pid', async (c) => {
  const { bundle, log } = bundleWithHooks(c,
    () => 'pid=$(sed "s/.*\\"pid\\": *\\([0-9]*\\).*/\\1/" | grep -m1 "^[0-9]"); readlink /proc/$pid/ns/net >>LOG',
    undefined, ['createRuntime']);
  const { pid } = await c.create(bundle);
  assert.equal(read(log).trim(), readlinkSync(`/proc/${pid}/ns/net`));
  assert.ok(existsSync(`/proc/${pid}`));
});
