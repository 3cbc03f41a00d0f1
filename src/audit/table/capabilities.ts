// Capabilities that lead out of a container, or weaken what holds it.
import type { Risk, Rule, Rules } from '../types.ts';

function capability(name: string, risk: Risk, confined: Risk | 'none', why: string, ...references: string[]): Rule {
  return {
    risk,
    confined,
    message: `the program can have CAP_${name}`,
    why,
    remedy: `take CAP_${name} out of all five sets of process.capabilities`,
    references: ['capabilities(7)', ...references],
  };
}

/** By the name of the capability without CAP_, in small letters and with dashes. */
const single = {
  'cap-sys-admin': capability('SYS_ADMIN', 'critical', 'medium',
    'it mounts file systems of the host, enters namespaces, sets a release_agent: there are dozens of ways to root of the host',
    'CVE-2022-0492', 'CVE-2022-0185'),
  'cap-sys-module': capability('SYS_MODULE', 'critical', 'none', 'it loads code of its own into the kernel of the host',
    'init_module(2)'),
  'cap-sys-rawio': capability('SYS_RAWIO', 'critical', 'none',
    'it reads and writes physical memory and ports (iopl, /dev/mem, SCSI commands)', 'iopl(2)'),
  'cap-dac-read-search': capability('DAC_READ_SEARCH', 'critical', 'none',
    "open_by_handle_at reads every file of the host's file system that a bind mount or the root lies on",
    'open_by_handle_at(2)'),
  'cap-sys-ptrace': capability('SYS_PTRACE', 'high', 'low',
    'it takes over every process that it sees: with the pid namespace of the host, all of them', 'ptrace(2)'),
  'cap-bpf': capability('BPF', 'high', 'none',
    'it loads programs into the kernel, whose verifier has let attackers through again and again', 'bpf(2)',
    'CVE-2021-3490'),
  'cap-perfmon': capability('PERFMON', 'high', 'none', 'it reads kernel memory and samples all processes of the host',
    'perf_event_open(2)'),
  'cap-mac-admin': capability('MAC_ADMIN', 'high', 'none', 'it changes the AppArmor or Smack policy of the host'),
  'cap-mac-override': capability('MAC_OVERRIDE', 'high', 'none', 'the Smack policy of the host does not hold for it'),
  'cap-sys-boot': capability('SYS_BOOT', 'high', 'none',
    'it restarts the host, or boots a kernel of its own (kexec_load)', 'reboot(2)', 'kexec_load(2)'),
  'cap-net-admin': capability('NET_ADMIN', 'medium', 'low',
    'it changes addresses, routes and firewall of its network namespace, and reaches parts of the kernel that are rarely checked',
    'CVE-2022-25636', 'CVE-2023-32233'),
  'cap-sys-time': capability('SYS_TIME', 'medium', 'none',
    'it sets the clock of the host: certificates, tickets and logs go wrong', 'settimeofday(2)'),
  'cap-syslog': capability('SYSLOG', 'medium', 'none', "it reads the kernel's messages and the addresses in it",
    'syslog(2)'),
  'cap-audit-control': capability('AUDIT_CONTROL', 'medium', 'none', 'it switches off the audit of the host'),
  'cap-audit-read': capability('AUDIT_READ', 'medium', 'none', 'it reads the audit log of the whole host'),
  'cap-checkpoint-restore': capability('CHECKPOINT_RESTORE', 'medium', 'low',
    'it opens files of processes by /proc/PID/map_files and chooses the pids of new ones'),
  'cap-sys-resource': capability('SYS_RESOURCE', 'medium', 'none',
    'limits of resources and quotas of file systems do not hold for it', 'setrlimit(2)'),
  'cap-sys-tty-config': capability('SYS_TTY_CONFIG', 'medium', 'none', 'it hangs up and changes terminals of the host',
    'vhangup(2)'),
  'cap-linux-immutable': capability('LINUX_IMMUTABLE', 'low', 'none',
    'it makes files of binds undeletable, or takes that protection away'),
  'cap-sys-nice': capability('SYS_NICE', 'low', 'none', 'it takes processor time from others by real-time priorities',
    'sched(7)'),
  'cap-ipc-lock': capability('IPC_LOCK', 'low', 'none', 'it locks memory without a limit of its own', 'mlock(2)'),
  'cap-wake-alarm': capability('WAKE_ALARM', 'low', 'none', 'it wakes the host up'),
  'cap-block-suspend': capability('BLOCK_SUSPEND', 'low', 'none', 'it keeps the host from sleeping'),
  'cap-sys-pacct': capability('SYS_PACCT', 'low', 'none', 'it switches process accounting of the host on and off',
    'acct(2)'),
  'cap-mknod': capability('MKNOD', 'low', 'none',
    "it makes nodes of the host's devices; only the device rules keep it from opening them", 'mknod(2)'),
  'cap-net-raw': capability('NET_RAW', 'low', 'low',
    'it forges packets: ARP and DNS of its neighbours on the same bridge', 'packet(7)', 'CVE-2020-14386'),
} as const satisfies Rules;

export const capabilityRules = {
  ...single,
  'capabilities-all': {
    risk: 'high',
    confined: 'medium',
    message: 'the bounding set has all capabilities: nothing was dropped',
    why: 'every set-user-id program and every fault of a program that runs as root ends with all rights of the kernel',
    remedy: 'list in process.capabilities what the program needs, mostly nothing or CAP_NET_BIND_SERVICE',
    references: ['capabilities(7)'],
  },
  'capabilities-ambient': {
    risk: 'low',
    message: 'ambient capabilities: {names}',
    why: 'every program that is executed has them, also a shell that an attacker starts',
    remedy: 'empty process.capabilities.ambient, and give the one program file capabilities where it needs some',
    references: ['capabilities(7)'],
  },
  'capabilities-inheritable': {
    risk: 'low',
    message: 'inheritable capabilities: {names}',
    why: 'files of the image that have inheritable capabilities get them, for users who should have none',
    remedy: 'empty process.capabilities.inheritable',
    references: ['capabilities(7)', 'CVE-2022-24769'],
  },
} as const satisfies Rules;

/** The rule about a capability, `CAP_SYS_ADMIN`; undefined when it is harmless. */
export function capabilityRule(name: string): keyof typeof single | undefined {
  const rule = name.toLowerCase().replaceAll('_', '-');
  return Object.hasOwn(single, rule) ? rule as keyof typeof single : undefined;
}
