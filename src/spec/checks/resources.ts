import { pointerPart } from '../parse/position.ts';
import type { Resources, Spec } from '../types.ts';
import type { Findings } from './findings.ts';

/** Limits that the kernel would refuse (config-linux.md, Control groups). */
export function checkResources(spec: Spec, findings: Findings): void {
  const resources = spec.linux?.resources;
  if (resources === undefined) return;
  checkLimits(resources, '/linux/resources', findings);
  // v1's kernel refuses it, and on v2, whose limit is the difference, it means nothing.
  const { limit, swap } = resources.memory ?? {};
  if (swap !== undefined && swap > 0 && (limit === undefined || limit <= 0)) {
    findings.add('swapAlone', '/linux/resources/memory/swap', { swap });
  }
}

/** Files of v2 that move, end or stop processes: none of them is a limit. */
const notLimits: readonly string[] = ['cgroup.procs', 'cgroup.threads', 'cgroup.kill', 'cgroup.freeze', 'cgroup.type'];

/** The same for the file of `update --resources`. */
export function checkLimits(resources: Resources, pointer: string, findings: Findings): void {
  const { blockIO, cpu, devices, memory, rdma, unified } = resources;
  const range = (
    value: number | bigint | undefined,
    member: string,
    isValid: (value: number | bigint) => boolean,
    expected: string,
  ): void => {
    if (value === undefined || isValid(value)) return;
    findings.add('valueRange', `${pointer}/${member}`, { name: member.replaceAll('/', '.'), value, expected });
  };
  if (devices !== undefined) checkDeviceRules(devices, `${pointer}/devices`, findings);
  if (memory !== undefined) {
    const { limit, swap } = memory;
    if (limit !== undefined && swap !== undefined && limit > 0 && swap > 0 && swap < limit)
      findings.add('swapBelowLimit', `${pointer}/memory/swap`, { swap, limit });
    for (const name of ['limit', 'reservation', 'swap'] as const)
      range(memory[name], `memory/${name}`, (value) => value >= -1, 'a number of bytes, or -1 for no limit');
    range(memory.swappiness, 'memory/swappiness', (value) => value <= 100 || value === 18446744073709551615n,
      'from 0 to 100');
  }
  if (cpu !== undefined) {
    for (const name of ['cpus', 'mems'] as const) {
      const list = cpu[name];
      // The kernel has words for all, and for the last one.
      if (list !== undefined && !/^(?:[\dN,:/\-\s]|all)*$/.test(list))
        findings.add('numberList', `${pointer}/cpu/${name}`, { name: `cpu.${name}`, value: list, most: 65535 });
    }
    if (cpu.burst !== undefined && cpu.quota !== undefined && cpu.quota > 0 && cpu.burst > cpu.quota) {
      findings.add('valueRange', `${pointer}/cpu/burst`, { name: 'cpu.burst', value: cpu.burst,
        expected: `at most cpu.quota, ${cpu.quota}` });
    }
    range(cpu.idle, 'cpu/idle', (value) => value === 0 || value === 1, '0 or 1');
    range(cpu.period, 'cpu/period', (value) => value === 0 || (value >= 1000 && value <= 1000000),
      'from 1000 to 1000000 microseconds');
    range(cpu.quota, 'cpu/quota', (value) => value <= 0 || value >= 1000,
      'at least 1000 microseconds, or negative for no limit');
  }
  if (blockIO !== undefined) {
    const isWeight = (value: number | bigint): boolean => value === 0 || (value >= 10 && value <= 1000);
    const weights = 'from 10 to 1000';
    range(blockIO.weight, 'blockIO/weight', isWeight, weights);
    range(blockIO.leafWeight, 'blockIO/leafWeight', isWeight, weights);
    blockIO.weightDevice?.forEach((device, index) => {
      if (device.weight === undefined && device.leafWeight === undefined) {
        findings.add('limitMissing', `${pointer}/blockIO/weightDevice/${index}`, { name: `weightDevice[${index}]`,
          first: 'weight', second: 'leafWeight' });
      }
      range(device.weight, `blockIO/weightDevice/${index}/weight`, isWeight, weights);
      range(device.leafWeight, `blockIO/weightDevice/${index}/leafWeight`, isWeight, weights);
    });
  }
  for (const name of Object.keys(rdma ?? {})) {
    const { hcaHandles, hcaObjects } = rdma![name]!;
    if (hcaHandles !== undefined || hcaObjects !== undefined) continue;
    findings.add('limitMissing', `${pointer}/rdma/${pointerPart(name)}`, { name: `rdma.${name}`, first: 'hcaHandles',
      second: 'hcaObjects' });
  }
  if (unified !== undefined) {
    for (const key of Object.keys(unified)) {
      if (key.includes('/') || !key.includes('.') || notLimits.includes(key))
        findings.addKey('unifiedKey', `${pointer}/unified/${pointerPart(key)}`, { value: key });
    }
  }
}

function checkDeviceRules(rules: NonNullable<Resources['devices']>, pointer: string, findings: Findings): void {
  for (let index = 0; index < rules.length; index++) {
    const { allow, access, major, minor } = rules[index]!;
    if (access !== undefined && allow && !isAccess(access))
      findings.add('deviceAccess', `${pointer}/${index}/access`, { value: access });
    for (const [name, number] of [['major', major], ['minor', minor]] as const) {
      if (number !== undefined && (number < -1 || number > 4294967295)) {
        findings.add('valueRange', `${pointer}/${index}/${name}`, { name, value: number,
          expected: 'a device number, or -1 for all' });
      }
    }
  }
}

function isAccess(access: string): boolean {
  for (let index = 0; index < access.length; index++) if (!'rwm'.includes(access[index] as string)) return false;
  return true;
}
