import type { Device, Spec } from '../types.ts';
import { mustBeAbsolute, type Findings } from './findings.ts';

/** Largest numbers that the kernel's dev_t holds. */
const most = { major: 4095, minor: 1048575 } as const;

/** Device nodes (config-linux.md, Devices). */
export function checkDevices(spec: Spec, findings: Findings): void {
  const devices = spec.linux?.devices;
  if (devices === undefined) return;
  const seen = new Map<string, Device>();
  for (let index = 0; index < devices.length; index++) {
    const device = devices[index]!;
    const pointer = `/linux/devices/${index}`;
    mustBeAbsolute(findings, device.path, 'device path', `${pointer}/path`);
    checkNumbers(device, pointer, findings);
    const before = seen.get(device.path) ?? device;
    const same = before.type === device.type && before.major === device.major && before.minor === device.minor;
    if (!same) findings.add('deviceDuplicate', `${pointer}/path`, { value: device.path });
    seen.set(device.path, device);
    if (findings.warnings && device.fileMode !== undefined && (device.fileMode & 0xfff) > 511) {
      findings.add('fileModeDecimal', `${pointer}/fileMode`, { value: device.fileMode,
        octal: device.fileMode.toString(8) });
    }
  }
}

function checkNumbers(device: Device, pointer: string, findings: Findings): void {
  for (const name of ['major', 'minor'] as const) {
    const number = device[name];
    if (number === undefined) {
      // A FIFO has no numbers.
      if (device.type !== 'p') findings.add('deviceNumber', pointer, { name, value: device.path });
    } else if (number < 0 || number > most[name]) {
      findings.add('valueRange', `${pointer}/${name}`, { name: `${name} of device "${device.path}"`, value: number,
        expected: `from 0 to ${most[name]}` });
    }
  }
}
