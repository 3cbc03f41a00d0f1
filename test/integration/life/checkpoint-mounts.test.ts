// checkpoint and restore: mounts behind links and below binds, who sees what is mounted, and clocks of exec.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context } from '../../support/context.ts';
import { criuPath, noCriu, oldCriu, withoutSequences } from '../../support/host/criu.ts';
import type { Config } from '../../support/spec.ts';

const options = { skip: noCriu, only: 'veloci' } as const;
const env = criuPath;
const old = oldCriu();

function sleeper(c: Context, change: (config: Config) => void): Bundle {
  return c.command(['sleep', '1000'], (config) => {
    withoutSequences(config);
    config.root.readonly = false;
    change(config);
  });
}

/** Saves a container and makes it anew; the pid of its first process. */
async function again(
  c: Context,
  bundle: Bundle,
  id: string,
  between: () => void = () => {},
  criu: readonly string[] = [],
): Promise<number> {
  const images = join(c.dir(), 'images');
  const saved = await c.rt(['checkpoint', ...criu, '--image-path', images, id], { env });
  assert.equal(saved.code, 0, saved.stderr);
  between();
  const pidFile = join(c.dir(), 'pid');
  const restored = await c.rt(['restore', ...criu, '--detach', '--bundle', bundle.dir, '--image-path', images,
    '--pid-file', pidFile, id], { env });
  assert.equal(restored.code, 0, restored.stderr);
  return Number(readFileSync(pidFile, 'utf8'));
}

test('a bind mount whose destination goes through a link is saved and restored', async (c) => {
  const source = c.dir();
  writeFileSync(join(source, 'file'), 'bound');
  const bundle = sleeper(c, (config) => {
    config.mounts.push({ destination: '/var/run/volume', type: 'bind', source, options: ['rbind'] }, {
      destination: '/var/run/file',
      type: 'bind',
      source: join(source, 'file'),
      options: ['bind'],
    });
  });
  execFileSync('sh', ['-c', `mkdir -p ${bundle.rootfs}/var && ln -s /run ${bundle.rootfs}/var/run`]);
  const { id } = await c.started(bundle);
  await again(c, bundle, id);
  const seen = await c.rt(['exec', id, 'cat', '/run/volume/file', '/run/file']);
  assert.equal(seen.stdout, 'boundbound', seen.stderr);
}, options);

test('a mount point in the source of a bind mount is made again', async (c) => {
  const source = c.dir();
  const inner = c.dir();
  writeFileSync(join(inner, 'file'), 'inner');
  const bundle = sleeper(c, (config) => {
    config.mounts.push({ destination: '/mnt', type: 'bind', source, options: ['rbind'] }, {
      destination: '/mnt/below/inner',
      type: 'bind',
      source: inner,
      options: ['bind'],
    });
  });
  const { id } = await c.started(bundle);
  await again(c, bundle, id, () => {
    rmdirSync(join(source, 'below/inner'));
    rmdirSync(join(source, 'below'));
  });
  const seen = await c.rt(['exec', id, 'cat', '/mnt/below/inner/file']);
  assert.equal(seen.stdout, 'inner', seen.stderr);
}, options);

test('exec in a restored container has its clocks', async (c) => {
  const bundle = sleeper(c, () => {});
  const { id, pid: before } = await c.started(bundle);
  assert.equal((await c.rt(['exec', id, 'true'])).code, 0);
  const clocks = readlinkSync(`/proc/${before}/ns/time`);
  const pid = await again(c, bundle, id);
  const init = readlinkSync(`/proc/${pid}/ns/time`);
  const exec = await c.rt(['exec', id, 'sh', '-c', 'readlink /proc/self/ns/time; readlink /proc/1/ns/time']);
  assert.equal(exec.stdout, `${init}\n${init}\n`, exec.stderr);
  assert.notEqual(init, clocks, 'CRIU restores into a time namespace: else nothing was tried');
}, options);

/** Whether each mount below /mnt is shared, a slave, or both; `host` where the host is in the group. */
function propagations(pid: number): Record<string, string> {
  const read = (file: string): string[][] =>
    readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(' - ')[0]!.split(' '));
  const host = new Set(read('/proc/self/mountinfo').flatMap((fields) => fields.slice(6))
    .filter((tag) => tag.startsWith('shared:')).map((tag) => tag.slice('shared:'.length)));
  const found = read(`/proc/${pid}/mountinfo`).filter((fields) => fields[4]!.startsWith('/mnt/'));
  return Object.fromEntries(
    found.map((fields) => [fields[4]!, fields.slice(6).filter((tag) => /^(shared|master):/.test(tag))
      .map((tag) => tag.replace(/:(.*)/, (_, group: string) => host.has(group) ? ':host' : ':own')).join(' ')]
    ),
  );
}

test('restored mounts are on the host as little as those before', async (c) => {
  const bundle = sleeper(c, (config) => {
    config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs' });
    for (const option of ['rprivate', 'rslave', 'rshared']) {
      const source = c.dir();
      mkdirSync(join(source, 'below'));
      config.mounts.push({ destination: `/mnt/${option}`, type: 'bind', source, options: ['rbind', option] }, {
        destination: `/mnt/${option}/below`,
        type: 'tmpfs',
        source: 'tmpfs',
      });
    }
  });
  const { id, pid } = await c.started(bundle);
  const before = propagations(pid);
  const host = (): string[] =>
    readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').map((line) => line.split(' ')[4]!).sort();
  const points = host();
  const restored = await again(c, bundle, id);
  assert.deepEqual(propagations(restored), before);
  assert.deepEqual(host(), points);
}, options);

test('a read-only root file system is restored as one, by a CRIU that forgets it, too', async (c) => {
  const bundle = sleeper(c, (config) => {
    config.root.readonly = true;
    config.process.noNewPrivileges = false;
  });
  const { id } = await c.started(bundle);
  for (const criu of old.path === '' ? [[]] : [[], ['--criu', old.path]]) {
    await again(c, bundle, id, () => {}, criu);
    const { stderr } = await c.rt(['exec', id, 'touch', '/file']);
    assert.match(stderr, /Read-only file system/);
  }
}, options);
