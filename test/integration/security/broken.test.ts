// What only this host and the root file system can tell to be wrong: code, place, and what to do, in the JSON log.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context } from '../../support/context.ts';
import type { Entry } from '../../support/failing.ts';
import type { Config } from '../../support/spec.ts';

const elf = readFileSync(process.execPath).subarray(0, 4096);
/** A program for another machine (number of elf.h). */
const foreign = (machine: number): Buffer => {
  const copy = Buffer.from(elf);
  copy.writeUInt16LE(machine, 18);
  return copy;
};

/** Programs in /data of the container: name, content, mode. */
const files: readonly (readonly [name: string, content: string | Buffer, mode?: number])[] = [
  ['crlf', '#!/bin/sh\r\necho\r\n'],
  ['text', 'echo hi\n'],
  ['mark', '\ufeff#!/bin/sh\n'],
  ['bare', '#!\n'],
  ['empty', ''],
  ['no-shell', '#!/bin/nothing\n'],
  ['root-only', '#!/bin/sh\n', 0o700],
  ['no-mode', '#!/bin/sh\n', 0o644],
  ['bad-shell', '#!/bin/not-executable\n'],
  ['cut', elf.subarray(0, 40)],
  ['aarch64', foreign(183)],
  ['riscv64', foreign(243)],
  ['windows', 'MZ\x90\0'],
  ['macos', Buffer.from('cffaedfe07000001', 'hex')],
];

function programs(c: Context): string {
  const dir = c.dir();
  for (const [name, content, mode = 0o755] of files) writeFileSync(join(dir, name), content, { mode });
  symlinkSync('loop', join(dir, 'loop'));
  execFileSync('mkfifo', ['-m', '755', join(dir, 'fifo')]);
  execFileSync('chmod', ['755', dir]);
  return dir;
}

type Change = (config: Config, bundle: Bundle) => void;
const args = (...words: string[]): Change => (config) => {
  config.process.args = words;
};
const mount = (destination: string, type: string, source: string, ...options: string[]): Change => (config) => {
  config.mounts.push({ destination, type, source, options });
};
const joins = (path: string): Change => (config) => {
  config.linux.namespaces = config.linux.namespaces.map((
    entry,
  ) => (entry.type === 'network' ? { type: 'network', path } : entry));
};
const limits = (resources: object): Change => (config) => {
  config.linux.resources = { ...config.linux.resources, ...resources };
};
const hook = (kind: string, ...command: string[]): Change => (config) => {
  config.hooks = { [kind]: [{ path: command[0]!, args: command.length > 1 ? command : [], timeout: 5 }] };
};

interface Case {
  name: string;
  change: Change;
  code: string;
  pointer: string;
  hint: RegExp;
  message?: RegExp;
  v1?: true;
  /** a controller whose hierarchy must be mounted */
  controller?: string;
}

const cases: Case[] = [
  { name: 'the root is missing', change: (config) => {
    config.root.path = 'rotfs';
  }, code: 'E0716', pointer: '/root/path', hint: /relative to the bundle/ },
  { name: 'the root is a file', change: (config) => {
    config.root.path = 'config.json';
  }, code: 'E0715', pointer: '/root/path', hint: /must be a directory/ },
  { name: 'there is no process', change: (config) => {
    delete (config as Partial<Config>).process;
  }, code: 'E0831', pointer: '', hint: /add "process"/ },
  { name: 'process is misspelt', change: (config) => {
    config['procss'] = config.process;
    delete (config as Partial<Config>).process;
  }, code: 'E0831', pointer: '', hint: /rename "procss"/ },
  { name: 'the program is not in PATH', change: args('nope'), code: 'E0732', pointer: '/process/args/0',
    hint: /install it|PATH is "/, message: /executable file not found in/ },
  { name: 'the command is one word', change: args('sleep 100'), code: 'E0732', pointer: '/process/args/0',
    hint: /write \["sleep","100"\]/ },
  { name: 'the path is one word with its arguments', change: args('/bin/sleep 100'), code: 'E0764',
    pointer: '/process/args/0', hint: /write \["\/bin\/sleep","100"\]/ },
  { name: 'the program is missing', change: args('/bin/nope'), code: 'E0764', pointer: '/process/args/0',
    hint: /in the root file system/, message: /exec "\/bin\/nope": no such file/ },
  { name: 'the program is a directory', change: args('/etc'), code: 'E0734', pointer: '/process/args/0',
    hint: /name a program/ },
  { name: 'the program is a loop of links', change: args('/data/loop'), code: 'E0764', pointer: '/process/args/0',
    hint: /./ },
  { name: 'the program is not executable', change: args('/data/no-mode'), code: 'E0888', pointer: '/process/args/0',
    hint: /chmod \+x/, message: /permission denied/ },
  { name: 'the program in PATH is not executable', change: args('not-executable'), code: 'E0888',
    pointer: '/process/args/0', hint: /chmod \+x/ },
  { name: 'the program is a FIFO', change: args('/data/fifo'), code: 'E0887', pointer: '/process/args/0',
    hint: /name a program/ },
  { name: 'the mount is noexec', change: (config, { rootfs }) => {
    config.process.args = ['/mnt/probe'];
    config.mounts.push({ destination: '/mnt', type: 'bind', source: rootfs, options: ['bind', 'noexec'] });
  }, code: 'E0889', pointer: '/process/args/0', hint: /remove "noexec"/, message: /permission denied/ },
  { name: 'the interpreter is missing', change: args('/data/no-shell'), code: 'E0765', pointer: '/process/args/0',
    hint: /install it/, message: /interpreter "\/bin\/nothing" is missing/ },
  { name: 'the interpreter is not executable', change: args('/data/bad-shell'), code: 'E0892',
    pointer: '/process/args/0', hint: /check its mode/ },
  { name: 'the lines end in CR LF', change: args('/data/crlf'), code: 'E0886', pointer: '/process/args/0',
    hint: /dos2unix/, message: /no such file or directory/ },
  { name: 'the script has no first line', change: args('/data/text'), code: 'E0898', pointer: '/process/args/0',
    hint: /#!\/bin\/sh/, message: /exec format error/ },
  { name: 'the first line has no path', change: args('/data/bare'), code: 'E0898', pointer: '/process/args/0',
    hint: /#!\/bin\/sh/ },
  { name: 'the script begins with a BOM', change: args('/data/mark'), code: 'E0897', pointer: '/process/args/0',
    hint: /without BOM/ },
  { name: 'the file is empty', change: args('/data/empty'), code: 'E0894', pointer: '/process/args/0',
    hint: /completely/ },
  { name: 'the file is cut off', change: args('/data/cut'), code: 'E0895', pointer: '/process/args/0',
    hint: /completely/ },
  { name: 'the program is for aarch64', change: args('/data/aarch64'), code: 'E0896', pointer: '/process/args/0',
    hint: /uname -m/, message: /for aarch64/ },
  { name: 'the program is for riscv64', change: args('/data/riscv64'), code: 'E0896', pointer: '/process/args/0',
    hint: /qemu/, message: /for riscv64/ },
  { name: 'the program is for Windows', change: args('/data/windows'), code: 'E0896', pointer: '/process/args/0',
    hint: /uname -m/, message: /for Windows/ },
  { name: 'the program is for macOS', change: args('/data/macos'), code: 'E0896', pointer: '/process/args/0',
    hint: /uname -m/, message: /for macOS/ },
  { name: 'the filter forbids execve', change: (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['execve', 'execveat'], action: 'SCMP_ACT_ERRNO' }] };
  }, code: 'E0893', pointer: '/process/args/0', hint: /linux\.seccomp/, message: /operation not permitted/ },
  { name: 'the arguments are too long', change: args('/probe', 'x'.repeat(200_000)), code: 'E0768',
    pointer: '/process/args/0', hint: /execve/ },
  { name: 'the working directory is a file', change: (config) => {
    config.process.cwd = '/etc/passwd';
  }, code: 'E0885', pointer: '/process/cwd', hint: /to a directory/ },
  { name: 'the working directory cannot be made', change: (config) => {
    config.process.cwd = '/no/such';
  }, code: 'E0713', pointer: '/process/cwd', hint: /make it/ },
  { name: 'a limit of open files above nr_open', change: (config) => {
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1e10, hard: 1e10 }];
  }, code: 'E0787', pointer: '/process/rlimits/0', hint: /nr_open/ },
  { name: 'a bind source is missing', change: mount('/mnt', 'bind', '/nope', 'bind'), code: 'E0723',
    pointer: '/mounts/7/source', hint: /make it/ },
  { name: 'a file is bound on a directory', change: mount('/etc', 'bind', '/etc/passwd', 'bind'), code: 'E0722',
    pointer: '/mounts/7/destination', hint: /directory only on a directory/ },
  { name: 'a tmpfs lies on a file', change: mount('/etc/passwd', 'tmpfs', 'x'), code: 'E0899',
    pointer: '/mounts/7/destination', hint: /must be a directory/ },
  { name: 'the mount point cannot be made', change: mount('/new', 'tmpfs', 'x'), code: 'E0779',
    pointer: '/mounts/7/destination', hint: /make it/ },
  { name: 'the mount point of a bind cannot be made', change: mount('/new', 'bind', '/etc', 'bind'), code: 'E0779',
    pointer: '/mounts/7/destination', hint: /make it/ },
  { name: 'the file system is unknown', change: mount('/mnt', 'tmpf', 'x'), code: 'E0719', pointer: '/mounts/7/type',
    hint: /module/ },
  { name: 'the block device is missing', change: mount('/mnt', 'ext4', '/dev/nosuch'), code: 'E0860',
    pointer: '/mounts/7/source', hint: /make it/ },
  { name: 'the source is not a block device', change: mount('/mnt', 'ext4', '/tmp'), code: 'E0868',
    pointer: '/mounts/7/source', hint: /"bind"/ },
  { name: 'a layer of an overlay is missing', change: mount('/mnt', 'overlay', 'x', 'lowerdir=/nope'), code: 'E0829',
    pointer: '/mounts/7/options/0', hint: /path/ },
  { name: 'an option of the file system is unknown', change: mount('/mnt', 'tmpfs', 'x', 'context=foo'), code: 'E0720',
    pointer: '/mounts/7/options/0', hint: /kernel says/ },
  { name: 'a network namespace is missing', change: joins('/var/run/netns/blue'), code: 'E0736',
    pointer: '/linux/namespaces/1/path', hint: /ip netns add blue/ },
  { name: 'a namespace is of another type', change: joins('/proc/1/ns/uts'), code: 'E0737',
    pointer: '/linux/namespaces/1/path', hint: /ns\/net/ },
  { name: 'a namespace is a file', change: joins('/etc/passwd'), code: 'E0737', pointer: '/linux/namespaces/1/path',
    hint: /ns\/net/ },
  { name: 'the clock would be negative', change: (config) => {
    config.linux.namespaces.push({ type: 'time' });
    config.linux['timeOffsets'] = { monotonic: { secs: -9_000_000_000 } };
  }, code: 'E0712', pointer: '/linux/timeOffsets', hint: /negative/ },
  { name: 'a sysctl is misspelt', change: (config) => {
    config.linux.sysctl = { 'net.core.somaxcon': '1' };
  }, code: 'E0785', pointer: '/linux/sysctl/net.core.somaxcon', hint: /spelt/ },
  { name: 'a sysctl is a group', change: (config) => {
    config.linux.sysctl = { 'net.core': '1' };
  }, code: 'E0819', pointer: '/linux/sysctl/net.core', hint: /one of them/ },
  { name: 'a sysctl has a wrong value', change: (config) => {
    config.linux.sysctl = { 'net.core.somaxconn': 'abc' };
  }, code: 'E0784', pointer: '/linux/sysctl/net.core.somaxconn', hint: /documentation/ },
  { name: 'a device lies on a file', change: (config) => {
    config.linux.devices = [{ path: '/etc/passwd', type: 'c', major: 1, minor: 3 }];
  }, code: 'E0808', pointer: '/linux/devices/0/path', hint: /remove it/ },
  { name: 'a device is the root', change: (config) => {
    config.linux.devices = [{ path: '/', type: 'c', major: 1, minor: 3 }];
  }, code: 'E0849', pointer: '/linux/devices/0/path', hint: /below \/dev/ },
  { name: 'the memory limit is too low', change: limits({ memory: { limit: 32768 } }), code: 'E0628',
    pointer: '/linux/resources/memory/limit', hint: /raise/, v1: true },
  { name: 'processors are missing', change: limits({ cpu: { cpus: '500-501' } }), code: 'E0857',
    pointer: '/linux/resources/cpu/cpus', hint: /must have these processors/, v1: true },
  { name: 'memory nodes are missing', change: limits({ cpu: { mems: '9' } }), code: 'E0857',
    pointer: '/linux/resources/cpu/mems', hint: /memory nodes/, v1: true },
  { name: 'a block device has no number',
    change: limits({ blockIO: { throttleReadBpsDevice: [{ major: 250, minor: 250, rate: 1048576 }] } }), code: 'E0859',
    pointer: '/linux/resources/blockIO/throttleReadBpsDevice/0', hint: /lsblk/, v1: true },
  { name: 'huge pages of an unknown size', change: limits({ hugepageLimits: [{ pageSize: '3MB', limit: 1 }] }),
    code: 'E0705', pointer: '/linux/resources/hugepageLimits/0', hint: /no pages of that size/, v1: true,
    controller: 'hugetlb' },
  { name: 'a weight of a scheduler that is gone', change: limits({ blockIO: { leafWeight: 300 } }), code: 'E0705',
    pointer: '/linux/resources/blockIO/leafWeight', hint: /CFQ/, v1: true },
  { name: 'a device rule makes a hole in a wider one', change: limits({
    devices: [{ allow: true, type: 'c', major: 10, access: 'rw' }, { allow: false, type: 'c', major: 10, minor: 229,
      access: 'w' }],
  }), code: 'E0516', pointer: '/linux/resources/devices/1', hint: /single devices/, v1: true },
  { name: 'a memory node of the policy is missing', change: (config) => {
    config.linux['memoryPolicy'] = { mode: 'MPOL_BIND', nodes: '7' };
  }, code: 'E0840', pointer: '/linux/memoryPolicy', hint: /nodes/ },
  { name: 'a network device is missing', change: (config) => {
    config.linux['netDevices'] = { nosuch0: {} };
  }, code: 'E0814', pointer: '/linux/netDevices/nosuch0', hint: /ip link/ },
  { name: 'a hook is missing', change: hook('createRuntime', '/no/hook'), code: 'E0773',
    pointer: '/hooks/createRuntime/0/path', hint: /executable/ },
  { name: 'a hook is not executable', change: hook('createContainer', '/etc/passwd'), code: 'E0773',
    pointer: '/hooks/createContainer/0/path', hint: /executable/ },
  { name: 'a hook in the container is missing', change: hook('startContainer', '/no/hook'), code: 'E0773',
    pointer: '/hooks/startContainer/0/path', hint: /executable/ },
  { name: 'a hook in the container fails',
    change: hook('startContainer', '/bin/sh', '-c', 'echo no license >&2; exit 3'), code: 'E0775',
    pointer: '/hooks/startContainer/0', hint: /no license/ },
  { name: 'a hook fails without words', change: hook('prestart', '/bin/false'), code: 'E0775',
    pointer: '/hooks/prestart/0', hint: /by hand/ },
  { name: 'a hook is killed', change: hook('createRuntime', '/bin/sh', '-c', 'kill -9 $$'), code: 'E0776',
    pointer: '/hooks/createRuntime/0', hint: /by hand/ },
  { name: 'a hook hangs', change: (config) => {
    config.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 }] };
  }, code: 'E0774', pointer: '/hooks/createRuntime/0/timeout', hint: /raise "timeout"/ },
  { name: 'the user may not execute the program', change: (config) => {
    config.process.args = ['/data/root-only'];
    config.process.user = { uid: 1000, gid: 1000 };
  }, code: 'E0733', pointer: '/process/args/0', hint: /user of the process/ },
  { name: 'the filter forbids execve by EACCES', change: (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['execve', 'execveat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }] };
  }, code: 'E0733', pointer: '/process/args/0', hint: /user of the process/ },
  { name: 'there is no resctrl', change: (config) => {
    config.linux['intelRdt'] = { closID: 'x', l3CacheSchema: 'L3:0=f' };
  }, code: 'E0821', pointer: '/linux/intelRdt', hint: /mount it/ },
  { name: 'the loopback device cannot move', change: (config) => {
    config.linux['netDevices'] = { lo: {} };
  }, code: 'E0815', pointer: '/linux/netDevices/lo', hint: /another "name"/ },
  { name: 'the maps are longer than a page', change: (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = Array.from({ length: 330 },
      (_, i) => ({ containerID: i, hostID: 1_000_000_000 + 2 * i, size: 1 }));
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  }, code: 'E0810', pointer: '/linux/uidMappings', hint: /4096 bytes/ },
  { name: 'an annotation has a wrong value', change: (config) => {
    config.annotations = { 'run.oci.keep_original_groups': 'maybe' };
  }, code: 'E0520', pointer: '/annotations/run.oci.keep_original_groups', hint: /must be/ },
  { name: 'the log of the hooks cannot be opened', change: (config) => {
    hook('createRuntime', '/bin/true')(config, undefined as never);
    config.annotations = { 'run.oci.hooks.stdout': '/no/dir/log' };
  }, code: 'E0848', pointer: '/hooks/createRuntime/0', hint: /annotation/ },
  { name: 'nobody listens at the socket of the filter', change: (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/no/socket',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }] };
  }, code: 'E0844', pointer: '/linux/seccomp/listenerPath', hint: /listening/ },
];

for (const { name, change, code, pointer, hint, message, v1, controller } of cases) {
  const missing = controller !== undefined && !existsSync(`/sys/fs/cgroup/${controller}/tasks`);
  test(`${name}: ${code}`, async (c) => {
    const bundle = c.bundle((config) => {
      config.process.args = ['/probe', 'exit', '0'];
    }, { rootfs: 'bind' });
    const { config } = bundle;
    change(config, bundle);
    if (config.process?.args?.[0]?.startsWith('/data/'))
      config.mounts.push({ destination: '/data', type: 'bind', source: programs(c), options: ['bind'] });
    bundle.write();
    const log = join(c.dir(), 'log');
    const global = ['--log', log, '--log-format', 'json'];
    let result: { code: number | null; stderr: string } = await c.create(bundle, { global });
    if (result.code === 0) result = await c.rt([...global, 'start', (result as { id?: string }).id!]);
    assert.equal(result.code, 1, result.stderr);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    assert.equal(lines.length, 1, 'one line');
    const entry = JSON.parse(lines[0]!) as Entry;
    assert.equal(entry.code, code, entry.msg);
    assert.equal(entry.pointer, pointer, entry.msg);
    assert.match([entry.output, entry.hint].join('\n'), hint);
    assert.ok(entry.file === 'config.json' && entry.line! > 0 && entry.column! > 0, 'has a place');
    assert.ok(entry.msg.includes(`config.json:${entry.line}:${entry.column}`), entry.msg);
    if (message) assert.match(entry.msg, message);
  }, { only: 'veloci', skip: v1 && unified
    ? 'the file is that of cgroup v1'
    : missing
    ? `no hierarchy of ${controller} is mounted`
    : false });
}

test('a configuration that cannot be read is named with its folder', async (c) => {
  const dir = c.dir();
  const createErrors = async (): Promise<string> => (await c.rt(['create', '--bundle', dir, c.id()])).stderr;
  assert.match(await createErrors(), new RegExp(`E0201: .*"${dir}/config.json"`));
  mkdirSync(join(dir, 'config.json'));
  assert.match(await createErrors(), new RegExp(`E0202: "${dir}/config.json" is not a regular file`));
}, { only: 'veloci' });

test('a bad byte far into a large file is named, without the planner giving up', async (c) => {
  const dir = c.dir();
  writeFileSync(join(dir, 'config.json'),
    Buffer.concat([Buffer.from(`{\n"a": "${'x'.repeat(16_000_000)}`), Buffer.from([0xff]), Buffer.from('"}')]));
  const { stderr, stdout, code } = await c.rt(['validate', '--bundle', dir]);
  assert.equal(code, 1);
  assert.match(stderr + stdout, /E0210: invalid UTF-8 at byte 16000008 at \S*config\.json:2:16000007/);
}, { only: 'veloci' });
