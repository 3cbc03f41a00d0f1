// A Debian root file system, made by debootstrap and kept in the cache: a shell on a terminal, by hand.
import { readFileSync, readlinkSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import { onTerminal } from '../../support/console.ts';
import { runtimePath } from '../../support/paths.ts';
import { dockerConfig } from '../../support/spec.ts';

test("a Debian shell on a terminal: own pid 1, host name, network; the kernel is the host's", async (c) => {
  const id = c.id();
  const bundle = c.command(['bash'], (config) => {
    config.process.terminal = true;
    config.hostname = 'in-debian';
    config.linux.cgroupsPath = `/${id}`;
  }, { image: 'debian', base: dockerConfig });
  const talk = onTerminal([runtimePath(), '--root', c.root, 'run', '--bundle', bundle.dir, id]);
  c.later(() => talk.kill());
  await talk.expect(/# /);
  talk.send(
    'PS1=; echo "[$$] [$(uname -r)] [$(hostname)] [$(readlink /proc/self/ns/net)] [$(. /etc/os-release; echo $ID)]"; touch /touched\r',
  );
  const [, pid, release, host, network, name] = /\r\[(\d+)\] \[(.*)\] \[(.*)\] \[(.*)\] \[(.*)\]/.exec(
    await talk.expect(/\r\[\d+\] .*\]\r\n/),
  ) ?? [];
  assert.equal(pid, '1');
  assert.equal(release, readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
  assert.equal(host, 'in-debian');
  assert.notEqual(network, readlinkSync('/proc/self/ns/net'));
  assert.equal(name, 'debian');
  talk.send('exit 0\r');
  assert.equal(await talk.exit, 0);
  await c.nothingLeft();
});

test('a file touched in one container is gone in a fresh one; apt and dpkg work', async (c) => {
  const run = async (script: string): Promise<string> => {
    const result = await c.run(c.command(['sh', '-c', script], () => {}, { image: 'debian', base: dockerConfig }));
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };
  await run('touch /touched');
  assert.equal(await run('ls /touched 2>/dev/null || echo gone'), 'gone\n');
  assert.match(await run('dpkg --print-architecture && apt-config dump | head -1'), /^(amd64|arm64)\nAPT/);
});

test('Debian with mapped users', async (c) => {
  const result = await c.run(
    c.command(['sh', '-c', 'id -u; cat /proc/self/uid_map; getent passwd daemon'], (config) => {
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    }, { image: 'debian' }),
  );
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^0\n +0 +100000 +65536\ndaemon/);
});
