// org.veloci.landlock: what the kernel refuses to a container's program, to its children and to further processes.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

interface Landlock {
  enabled: boolean;
  abi: number;
  accessFS: string[];
  accessNet: string[];
  scoped: string[];
}

const name = 'org.veloci.landlock';
const read = ['execute', 'read_file', 'read_dir'];
const write = ['write_file', 'make_reg', 'make_dir', 'remove_file', 'truncate'];
const rules = {
  ruleset: { handledAccessFS: [...read, ...write] },
  rules: {
    pathBeneath: [{ allowedAccess: read, paths: ['/'] }, { allowedAccess: [...read, ...write],
      paths: ['/data', '/dev/null'] }],
  },
};

/** As `features` says it; 0 for a runtime or a kernel without it. */
const features = spawnSync(runtimePath(), ['features'], { encoding: 'utf8' }).stdout || '{}';
const landlock = (JSON.parse(features) as { linux?: { landlock?: Landlock } }).linux?.landlock;
const abi = landlock?.abi ?? 0;
const from = (version: number): { only: 'veloci'; skip: string | false } => ({ only: 'veloci',
  skip: abi >= version ? false : `this kernel has Landlock ABI ${abi}, the case takes ${version}` });

const annotated = (value: unknown, more: (config: Config) => void = () => {}) => (config: Config): void => {
  config.annotations = { [name]: JSON.stringify(value) };
  config.root.readonly = false;
  more(config);
};

/** A bundle that runs a script, with the directories `data` and `made`. */
function bundle(c: Context, script: string, change: (config: Config) => void): ReturnType<Context['bundle']> {
  const made = c.command(['/bin/sh', '-c', script], change);
  for (const folder of ['data', 'made']) mkdirSync(join(made.rootfs, folder), { recursive: true });
  return made;
}

async function output(c: Context, script: string, change: (config: Config) => void): Promise<string> {
  const { code, stdout, stderr } = await c.run(bundle(c, script, change));
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Tells whether a file can be made. */
const makes = (path: string): string =>
  `if (echo x >${path}) 2>/dev/null; then echo ${path} made; else echo ${path} refused; fi;`;

test('files are read everywhere and written in one directory, by children, too', async (c) => {
  const script = `cat /etc/passwd >/dev/null && echo read; ${makes('/data/new')} ${makes('/made/new')} `
    + `sh -c '${makes('/made/child')} ${makes('/data/child')}'; mkdir /data/dir && rm /data/new && echo changed; `
    + 'mkdir /made/dir 2>/dev/null || echo no directory';
  const expected =
    'read\n/data/new made\n/made/new refused\n/made/child refused\n/data/child made\nchanged\nno directory\n';
  assert.equal(await output(c, script, annotated(rules)), expected);
  assert.match(await output(c, script, (config) => {
    config.root.readonly = false;
  }), /^\/made\/new made$/m, 'without the annotation nothing is refused');
}, from(3));

test('with a filter, as an ordinary user, with a user namespace', async (c) => {
  const script = `${makes('/data/new')} ${makes('/made/new')} id -u`;
  const open = (config: Config): void => {
    config.process.user = { uid: 1000, gid: 1000 };
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self'],
        action: 'SCMP_ACT_ERRNO' }] };
  };
  const made = bundle(c, script, annotated(rules, open));
  for (const folder of ['data', 'made']) spawnSync('chmod', ['777', join(made.rootfs, folder)]);
  assert.equal((await c.run(made)).stdout, '/data/new made\n/made/new refused\n1000\n',
    'the filter comes behind the rules');
  const mapped = annotated(rules, (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  });
  const other = bundle(c, script, mapped);
  spawnSync('chown', ['-R', '100000:100000', other.rootfs]);
  assert.equal((await c.run(other)).stdout, '/data/new made\n/made/new refused\n0\n');
}, from(3));

test('a further process is refused the same', async (c) => {
  const { id } = await c.started(bundle(c, 'exec sleep 1000', annotated(rules)));
  const { stdout, stderr } = await c.rt(['exec', id, '/bin/sh', '-c', `${makes('/data/new')} ${makes('/made/new')}`]);
  assert.equal(stdout, '/data/new made\n/made/new refused\n', stderr);
}, from(3));

test('hooks of the container are not bound by it', async (c) => {
  const made = bundle(c, `cat /made/hook; ${makes('/made/new')}`, annotated(rules, (config) => {
    config.hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'echo hook >/made/hook'] }] };
  }));
  const { stdout, stderr } = await c.run(made);
  assert.equal(stdout, 'hook\n/made/new refused\n', stderr);
}, from(3));

test('TCP: one port may be bound and one connected to', async (c) => {
  const net = {
    ruleset: { handledAccessNet: ['bind_tcp', 'connect_tcp'] },
    rules: { netPort: [{ allowedAccess: ['bind_tcp', 'connect_tcp'], ports: [8080] }] },
    disableBestEffort: true,
  };
  const script = '(echo answer | nc -l -p 8080 >/dev/null) & until grep -q :1F90 /proc/net/tcp*; do :; done; '
    + 'nc 127.0.0.1 8080 </dev/null; '
    + 'nc -l -p 8081 2>&1 </dev/null | grep -o "bind: .*"; nc 127.0.0.1 8081 2>&1 </dev/null | grep -io "permission denied"; wait';
  assert.equal(await output(c, script, annotated(net)), 'answer\nbind: Permission denied\nPermission denied\n');
}, from(4));

test('signals: none to a process that is outside of its domain', async (c) => {
  const scoped = { ruleset: { scoped: ['signal'] } };
  const { id } = await c.started(bundle(c, 'exec sleep 1000', annotated(scoped)));
  const { stdout } = await c.rt(['exec', id, '/bin/sh', '-c', 'kill -0 1 2>&1; kill -0 $$ && echo itself']);
  assert.match(stdout, /permitted/);
  assert.match(stdout, /itself$/m);
}, from(6));

test('links of the image stay inside, and a file takes the rights that files have', async (c) => {
  const made = bundle(c,
    `${makes('/made/new')} cat /link/hostname >/dev/null 2>&1 && echo read; cat /etc/passwd >/dev/null`,
    annotated({ ruleset: { handledAccessFS: [...read, ...write] }, rules: {
      pathBeneath: [{ allowedAccess: [...read, ...write], paths: ['/bin', '/link', '/etc/passwd', '/dev/null'] }],
    } }));
  symlinkSync('/made', join(made.rootfs, 'link'));
  assert.match((await c.run(made)).stdout, /^\/made\/new made$/m);
}, from(3));

/** What the command says of a bundle that it cannot start. */
async function failure(c: Context, change: (config: Config) => void): Promise<string> {
  const { code, stderr } = await c.run(bundle(c, 'true', change));
  assert.equal(code, 1, stderr);
  assert.match(stderr, /config\.json:\d+:\d+ \(\/annotations\/org\.veloci\.landlock\)/);
  await c.nothingLeft();
  return stderr;
}

test('a path that is missing, a right that no file has, a refused ruleset: at create, with the line of the annotation',
  async (c) => {
    const rule = (allowedAccess: string[], path: string): unknown => ({
      ruleset: { handledAccessFS: ['read_file', 'make_reg'] },
      rules: { pathBeneath: [{ allowedAccess, paths: [path] }] },
    });
    assert.match(await failure(c, annotated(rule(['read_file'], '/nowhere'))), /E0988.*"\/nowhere"/s);
    assert.match(await failure(c, annotated(rule(['make_reg'], '/etc/passwd'))), /E0989.*"\/etc\/passwd"/s);
    assert.match(
      await failure(c, annotated({ ...rules, rules: { pathBeneath: [{ allowedAccess: ['read_fil'], paths: [] }] } })),
      /E0591.*"read_file"/s,
    );
    const refused = annotated({ ruleset: { handledAccessFS: ['execute'] } }, (config) => {
      config.process.noNewPrivileges = false;
      for (const set of Object.values(config.process.capabilities ?? {})) set.push('CAP_SYS_ADMIN');
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['landlock_create_ruleset'], action: 'SCMP_ACT_ERRNO' }] };
    });
    assert.match(await failure(c, refused), /E0987/);
  }, from(1));

test('a program that the rules do not let run is an error that names it', async (c) => {
  const { code, stderr } = await c.run(bundle(c, 'true', annotated({ ruleset: { handledAccessFS: ['execute'] } })));
  assert.notEqual(code, 0);
  assert.match(stderr, /\/bin\/sh/);
}, from(1));

test('features says what this kernel has, and the plan what it gets', async (c) => {
  assert.ok(landlock!.accessFS.includes('read_file'));
  assert.equal(landlock!.accessNet.length, abi >= 4 ? 2 : 0);
  const made = bundle(c, 'true', annotated(rules));
  const { stdout } = await c.rt(['plan', '-b', made.dir]);
  assert.match(stdout, /landlock\.restrict.*config\.json:\d+/);
  assert.ok(readFileSync(join(made.dir, 'config.json')).length > 0);
}, from(1));

test('a container with rules is not saved, since its images would not have them', async (c) => {
  const { id } = await c.started(bundle(c, 'exec sleep 1000', annotated(rules)));
  const images = c.dir();
  writeFileSync(join(images, 'empty'), '');
  const { code, stderr } = await c.rt(['checkpoint', '--image-path', images, id]);
  assert.notEqual(code, 0);
  assert.match(stderr, /E0595/);
}, from(3));
