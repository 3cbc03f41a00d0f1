// spec --from FILE: what the configuration of an image asks for.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

const image = { architecture: 'amd64', os: 'linux', author: 'somebody',
  config: { User: '12:34', Env: ['A=b'], Entrypoint: ['/bin/run'], Cmd: ['it'], WorkingDir: '/srv',
    Volumes: { '/data': {} }, ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGQUIT', Labels: { x: 'y' } } };

async function from(
  c: Context,
  document: unknown,
  flags: readonly string[] = [],
): Promise<{ config?: Config; stderr: string }> {
  const folder = c.dir(), file = join(folder, 'image.json');
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  const { code, stderr } = await c.rt(['spec', '-b', folder, ...flags, '--from', file]);
  const path = join(folder, 'config.json');
  assert.equal(existsSync(path), code === 0, stderr);
  return code === 0 ? { config: JSON.parse(readFileSync(path, 'utf8')) as Config, stderr } : { stderr };
}

test('spec --from: each member of the image has its place', async (c) => {
  const { config } = await from(c, image);
  assert.deepEqual(config!.process.args, ['/bin/run', 'it']);
  assert.deepEqual(config!.process.user, { uid: 12, gid: 34 });
  assert.equal(config!.process.cwd, '/srv');
  assert.ok(config!.process.env!.includes('A=b'));
  assert.equal(config!.mounts.at(-1)!.destination, '/data');
  assert.deepEqual(config!.annotations, { 'org.opencontainers.image.os': 'linux',
    'org.opencontainers.image.architecture': 'amd64', 'org.opencontainers.image.author': 'somebody',
    'org.opencontainers.image.stopSignal': 'SIGQUIT', 'org.opencontainers.image.exposedPorts': '80/tcp', x: 'y' });
  assert.ok((await from(c, { config: { User: 'root' } }, ['--rootless'])).config!.linux.uidMappings!.length > 0);
}, only);

test('spec --from: standard input, and what is no configuration of an image', async (c) => {
  const folder = c.dir();
  const piped = await c.rt(['spec', '-b', folder, '--from', '-'], { input: JSON.stringify(image) });
  assert.equal(piped.code, 0, piped.stderr);
  assert.match((await from(c, { config: { User: 'app' } })).stderr, /E1014: the user "app" .*"veloci unpack" reads/);
  assert.match((await from(c, { config: { Env: 'A=b' } })).stderr, /E1003: /);
  assert.match((await from(c, '{')).stderr, /E02\d\d: /);
  assert.match((await c.rt(['spec', '-b', c.dir(), '--from', 'podman'])).stderr,
    /E0105: .*runc, docker-default, or a file/);
  const missing = await c.rt(['spec', '-b', c.dir(), '--from', '/no/such/file']);
  assert.match(missing.stderr, /E0201: cannot open "\/no\/such\/file"/);
}, only);
