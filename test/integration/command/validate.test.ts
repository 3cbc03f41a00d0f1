// validate looks at the bundle, and its verdict is that of create on this host.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import type { Bundle, BundleOptions } from '../../support/bundle.ts';
import type { Config } from '../../support/spec.ts';

interface Row {
  name: string;
  code: string;
  pointer: string;
  change?: (config: Config) => void;
  spoil?: (bundle: Bundle) => void;
  options?: BundleOptions;
}

const hook = (kind: string, path: string) => (config: Config): void => {
  config.hooks = { [kind]: [{ path }] };
};

const rows: Row[] = [
  { name: 'no root file system', code: 'E0716', pointer: '/root/path', options: { rootfs: 'none' } },
  { name: 'a root file system that is a file', code: 'E0715', pointer: '/root/path', change: (config) => {
    config.root.path = 'config.json';
  } },
  { name: 'no program', code: 'E0732', pointer: '/process/args', change: (config) => {
    config.process.args = ['nothing-here'];
  } },
  { name: 'no program at a path', code: 'E0764', pointer: '/process/args', change: (config) => {
    config.process.args = ['/opt/nothing'];
  } },
  { name: 'a program that is a directory', code: 'E0734', pointer: '/process/args', change: (config) => {
    config.process.args = ['/etc'];
  } },
  { name: 'a program that is not executable', code: 'E0888', pointer: '/process/args', change: (config) => {
    config.process.args = ['/tool'];
  }, options: { rootfs: 'copy' }, spoil: ({ rootfs }) => chmodSync(join(rootfs, 'tool'), 0o644) },
  { name: 'no source of a bind mount', code: 'E0723', pointer: '/mounts/7/source', change: (config) => {
    config.mounts.push({ destination: '/mnt', type: 'none', source: '/nothing/here', options: ['rbind'] });
  } },
  { name: 'no hook of create', code: 'E0773', pointer: '/hooks/createRuntime/0/path',
    change: hook('createRuntime', '/nothing/hook') },
  { name: 'no namespace', code: 'E0736', pointer: '/linux/namespaces/1/path', change: (config) => {
    config.linux.namespaces[1] = { type: 'network', path: '/run/netns/nothing' };
  } },
];

for (const { name, code, pointer, change = () => {}, spoil, options = {} } of rows) {
  test(`${name}: ${code}, as create says`, async (c) => {
    const bundle = c.bundle((config) => {
      config.process.args = ['true'];
      change(config);
    }, options);
    if (code === 'E0888') spoilProgram(bundle);
    spoil?.(bundle);
    const checked = await c.rt(['validate', '--format', 'json', '--bundle', bundle.dir]);
    const { findings } = JSON.parse(checked.stdout) as {
      findings: { code: string; pointer: string; line: number; severity: string }[];
    };
    const errors = findings.filter(({ severity }) => severity === 'error');
    assert.deepEqual(errors.map((found) => found.code), [code], checked.stdout);
    assert.ok(errors[0]!.pointer.startsWith(pointer), errors[0]!.pointer);
    assert.ok(errors[0]!.line > 0);
    assert.equal(checked.code, 1);
    const created = await c.create(bundle);
    assert.notEqual(created.code, 0);
    assert.match(created.stderr, new RegExp(`${code}: `));
    const alone = await c.rt(['validate', '--no-files', '--bundle', bundle.dir]);
    assert.equal(alone.code, 0, alone.stdout);
  }, { only: 'veloci' });
}

function spoilProgram({ rootfs }: Bundle): void {
  rmSync(join(rootfs, 'tool'), { force: true });
  writeFileSync(join(rootfs, 'tool'), '#!/bin/sh\n');
}

test('what this host cannot do is an error of validate as of create, and a warning of --no-files', async (c) => {
  const bundle = c.command(['true'], (config) => {
    // One of the two versions of cgroups has no such limit.
    config.linux.resources = unified
      ? { cpu: { realtimeRuntime: 1000 } }
      : { unified: { 'memory.high': '1000000000' } };
  });
  const create = await c.create(bundle);
  const [code] = /E05\d\d/.exec(create.stderr) ?? [];
  assert.ok(code !== undefined && create.code !== 0, create.stderr);
  const checked = await c.rt(['validate', '--bundle', bundle.dir]);
  assert.equal(checked.code, 1, checked.stdout);
  assert.match(checked.stdout, new RegExp(`error ${code}: `));
  const alone = await c.rt(['validate', '--no-files', '--bundle', bundle.dir]);
  assert.equal(alone.code, 0, alone.stdout);
  assert.match(alone.stdout, new RegExp(`warning ${code}: `));
}, { only: 'veloci' });

test('what hooks or mounts may bring is not missed', async (c) => {
  const valid = async (change: (config: Config) => void): Promise<void> => {
    const bundle = c.bundle(change);
    const { code, stdout } = await c.rt(['validate', '--bundle', bundle.dir]);
    assert.equal(code, 0, stdout);
  };
  await valid((config) => {
    config.process.args = ['/opt/brought'];
    config.hooks = { createRuntime: [{ path: '/bin/true' }] };
  });
  await valid((config) => {
    config.process.args = ['/opt/bin/brought'];
    config.mounts.push({ destination: '/opt', type: 'none', source: '/usr', options: ['rbind'] });
  });
}, { only: 'veloci' });

test('the cgroup that is made before it is mounted, without a cgroup namespace, is not missing', async (c) => {
  const { dir } = c.bundle((config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
  });
  const result = await c.rt(['validate', '--bundle', dir]);
  assert.equal(result.code, 0, result.stdout);
}, { only: 'veloci' });

test('an annotation of crun that nothing knows is a warning: E0587', async (c) => {
  const { dir } = c.bundle((config) => {
    config.process.args = ['true'];
    config.annotations = { 'run.oci.keep_original_group': '1' };
  });
  const { code, stdout } = await c.rt(['validate', '--format', 'json', '--bundle', dir]);
  const { findings } = JSON.parse(stdout) as { findings: { code: string; pointer: string; severity: string }[] };
  assert.equal(code, 0);
  assert.deepEqual(findings.map(({ code, pointer, severity }) => [code, pointer, severity]), [['E0587',
    '/annotations/run.oci.keep_original_group', 'warning']]);
}, { only: 'veloci' });
