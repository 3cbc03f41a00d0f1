// features.md, features-linux.md: the document has its form, and what it lists is true.
import { chmodSync, chownSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, type CaseOptions } from '../../test/support/case.ts';
import type { Context } from '../../test/support/context.ts';
import { readFacts } from '../../test/support/facts.ts';
import type { Config } from '../../test/support/spec.ts';
import { validateFeatures } from '../../src/generated/validate-features.ts';
import type { Features } from '../../src/generated/features.ts';

const noneInCrun = { peer: 'crun 1.8.1', why: 'has no command features' };
const options: CaseOptions = { peers: [noneInCrun] };

const isFeatures = (document: unknown): document is Features => validateFeatures(document);

async function features(c: Context): Promise<Features> {
  const result = await c.rt(['features']);
  assert.equal(result.code, 0, result.stderr);
  const document: unknown = JSON.parse(result.stdout);
  assert.ok(isFeatures(document), JSON.stringify(validateFeatures.errors));
  return document;
}

/** A container with this change can be created. */
async function creates(c: Context, what: string, change: (config: Config) => void): Promise<void> {
  const created = await c.create(c.command(['/probe', 'pause'], change));
  assert.equal(created.code, 0, `${what}: ${created.stderr}`);
  await c.destroy(created.id);
}

function parse(version: string): number[] {
  return version.replace(/[-+].*/, '').split('.').map(Number);
}

test('the document has the form of the specification', async (c) => {
  const document = await features(c);
  assert.match(document.ociVersionMin, /^\d+\.\d+\.\d+/);
  assert.match(document.ociVersionMax, /^\d+\.\d+\.\d+/);
}, options);

test('the document has no properties that the specification does not define', async (c) => {
  const { linux = {}, ...rest } = await features(c);
  const known = ['ociVersionMin', 'ociVersionMax', 'hooks', 'mountOptions', 'annotations',
    'potentiallyUnsafeConfigAnnotations'];
  const knownOfLinux = ['namespaces', 'capabilities', 'cgroup', 'seccomp', 'apparmor', 'selinux', 'memoryPolicy',
    'intelRdt', 'mountExtensions', 'netDevices'];
  assert.deepEqual(Object.keys(rest).filter((name) => !known.includes(name)), []);
  assert.deepEqual(Object.keys(linux).filter((name) => !knownOfLinux.includes(name)), []);
}, options);

test('the document is the same at every call', async (c) => {
  assert.deepEqual(await features(c), await features(c));
}, options);

test('ociVersionMin and ociVersionMax are accepted, and in order', async (c) => {
  const { ociVersionMin, ociVersionMax } = await features(c);
  const [low, high] = [parse(ociVersionMin), parse(ociVersionMax)];
  const first = low.findIndex((part, index) => part !== high[index]);
  assert.ok(first < 0 || low[first]! < high[first]!, `${ociVersionMin} > ${ociVersionMax}`);
  for (const version of [ociVersionMin, ociVersionMax])
    await creates(c, version, (config) => {
      config.ociVersion = version;
    });
}, options);

test('every hook of the list is run', async (c) => {
  const { hooks = [] } = await features(c);
  assert.ok(hooks.length > 0);
  for (const hook of hooks) {
    const { id } = await c.create(c.command(['/probe', 'exit', '0'], (config) => {
      config.hooks = { [hook]: [{ path: '/bin/false' }] };
      if (hook === 'startContainer') config.hooks[hook] = [{ path: '/probe', args: ['probe', 'exit', '1'] }];
    })).then(async (created) => {
      if (/prestart|create/.test(hook)) assert.notEqual(created.code, 0, `${hook} is not run`);
      else assert.equal(created.code, 0, `${hook}: ${created.stderr}`);
      return created;
    });
    if (hook === 'startContainer' || hook === 'poststart')
      assert.notEqual((await c.rt(['start', id])).code, 0, `${hook} is not run`);
    await c.rt(['delete', '--force', id]);
  }
}, { peers: [noneInCrun, { peer: 'runc 1.1.5', why: 'runs poststart hooks in create' }] });

const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
const propagation = /^r?(shared|slave|private|unbindable)$/;

test('every mount option of the list is recognised', async (c) => {
  const { mountOptions = [] } = await features(c);
  assert.ok(mountOptions.length > 0);
  await creates(c, 'all options', (config) => {
    mountOptions.forEach((option, index) => {
      const destination = `/tmp/mount${index}`;
      const tmpfs = { destination, type: 'tmpfs', source: 'tmpfs' };
      if (option === 'remount') config.mounts.push({ ...tmpfs, options: [] }, { ...tmpfs, options: ['remount'] });
      else if (/^r?idmap$/.test(option)) {
        config.mounts.push(
          { destination, type: 'bind', source: c.dir(), options: ['bind', option], uidMappings: mapping,
            gidMappings: mapping } as never,
        );
      } else if (/^(r?bind|r.+)$/.test(option) && option !== 'ro' && option !== 'rw' && option !== 'relatime') {
        config.mounts.push({ destination, type: 'bind', source: c.dir(),
          options: /bind$/.test(option) && !propagation.test(option) ? [option] : ['rbind', option] });
      } else if (propagation.test(option) || /^(copy-symlink|src-nofollow|dest-nofollow)$/.test(option)) {
        config.mounts.push({ destination, type: 'bind', source: c.dir(), options: ['rbind', option] });
      } else config.mounts.push({ ...tmpfs, options: [option] });
    });
    config.mounts.splice(7, 0, { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: [] });
  });
}, options);

test('the list of mount options has none that file systems define', async (c) => {
  const { mountOptions = [] } = await features(c);
  for (const option of ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'newinstance', 'ptmxmode', 'hidepid', 'subset']) {
    assert.ok(!mountOptions.includes(option), option);
  }
}, options);

test('every namespace of the list is recognised', async (c) => {
  const { linux: { namespaces = [] } = {} } = await features(c);
  assert.ok(namespaces.length > 0);
  const facts = await c.probe((config) => {
    config.linux.namespaces = namespaces.map((type) => ({ type }));
    config.linux.uidMappings = mapping;
    config.linux.gidMappings = mapping;
  });
  for (const type of namespaces) {
    const file = ({ network: 'net', mount: 'mnt' } as Record<string, string>)[type] ?? type;
    assert.notEqual(facts.ns[file] ?? '', '', `${type}: no such namespace`);
    assert.notEqual(facts.ns[file], readlinkSync(`/proc/self/ns/${file}`), `${type} is not a new one`);
  }
}, options);

/** The capabilities in the order of their numbers: linux/capability.h. */
const capabilityNames = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID',
  'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER',
  'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE',
  'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP',
  'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF',
  'CHECKPOINT_RESTORE'].map((name) => `CAP_${name}`);

test('every capability of the list is recognised', async (c) => {
  const { linux: { capabilities = [] } = {} } = await features(c);
  assert.ok(capabilities.length > 30);
  assert.deepEqual(capabilities.filter((name) => !capabilityNames.includes(name)), [], 'the test does not know them');
  const own = BigInt(`0x${/^CapBnd:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
  // Six containers tell all numbers apart: in the n-th are the capabilities whose number has bit n. The last has all.
  for (const bit of [0, 1, 2, 3, 4, 5, undefined]) {
    const bounding = capabilities.filter((name) =>
      bit === undefined || (capabilityNames.indexOf(name) >> bit & 1) === 1
    );
    const mask = bounding.reduce((sum, name) => sum | 1n << BigInt(capabilityNames.indexOf(name)), 0n);
    const facts = await c.probe((config) => {
      config.process.capabilities = { bounding };
    });
    assert.equal(BigInt(`0x${facts.status['CapBnd']}`), mask & own, bounding.join());
  }
}, options);

const listens = /NOTIFY/;

test('every seccomp action, operator and architecture of the list is recognised', async (c) => {
  const { linux: { seccomp = {} } = {} } = await features(c);
  const { actions = [], operators = [], archs = [] } = seccomp;
  assert.ok(actions.length > 0 && operators.length > 0 && archs.length > 0);
  // NOTIFY needs an agent: see the tests of the listener.
  for (const action of actions.filter((name) => !listens.test(name))) {
    await creates(c, action, (config) => {
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['personality'], action }] };
    });
  }
  await creates(c, operators.join(), (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: operators.map((op, index) => ({ names: ['personality'], action: 'SCMP_ACT_ERRNO',
        args: [{ index: index % 6, value: 77, valueTwo: 77, op }] })
      ) };
  });
  // One of another byte order cannot be in the same filter; but the runtime must not take its name for a wrong one.
  const complaint = async (arch: string): Promise<string> => {
    const { code, id, stderr } = await c.create(c.command(['/probe', 'pause'], (config) => {
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64', arch],
        syscalls: [{ names: ['personality'], action: 'SCMP_ACT_ERRNO' }] };
    }));
    if (code === 0) await c.destroy(id);
    return code === 0 ? '' : stderr.replaceAll(arch, 'ARCH').replace(/^time="[^"]*"/, '');
  };
  const wrong = await complaint('SCMP_ARCH_NOSUCH');
  assert.notEqual(wrong, '');
  for (const arch of archs) assert.notEqual(await complaint(arch), wrong, arch);
}, options);

test('every seccomp flag of the list is recognised, and the supported ones are among the known', async (c) => {
  const { linux: { seccomp: { knownFlags = [], supportedFlags = [] } = {} } = {} } = await features(c);
  assert.deepEqual(supportedFlags.filter((flag) => !knownFlags.includes(flag)), []);
  // The kernel takes this one with NOTIFY alone.
  for (const flag of supportedFlags.filter((name) => !/WAIT_KILLABLE_RECV/.test(name))) {
    await creates(c, flag, (config) => {
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', flags: [flag],
        syscalls: [{ names: ['personality'], action: 'SCMP_ACT_ERRNO' }] };
    });
  }
}, options);

test('every mode and flag of memoryPolicy in the list is recognised', async (c) => {
  const { linux: { memoryPolicy = {} } = {} } = await features(c) as {
    linux?: { memoryPolicy?: { modes?: string[]; flags?: string[] } };
  };
  for (const mode of memoryPolicy.modes ?? []) {
    const nodes = /DEFAULT|LOCAL/.test(mode) ? {} : { nodes: '0' };
    await creates(c, mode, (config) => {
      config.linux['memoryPolicy'] = { mode, ...nodes };
    });
  }
  for (const flag of memoryPolicy.flags ?? []) {
    await creates(c, flag, (config) => {
      config.linux['memoryPolicy'] = { mode: 'MPOL_BIND', nodes: '0', flags: [flag] };
    });
  }
  assert.ok((memoryPolicy.modes ?? []).length > 0, 'the list is empty');
}, { peers: [noneInCrun, { peer: 'runc 1.1.5', why: 'does not know memoryPolicy' }] });

test('the switches of the document are true or false', async (c) => {
  const { linux = {} } = await features(c) as unknown as { linux?: Record<string, Record<string, unknown>> };
  for (const [name, keys] of [
    ['cgroup', ['v1', 'v2', 'systemd', 'systemdUser', 'rdma']],
    ['seccomp', ['enabled']],
    ['apparmor', ['enabled']],
    ['selinux', ['enabled']],
    ['intelRdt', ['enabled']],
    ['netDevices', ['enabled']],
  ] as const) {
    for (const key of keys) assert.equal(typeof linux[name]?.[key], 'boolean', `${name}.${key}`);
  }
  assert.equal(typeof (linux['mountExtensions']?.['idmap'] as { enabled?: unknown } | undefined)?.enabled, 'boolean');
}, { peers: [noneInCrun, { peer: 'runc 1.1.5', why: 'is older than these properties' }] });

test('mountExtensions.idmap: a mount with the option has its mappings', async (c) => {
  const { linux: { mountExtensions } = {} } = await features(c);
  assert.equal(mountExtensions?.idmap?.enabled, true);
  const source = c.dir();
  chmodSync(source, 0o755);
  writeFileSync(join(source, 'file'), '');
  chownSync(join(source, 'file'), 7, 8);
  const owner = await c.sh('stat -c %u:%g /mnt/file', (config) => {
    config.mounts.push(
      { destination: '/mnt', type: 'bind', source, options: ['bind', 'idmap'],
        uidMappings: [{ containerID: 0, hostID: 1000, size: 100 }],
        gidMappings: [{ containerID: 0, hostID: 2000, size: 100 }] } as never,
    );
  });
  assert.equal(owner, '1007:2008\n');
}, { peers: [noneInCrun, { peer: 'runc 1.1.5', why: 'is older than these properties' }] });

test('an annotation that changes what the runtime does is listed as potentially unsafe', async (c) => {
  const { potentiallyUnsafeConfigAnnotations: listed = [] } = await features(c);
  assert.ok(listed.every((entry) => typeof entry === 'string' && entry !== ''));
  const isListed = (name: string): boolean =>
    listed.some((entry) => (entry.endsWith('.') ? name.startsWith(entry) : name === entry));
  const change = async (name: string, value: string): Promise<string> => {
    const bundle = c.command(['/probe'], (config) => {
      config.annotations = { [name]: value };
    });
    const result = await c.run(bundle, { prefix: ['setpriv', '--groups', '4711', '--'] });
    assert.equal(result.code, 0, result.stderr);
    return JSON.stringify(readFacts(result.stdout).groups);
  };
  const plain = await change('com.example.nothing', '1');
  assert.equal(isListed('com.example.nothing'), false);
  if (await change('run.oci.keep_original_groups', '1') !== plain) assert.ok(isListed('run.oci.keep_original_groups'));
  for (const name of ['org.systemd.property.TimeoutStopUSec', 'org.criu.config']) assert.ok(isListed(name), name);
}, options);
