// What devices of a host are, by their numbers and names.

export type DeviceKind = 'block' | 'memory' | 'host' | 'kernel' | 'terminal' | 'harmless';

interface Known {
  readonly kind: DeviceKind;
  readonly name: string;
  /** What an attacker gets. */
  readonly what: string;
  /** Character device; -1 is every minor number. */
  readonly numbers?: readonly [major: number, minor: number];
  /** Below /dev. */
  readonly path: RegExp;
}

const input = 'it reads what is typed on the host';
const driver = 'a large driver in the kernel takes what it sends';

const known: readonly Known[] = [
  { kind: 'harmless', name: 'standard devices', what: '', path: /^(null|zero|full|u?random|tty|ptmx|shm|mqueue|pts)$/ },
  { kind: 'memory', name: 'physical memory', what: '', numbers: [1, 1], path: /^mem$/ },
  { kind: 'memory', name: 'memory of the kernel', what: '', numbers: [1, 2], path: /^kmem$/ },
  { kind: 'memory', name: 'ports of the machine', what: '', numbers: [1, 4], path: /^port$/ },
  { kind: 'memory', name: 'registers of the processors', what: '', numbers: [202, -1], path: /^cpu\/\d+\/msr$/ },
  { kind: 'memory', name: 'non-volatile memory of the machine', what: '', numbers: [10, 144], path: /^nvram$/ },
  { kind: 'kernel', name: 'messages of the kernel',
    what: "addresses and names of the host are in them, and it writes into the host's log", numbers: [1, 11],
    path: /^kmsg$/ },
  { kind: 'host', name: 'loop devices', what: 'it makes block devices of files, which the kernel mounts',
    numbers: [10, 237], path: /^loop-control$/ },
  { kind: 'host', name: 'the device mapper', what: 'it makes block devices out of the disks of the host',
    numbers: [10, 236], path: /^mapper\/control$/ },
  { kind: 'host', name: 'a SCSI device without its file system', what: 'it sends commands to disks', numbers: [21, -1],
    path: /^sg\d+$/ },
  { kind: 'host', name: 'keyboards and mice', what: input, numbers: [13, -1], path: /^input(\/|$)/ },
  { kind: 'host', name: 'a keyboard of its own', what: 'it types on the host', numbers: [10, 223], path: /^uinput$/ },
  { kind: 'host', name: 'the screen', what: 'it sees what is shown on the host', numbers: [29, -1], path: /^fb\d+$/ },
  { kind: 'host', name: 'USB devices', what: 'it commands every device there: disks, keyboards, keys',
    numbers: [189, -1], path: /^bus\/usb(\/|$)/ },
  { kind: 'host', name: 'the watchdog', what: 'it restarts the host', numbers: [10, 130], path: /^watchdog\d*$/ },
  { kind: 'host', name: 'virtual functions of devices', what: 'a device that it commands writes to memory',
    numbers: [10, 196], path: /^vfio(\/|$)/ },
  { kind: 'terminal', name: 'a console', what: '', numbers: [4, -1], path: /^tty([0-9]|S|USB|ACM)\w*$/ },
  { kind: 'terminal', name: 'the console', what: '', numbers: [5, 1], path: /^console$/ },
  { kind: 'terminal', name: 'screens of the consoles', what: '', numbers: [7, -1], path: /^vcsa?u?\d*$/ },
  { kind: 'terminal', name: 'a terminal', what: '', numbers: [136, -1], path: /^pts\/\d+$/ },
  { kind: 'kernel', name: 'file systems of programs',
    what: 'with CAP_SYS_ADMIN it mounts a file system whose answers it makes itself', numbers: [10, 229],
    path: /^fuse$/ },
  { kind: 'kernel', name: 'virtual machines', what: 'it runs machines, whose faults reach the kernel',
    numbers: [10, 232], path: /^kvm$/ },
  { kind: 'kernel', name: 'virtual network devices', what: 'with CAP_NET_ADMIN it makes network devices',
    numbers: [10, 200], path: /^net\/tun$/ },
  { kind: 'kernel', name: 'network of virtual machines', what: driver, numbers: [10, 238],
    path: /^vhost-(net|vsock)$/ },
  { kind: 'kernel', name: 'graphics', what: driver, numbers: [226, -1], path: /^dri(\/|$)/ },
  { kind: 'kernel', name: 'an NVIDIA device', what: driver, numbers: [195, -1], path: /^nvidia/ },
  { kind: 'kernel', name: 'sound', what: 'it hears what the microphone hears', numbers: [116, -1], path: /^snd(\/|$)/ },
  { kind: 'kernel', name: 'a camera', what: 'it sees what the camera sees', numbers: [81, -1], path: /^video\d+$/ },
];

/** Numbers of character devices that every container has. */
const harmless = new Set(['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:2', '136:-1']);

const blockPaths =
  /^(sd[a-z]+\d*|nvme\d\w*|vd[a-z]+\d*|xvd[a-z]+\d*|hd[a-z]+\d*|dm-\d+|mapper\/.*|disk(\/.*)?|md\d+|loop\d+|nbd\d+|zram\d+|mmcblk\w*|sr\d+|ram\d+|bsg(\/.*)?|block(\/.*)?)$/;

export interface DeviceName {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly what: string;
}

/** What a character device is by its numbers; undefined when it is none of those that are known. */
export function nameOfNumbers(major: number, minor: number): DeviceName | undefined {
  if (harmless.has(`${major}:${minor}`)) return known[0];
  return known.find(({ numbers }) => numbers?.[0] === major && (numbers[1] < 0 || minor < 0 || numbers[1] === minor));
}

/** What a path below /dev of the host is. */
export function nameOfPath(path: string): DeviceName | undefined {
  const name = path.slice('/dev/'.length);
  if (blockPaths.test(name) && name !== 'mapper/control') return { kind: 'block', name: 'a disk', what: '' };
  return known.find((device) => device.path.test(name));
}
