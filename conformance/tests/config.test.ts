// config.md and config-linux.md: what no other test shows.
import { assert, test, unified } from '../../test/support/case.ts';
import { objectOf, readObject } from '../../scripts/lib/json.ts';
import { readFacts } from '../../test/support/facts.ts';
import { put } from '../support/refused.ts';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hierarchies, sweep } from '../../test/support/host/cgroup.ts';

test('unknown properties are ignored, at every depth', async (c) => {
  const facts = await c.probe((config) => {
    for (const path of ['nosuch', 'process/nosuch', 'process/user/nosuch', 'root/nosuch', 'mounts/0/nosuch',
      'linux/nosuch', 'linux/resources/nosuch', 'linux/namespaces/0/nosuch']) put(config, path, { a: [1, 'x'] });
  });
  assert.equal(facts.pid, 1);
});

test('annotations without a meaning for the runtime change nothing, whatever their names and values', async (c) => {
  const annotations = { 'org.opencontainers.nosuch': 'x', 'org.opencontainers.image.os': 'plan9', 'com.example.key': '',
    nodots: '1' };
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.annotations = annotations;
  });
  const { id } = await c.started(bundle);
  assert.deepEqual((await c.state(id))['annotations'], annotations);
});

test('consoleSize without a terminal is ignored', async (c) => {
  const facts = await c.probe((config) => {
    put(config, 'process/consoleSize', { height: 11, width: 22 });
  });
  assert.deepEqual([facts.rows, facts.columns, facts.tty[0]], [0, 0, 0]);
});

test('what config.json leaves out has its default', async (c) => {
  const bundle = c.bundle((config) => {
    config.process = { user: { uid: 0, gid: 0 }, args: ['/probe'], cwd: '/' };
    config.linux = { namespaces: [{ type: 'pid' }, { type: 'mount' }], cgroupsPath: `/${c.token}-least` };
    config.root = { path: 'rootfs' };
    config.mounts = [{ destination: '/proc', type: 'proc' }];
    delete config.hostname;
  });
  const result = await c.run(bundle);
  assert.equal(result.code, 0, result.stderr);
  const facts = readFacts(result.stdout);
  assert.deepEqual(facts.groups, []);
  assert.deepEqual(facts.tty, [0, 0, 0]);
  assert.equal(facts.status['NoNewPrivs'], '0');
});

test('a device may be anywhere in the file system', async (c) => {
  const output = await c.sh('test -c /some/where/null && echo yes', (config) => {
    config.root.readonly = false;
    config.linux.devices = [{ type: 'c', path: '/some/where/null', major: 1, minor: 3 }];
  });
  assert.equal(output, 'yes\n');
});

test('an absolute cgroupsPath is relative to the mount point of the cgroups, and means the same place each time',
  async (c) => {
    const name = `/${c.token}-same/below`;
    sweep(c, `${c.token}-same`);
    const places: string[][] = [];
    for (let i = 0; i < 2; i++) {
      const { id, pid, code, stderr } = await c.create(c.command(['/probe', 'pause'], (config) => {
        config.linux.cgroupsPath = name;
      }));
      assert.equal(code, 0, stderr);
      const holds = (dir: string): boolean =>
        existsSync(join(dir, name)) &&
        readFileSync(join(dir, name, 'cgroup.procs'), 'utf8').split('\n').includes(`${pid}`);
      places.push(hierarchies().map(({ dir }) => dir).filter(holds));
      await c.destroy(id);
    }
    const wanted = unified
      ? ['/sys/fs/cgroup']
      : ['memory', 'pids', 'cpu', 'devices'].map((n) => `/sys/fs/cgroup/${n}`);
    assert.deepEqual(wanted.filter((dir) => existsSync(dir) && !places[0]!.includes(dir)), [],
      'the process is not there');
    assert.deepEqual(places[0], places[1]);
  }, { peers: [{ peer: 'crun 1.8.1', why: 'leaves the parents' }, { peer: 'runc 1.1.5', why: 'leaves the parents' }] });

test('the ownership of the files of a mapped rootfs stays', async (c) => {
  const output = await c.sh('stat -c %u:%g /bin/busybox /probe', (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  });
  assert.deepEqual([...new Set(output.trim().split('\n'))], ['65534:65534']);
});

test('without seccomp, masked and read-only paths nothing is filtered or hidden', async (c) => {
  const facts = await c.probe((config) => {
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
  });
  assert.equal(facts.status['Seccomp'], '0');
  assert.ok(!facts.mounts.some((line) => / \/proc\/(kcore|sys) /.test(line)));
});

test('propagation options of a bind mount', async (c) => {
  const expected = { private: '', shared: 'shared', slave: 'master', unbindable: 'unbindable',
    runbindable: 'unbindable' };
  const source = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', source]);
  execFileSync('mount', ['--make-shared', source]);
  c.later(() => execFileSync('umount', [source]));
  const facts = await c.probe((config) => {
    config.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' });
    for (const option of Object.keys(expected))
      config.mounts.push({ destination: `/tmp/${option}`, type: 'bind', source, options: ['bind', option] });
  });
  // The optional fields of mountinfo: shared:1, master:1, unbindable.
  const tags = (option: string): string =>
    (facts.mounts.find((line) => line.includes(` /tmp/${option} `)) ?? 'none').split(' - ')[0]!.split(' ').slice(6)
      .map((tag) => tag.replace(/:.*/, '')).join();
  // A shared one may be a slave of the source's as well.
  for (const [option, tag] of Object.entries(expected))
    assert.equal(tags(option).replace('shared,master', 'shared'), tag, option);
});

test('symfollow after nosymfollow: the last one counts', async (c) => {
  const output = await c.sh('cd /tmp && echo x >file && ln -s file link && cat link', (config) => {
    config.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosymfollow', 'symfollow'] });
  });
  assert.equal(output, 'x\n');
});

test('the obsolete limit of kernel memory is accepted', async (c) => {
  const facts = await c.probe((config) => {
    put(config, 'linux/resources/memory', { kernel: 1 << 28 });
  });
  assert.equal(facts.pid, 1);
});

test('useHierarchy and checkBeforeUpdate are accepted', async (c) => {
  const facts = await c.probe((config) => {
    put(config, 'linux/resources/memory', { limit: 1 << 28, useHierarchy: true, checkBeforeUpdate: true });
  });
  assert.equal(facts.pid, 1);
});

test('intelRdt without a mounted resctrl is an error', async (c) => {
  const created = await c.create(c.command(['/probe', 'pause'], (config) => {
    put(config, 'linux/intelRdt', { closID: 'x', l3CacheSchema: 'L3:0=f' });
  }));
  assert.notEqual(created.code, 0);
  await c.nothingLeft();
}, { skip: existsSync('/sys/fs/resctrl/schemata') ? 'resctrl is mounted here' : false });

test('a capability that cannot be granted is left out, with a warning', async (c) => {
  const sets = ['CAP_SYS_TIME', 'CAP_KILL'];
  const bundle = c.command(['/probe'], (config) => {
    config.process.capabilities = { bounding: sets, permitted: sets, effective: sets };
  });
  const result = await c.run(bundle, { prefix: ['setpriv', '--bounding-set=-sys_time', '--'] });
  assert.equal(result.code, 0, result.stderr);
  const { status } = readFacts(result.stdout);
  const has = (bit: number): boolean => (BigInt(`0x${status['CapPrm']}`) >> BigInt(bit) & 1n) === 1n;
  assert.deepEqual([has(25), has(5)], [false, true]);
  assert.match(result.stderr, /SYS_TIME/);
});

test('the configuration that spec writes has /proc, /sys, /dev/pts and /dev/shm', async (c) => {
  const bundle = c.command([]);
  rmSync(join(bundle.dir, 'config.json'));
  const written = await c.rt(['spec', '--bundle', bundle.dir], { cwd: bundle.dir });
  assert.equal(written.code, 0, written.stderr);
  const config = readObject(readFileSync(join(bundle.dir, 'config.json'), 'utf8'), 'config.json');
  const process = { ...objectOf(config['process'], 'process'), terminal: false, args: ['/probe'] };
  bundle.write(JSON.stringify({ ...config, process, root: bundle.config.root }));
  const result = await c.run(bundle, { raw: true });
  assert.equal(result.code, 0, result.stderr);
  const { mounts } = readFacts(result.stdout);
  for (const [path, type] of [['/proc', 'proc'], ['/sys', 'sysfs'], ['/dev/pts', 'devpts'], ['/dev/shm',
    'tmpfs']] as const)
  {
    assert.ok(mounts.some((line) => line.includes(` ${path} `) && line.includes(` - ${type} `)), path);
  }
}, { leaks: 'ignore' });
