// What is mounted in a container and what is mounted on the host, and who sees it: options of mounts x propagation of
// their sources x rootfsPropagation x user namespace, by mountinfo on both sides and beside runc.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import { timeScale, which } from '../../support/paths.ts';
import { call, type Result } from '../../support/runtime.ts';
import type { Config, Mount } from '../../support/spec.ts';

const options = ['', 'private', 'rprivate', 'rslave', 'rshared'] as const;
const sources = ['shared', 'private', 'slave', 'unbindable'] as const;

/** Each source with each option has a mount of its own, so that what happens to one is not seen in the others. */
const pairs = sources.flatMap((source) =>
  options.map((option) => ({ source, option, name: option === '' ? source : `${source}-${option}` }))
);

/** Mounts these lines of an fstab by one process: in an emulated guest each takes a while. */
function mountAll(dir: string, lines: readonly string[]): void {
  const table = join(dir, 'fstab');
  writeFileSync(table, lines.map((line) => `${line}\n`).join(''));
  execFileSync('mount', ['-a', '-T', table]);
}

/** Folders that are mounts of each propagation, with a mount below that everybody shares, and places for more. */
function makeSources(c: Context): string {
  const dir = mkdtempSync('/run/sources-');
  execFileSync('mount', ['-t', 'tmpfs', 'sources', dir]);
  c.later(() => {
    execFileSync('umount', ['-R', '-l', dir]);
    rmSync(dir, { recursive: true });
  });
  for (const { name } of pairs)
    for (const each of [join(dir, name), outsideOf(dir, name)]) mkdirSync(each);
  mountAll(dir, pairs.map(({ name }) => `source ${join(dir, name)} tmpfs defaults`));
  for (const { name } of pairs)
    for (const place of ['below', 'configured', 'later', 'host']) mkdirSync(join(dir, name, place));
  mountAll(dir, pairs.flatMap(({ source, name }) => {
    const path = join(dir, name);
    return [`below ${path}/below tmpfs shared`, `${path} ${outsideOf(dir, name)} none bind`,
      `none ${path} none ${source}`];
  }));
  for (const { name } of pairs) mkdirSync(join(dir, name, 'below/later'));
  return dir;
}

/** The same source by a mount of the host's tree. */
const outsideOf = (dir: string, name: string): string => join(dir, `${name}.outside`);

interface Entry {
  point: string;
  type: string;
  source: string;
  tags: string[];
}

function mountinfo(pid: number | 'self'): Entry[] {
  return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n').map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    const [type = '', source = ''] = after.split(' ');
    return { point: fields[4] ?? '', type, source, tags: fields.slice(6) };
  });
}

/** Peer groups of the host. */
function groups(): Set<string> {
  return new Set(
    mountinfo('self').flatMap(({ tags }) => tags).filter((tag) => tag.startsWith('shared:')).map((tag) =>
      tag.slice('shared:'.length)
    ),
  );
}

/** The propagation of each mount point below /mnt: `shared:host` is a mount that is a peer of one of the host. */
function propagations(pid: number): Record<string, string> {
  const host = groups();
  const found: Record<string, string> = {};
  for (const { point, source, tags } of mountinfo(pid)) {
    if (!point.startsWith('/mnt/') && point !== '/' && point !== '/sys') continue;
    const words = tags.filter((tag) => !tag.startsWith('propagate_from')).map((tag) => {
      const [kind, group] = tag.split(':');
      return group === undefined ? tag : `${kind}:${host.has(group) ? 'host' : 'own'}`;
    });
    found[`${point} ${source}`.replace(/^\/ .*/, '/')] = words.join(' ');
  }
  return found;
}

/** Mount points of the host, without those that a container's bundle is. */
function hostPoints(): string[] {
  return mountinfo('self').map(({ point, source }) => `${point} ${source}`).sort();
}

interface Case {
  rootfs: string;
  users: boolean;
}
const cases: Case[] = ['', 'rprivate', 'rslave', 'rshared'].flatMap((rootfs) =>
  [false, true].map((users) => ({ rootfs, users }))
);

/** A container that mounts what it is able to, and the mounts that it is to get. */
function story(c: Context, dir: string, { rootfs, users }: Case, mounts: Mount[]): ReturnType<Context['command']> {
  // Mounts over the whole tree, and says so by a mount of its own.
  const script =
    'until [ -e /mnt/go/go ]; do sleep 0.05; done; for d in /mnt/*/later /mnt/*/below/later; do mount -t tmpfs later $d; done; mount -t tmpfs done /data; exec sleep 1000';
  mkdirSync(join(dir, 'go'), { recursive: true });
  return c.command(['sh', '-c', script], (config: Config) => {
    config.root.readonly = false;
    for (const set of ['bounding', 'effective', 'permitted'] as const)
      config.process.capabilities?.[set]?.push('CAP_SYS_ADMIN');
    if (rootfs !== '') config.linux.rootfsPropagation = rootfs;
    if (users) {
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    }
    config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs' }, { destination: '/mnt/go', type: 'bind',
      source: join(dir, 'go'), options: ['bind', 'rprivate'] }, ...mounts);
  });
}

/** One mount for each source and option, and one on it. */
function table(dir: string, of = pairs): Mount[] {
  return of.flatMap(({ option, name }): Mount[] => [
    { destination: `/mnt/${name}`, type: 'bind', source: join(dir, name),
      options: ['rbind', ...(option === '' ? [] : [option])] },
    { destination: `/mnt/${name}/configured`, type: 'tmpfs', source: 'configured' },
  ]);
}

interface Seen {
  inside: Record<string, string>;
  host: string[];
}

/** Lets the container mount, mounts on the host, and tells who sees what. */
async function look(pid: number, dir: string, before: readonly string[]): Promise<Seen> {
  writeFileSync(join(dir, 'go/go'), '');
  const end = Date.now() + 10_000 * timeScale;
  while (!mountinfo(pid).some(({ source }) => source === 'done')) {
    assert.ok(Date.now() < end, 'the container does not mount');
    await sleep(20);
  }
  const host = hostPoints();
  const points = pairs.map(({ name }) => join(outsideOf(dir, name), 'host'));
  mountAll(dir, points.map((point) => `host ${point} tmpfs defaults`));
  const inside = propagations(pid);
  execFileSync('umount', points);
  const news = host.slice();
  for (const point of before) news.splice(news.indexOf(point), 1);
  return { inside, host: news.map((point) => point.replace(dir, '')) };
}

type Run = (args: string[]) => Promise<Result>;

/** A container that has the mounts from its create on, or by `mounts add`. */
async function run(c: Context, rt: Run, each: Case, how: 'create' | 'add' = 'create', of = pairs): Promise<Seen> {
  const dir = makeSources(c);
  const bundle = story(c, dir, each, how === 'create' ? table(dir, of) : []);
  const id = c.id();
  const before = hostPoints();
  const pidFile = join(dir, 'pid');
  const config = structuredClone(bundle.config);
  config.linux.cgroupsPath = `/${id}`;
  bundle.write(JSON.stringify(config));
  const succeed = async (...args: string[]): Promise<void> => {
    const result = await rt(args);
    assert.equal(result.code, 0, `${args[0]}: ${result.stderr}`);
  };
  try {
    await succeed('create', '--bundle', bundle.dir, '--pid-file', pidFile, id);
    await succeed('start', id);
    if (how === 'add') {
      const file = join(dir, 'mounts.json');
      writeFileSync(file, JSON.stringify(table(dir, of)));
      await succeed('mounts', 'add', id, file);
    }
    return await look(Number(readFileSync(pidFile, 'utf8')), dir, before);
  } finally {
    await rt(['delete', '--force', id]);
  }
}

/**
 * Without what is meant to differ. The container's root is a slave of its mount on the host only by wish. A root that is
 * shared makes every mount shared, if only within the container: runc 1.1.5 does not, nor what is mounted later.
 */
function comparable({ inside, host }: Seen, { rootfs }: Case): Seen {
  const kept = Object.entries(inside).filter(([point]) => rootfs !== '' || point !== '/');
  return { host, inside: Object.fromEntries(
    kept.map(([point, tags]) => [point, rootfs === 'rshared' ? tags.replace(/shared:own ?/, '') : tags]),
  ) };
}

const runc = which('runc');

const bindable = pairs.filter(({ source }) => source !== 'unbindable');
const ofBindable = ({ host, inside }: Seen): Seen => ({
  host: host.filter((point) => !point.includes('/unbindable')),
  inside: Object.fromEntries(Object.entries(inside).filter(([point]) => !point.startsWith('/mnt/unbindable'))),
});

/** Whether this kernel lets an unbindable mount be bound once it is a slave: runc needs that. */
function slavesAreBindable(c: Context): boolean {
  const dir = makeSources(c);
  const script = 'mount --make-rslave / && mount --bind "$1" "$1"';
  return spawnSync('unshare', ['-m', '--propagation', 'unchanged', 'sh', '-c', script, 'sh', join(dir, 'unbindable')])
    .status === 0;
}

for (const each of cases) {
  const name = `rootfsPropagation ${each.rootfs || 'not given'}${each.users ? ', with a user namespace' : ''}`;

  test(`who sees what is mounted: ${name}`, async (c) => {
    const ours = await run(c, (args) => c.rt(args), each);
    // Only where it is asked for, and never from another user namespace.
    const asked = each.rootfs === 'rshared' && !each.users;
    if (!asked) {
      assert.deepEqual(ours.host, [], 'mounts of the container are on the host');
      assert.deepEqual(Object.entries(ours.inside).filter(([, tags]) => tags.includes('shared:host')), []);
    }
    for (const { option, name } of pairs) {
      if (/shared/.test(option)) assert.match(ours.inside[`/mnt/${name} source`] ?? '', /shared:/, name);
    }
    const same = async (what: string, rt: Run, how?: 'create' | 'add'): Promise<void> => {
      assert.deepEqual(comparable(await run(c, rt, each, how), each), comparable(ours, each), what);
    };
    if (/^(rshared)?$/.test(each.rootfs)) await same('mounts add', (args) => c.rt(args), 'add');
    // As on Linux before 5.12; rootfsPropagation is no matter of it.
    const old = [program('fault'), 'mount_setattr=38', 'open_tree_attr=38', '--'];
    if (each.rootfs === '') {
      await same('create without mount_setattr(2)', (args) => c.rt(args, { prefix: old }));
      await same('mounts add without mount_setattr(2)', (args) => c.rt(args, { prefix: old }), 'add');
    }
    if (runc === undefined) return;
    const root = mkdtempSync('/run/runc-');
    c.later(() => rmSync(root, { recursive: true }));
    const rt: Run = (args) => call([runc, '--root', root, ...args]);
    if (!/^(rslave)?$/.test(each.rootfs) || slavesAreBindable(c)) return same('runc', rt);
    const theirs = comparable(await run(c, rt, each, 'create', bindable), each);
    assert.deepEqual(theirs, ofBindable(comparable(ours, each)), 'runc, without what it cannot bind');
  }, { only: 'veloci' });
}
