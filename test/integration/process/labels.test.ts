// AppArmor and SELinux: the label of the program, and clear words where the kernel has no such module.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import { which } from '../../support/paths.ts';
import { runtimeName } from '../../support/runtime.ts';

const enabled = '/sys/module/apparmor/parameters/enabled';
const hasAppArmor = existsSync(enabled) && readFileSync(enabled, 'utf8').startsWith('Y');
const noAppArmor = hasAppArmor ? false : 'this kernel has no AppArmor';
const noParser = !hasAppArmor ? noAppArmor : which('apparmor_parser') ? false : 'apparmor_parser is not installed';

const profile =
  `profile veloci-test flags=(attach_disconnected) { file, network, signal, unix, capability, mount, deny /etc/passwd r, }\n`;

function load(remove = false): void {
  writeFileSync('/tmp/veloci-test.profile', profile);
  execFileSync('apparmor_parser', [remove ? '-R' : '-r', '--skip-cache', '/tmp/veloci-test.profile']);
}

test('apparmorProfile: the program runs under it, with and without no_new_privs', async (c) => {
  load();
  c.later(() => load(true));
  for (const noNewPrivileges of [true, false]) {
    const change = (config: { process: { apparmorProfile?: string; noNewPrivileges?: boolean } }): void => {
      Object.assign(config.process, { apparmorProfile: 'veloci-test', noNewPrivileges });
    };
    assert.match(await c.sh('cat /proc/self/attr/current /proc/self/attr/apparmor/current', change),
      /^veloci-test \(enforce\)\nveloci-test \(enforce\)/);
    assert.notEqual((await c.run(c.command(['cat', '/etc/passwd'], change))).code, 0);
  }
}, { skip: noParser });

test("apparmorProfile: a further process has the container's, or its own", async (c) => {
  load();
  c.later(() => load(true));
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.process.apparmorProfile = 'veloci-test';
  }));
  assert.match((await c.rt(['exec', id, 'cat', '/proc/self/attr/current'])).stdout, /^veloci-test/);
  assert.notEqual((await c.rt(['exec', id, 'cat', '/etc/passwd'])).code, 0);
  assert.match((await c.rt(['exec', '--apparmor', 'unconfined', id, 'cat', '/proc/self/attr/current'])).stdout,
    /^unconfined/);
}, { skip: noParser });

test('apparmorProfile: one that is not loaded is an error that names it', async (c) => {
  const result = await c.run(c.command(['/probe'], (config) => {
    config.process.apparmorProfile = 'veloci-not-there';
  }));
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /veloci-not-there/);
  if (runtimeName().startsWith('veloci'))
    assert.match(result.stderr, /config\.json:\d+:\d+ \(\/process\/apparmorProfile\)/);
  await c.nothingLeft();
}, { skip: noAppArmor });

test('apparmorProfile: features says that it is supported', async (c) => {
  const { linux } = JSON.parse((await c.rt(['features'])).stdout) as { linux: { apparmor: { enabled: boolean } } };
  assert.equal(linux.apparmor.enabled, true);
});

test('labels without their security module are errors; empty ones are none', async (c) => {
  for (const [change, text] of [
    [{ process: { apparmorProfile: 'x' } }, /AppArmor/],
    [{ process: { selinuxLabel: 'x' } }, /SELinux/],
    [{ linux: { mountLabel: 'system_u:object_r:x_t:s0' } }, /SELinux/],
  ] as const) {
    const result = await c.run(c.command(['/probe'], (config) => {
      if ('process' in change) Object.assign(config.process, change.process);
      else Object.assign(config.linux, change.linux);
    }));
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, text);
  }
  await c.probe((config) => {
    Object.assign(config.process, { apparmorProfile: '', selinuxLabel: '' });
    config.linux['mountLabel'] = '';
  });
}, { skip: hasAppArmor || existsSync('/sys/fs/selinux/enforce') ? 'this kernel has them' : false, only: 'veloci' });

const noSelinux = existsSync('/sys/fs/selinux/enforce') ? false : 'this kernel has no SELinux';
/** The label of this process with another type, which any policy has. */
const labelled = (type: string): string =>
  readFileSync('/proc/self/attr/current', 'utf8').replace('\0', '').trim().replace(/^([^:]*:[^:]*:)[^:]*/, `$1${type}`);

const current = ['cat', '/proc/self/attr/current'];
const bare = (text: string): string => text.replace('\0', '').trim();

test('selinuxLabel: the program and further processes have it', async (c) => {
  const label = labelled('init_t');
  const { id, pid } = await c.started(c.command(['/probe', 'pause'], (config) => {
    Object.assign(config.process, { selinuxLabel: label });
  }));
  assert.equal(bare(readFileSync(`/proc/${pid}/attr/current`, 'utf8')), label);
  assert.equal(bare((await c.rt(['exec', id, ...current])).stdout), label);
}, { skip: noSelinux });

test('selinuxLabel: exec --process-label is that of one further process', async (c) => {
  const other = labelled('kernel_t');
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    Object.assign(config.process, { selinuxLabel: labelled('init_t') });
  }));
  assert.equal(bare((await c.rt(['exec', '--process-label', other, id, ...current])).stdout), other);
  const refused = await c.rt(['exec', '--process-label', labelled('nobody_knows_t'), id, 'true']);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /nobody_knows_t/);
  assert.equal(bare((await c.rt(['exec', id, ...current])).stdout), labelled('init_t'));
}, { skip: noSelinux, only: 'veloci' });

test('selinuxLabel: one that the policy does not know is an error that names it', async (c) => {
  const result = await c.run(c.command(['/probe'], (config) => {
    Object.assign(config.process, { selinuxLabel: labelled('nobody_knows_t') });
  }));
  assert.notEqual(result.code, 0);
  if (runtimeName().startsWith('veloci'))
    assert.match(result.stderr, /nobody_knows_t.* at config\.json:\d+:\d+ \(\/process\/selinuxLabel\)/);
  await c.nothingLeft();
}, { skip: noSelinux });

test('mountLabel: the context of new mounts', async (c) => {
  const label = labelled('tmp_t').replace(/^([^:]*):[^:]*/, '$1:object_r');
  const out = await c.sh('grep " /dev " /proc/self/mountinfo', (config) => {
    config.linux['mountLabel'] = label;
  });
  assert.ok(out.includes(`context="${label}"`) || out.includes(`context=${label}`), out);
}, { skip: noSelinux });

test('mountLabel: files of new mounts have it', async (c) => {
  const label = labelled('tmp_t').replace(/^([^:]*):[^:]*/, '$1:object_r');
  const { pid } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux['mountLabel'] = label;
  }));
  assert.equal(execFileSync('stat', ['-c', '%C', `/proc/${pid}/root/dev/null`], { encoding: 'utf8' }).trim(), label);
}, { skip: noSelinux });

test('mountLabel: one that the policy does not know is an error', async (c) => {
  const label = labelled('nobody_knows_t').replace(/^([^:]*):[^:]*/, '$1:object_r');
  const result = await c.run(c.command(['/probe'], (config) => {
    config.linux['mountLabel'] = label;
  }));
  assert.notEqual(result.code, 0);
  if (runtimeName().startsWith('veloci')) assert.match(result.stderr, /"context".* at config\.json:\d+:\d+/);
  await c.nothingLeft();
}, { skip: noSelinux });
