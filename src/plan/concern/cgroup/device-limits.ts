// linux.resources.devices: which devices the container may use, by the files of v1 or a program of v2.
import { deviceProgram } from '../../../cgroup/device-bpf.ts';
import { changeLines, deviceList, listLines, ruleText } from '../../../cgroup/device-list.ts';
import type { DeviceList } from '../../../cgroup/device-list.ts';
import { deviceRules, mayMakeNode, own, withAnyNode } from '../../../cgroup/device-rules.ts';
import type { DeviceRule } from '../../../cgroup/device-rules.ts';
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import { PlanError } from '../../context.ts';
import type { Draft, Place } from '../../draft.ts';
import { nodesOf } from '../mount/devices.ts';
import { placeOf } from './cgroup-limits.ts';

/**
 * Denies every device that no rule allows. In a user namespace the kernel lets nobody change device rules,
 * and no device node can be made there either.
 *
 * @param nodesExist whether init has made the container's nodes, and nothing else of it runs yet: then what the rules do not
 * allow is denied; before, it may make any node when it needs one that they deny
 */
export function limitDevices(d: Draft, nodesExist: boolean): void {
  const { facts } = d.context;
  if (facts.rootless || d.cgroups.places.length === 0) return;
  const rules = deviceRules(d.spec.linux?.resources?.devices);
  const needed = nodesOf(d.spec).some(({ kind, major, minor }) =>
    kind !== 'fifo' && !mayMakeNode(rules, kind === 'block' ? 'b' : 'c', major, minor)
  );
  if (nodesExist && !needed) return;
  const first = needed ? withAnyNode(rules) : rules;
  if (facts.cgroup.mode === 'v2') {
    const program = deviceProgram(nodesExist ? rules : first);
    d.host.push({ op: 'cgroup.devices', from: own, dir: d.cgroups.places[0]!.dir, program });
    return;
  }
  const { dir } = v1DevicesPlace(d);
  const lines = nodesExist ? changeLines(keptList(first), keptList(rules)) : listLines(keptList(first));
  for (const { allow, value, from } of lines) {
    d.host.push({ op: 'cgroup.write', from, dir, file: allow ? 'devices.allow' : 'devices.deny', value });
  }
}

/**
 * Device rules as v1 keeps them.
 *
 * @throws PlanError when it cannot
 */
export function keptList(rules: readonly DeviceRule[]): DeviceList {
  const list = deviceList(rules);
  if (!('hole' in list)) return list;
  const { hole, wildcard } = list;
  throw new PlanError(diagnose('deviceHole', {
    verb: hole.allow ? 'allow' : 'deny',
    rule: ruleText(hole),
    verbed: hole.allow ? 'denied' : 'allowed',
    wildcard: ruleText(wildcard),
  }, placeAt(hole.from)));
}

/**
 * The v1 hierarchy of the device controller.
 *
 * @throws PlanError when it is not mounted
 */
export function v1DevicesPlace(d: Draft): Place {
  const place = placeOf(d.cgroups, 'devices');
  if (place !== undefined) return place;
  throw new PlanError(diagnose(
    'cgroupMissing',
    { controller: 'devices', name: 'linux.resources' },
    placeAt('/linux/resources'),
  ));
}
