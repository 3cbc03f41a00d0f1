// Calls to systemd's manager (org.freedesktop.systemd1(5)).
import type { DbusSocket } from '../generated/plan.ts';
import { array, boolean, hole, marshalCall, struct, text } from './dbus.ts';
import type { Call, Message, Value } from './dbus.ts';
import { propertyList } from './systemd-properties.ts';
import type { Property } from './systemd-properties.ts';

const service = 'org.freedesktop.systemd1';
const bus = 'org.freedesktop.DBus';

/** Name of the error about a unit that does not exist (any more). */
export const noSuchUnit = 'org.freedesktop.systemd1.NoSuchUnit';

/** Name of the error about a value that a property does not take. */
export const invalidArguments = 'org.freedesktop.DBus.Error.InvalidArgs';

function manager(member: string, ...body: Value[]): Call {
  return { destination: service, path: '/org/freedesktop/systemd1', interface: `${service}.Manager`, member, body };
}

/** Calls with their serial numbers, which follow those of the greeting. */
function numbered(calls: readonly Call[]): Message[] {
  return calls.map((call, index) => marshalCall(call, greetingCalls.length + 1 + index));
}

const greetingCalls: readonly Call[] = [
  { destination: bus, path: '/org/freedesktop/DBus', interface: bus, member: 'Hello', body: [] },
  {
    destination: bus,
    path: '/org/freedesktop/DBus',
    interface: bus,
    member: 'AddMatch',
    body: [text(`type='signal',sender='${service}',interface='${service}.Manager',member='JobRemoved'`)],
  },
];

/** What a message bus wants to hear first: hello, and that we want to know of the end of jobs. */
export function greeting(): Uint8Array[] {
  return greetingCalls.map((call, index) => marshalCall(call, index + 1).bytes);
}

/**
 * Where the manager listens: on its own socket, and on the message bus.
 *
 * @param runtimeDir $XDG_RUNTIME_DIR for the manager of a user; absent for that of the system
 */
export function managerSockets(runtimeDir: string | undefined): DbusSocket[] {
  if (runtimeDir === undefined) {
    return [{ path: '/run/systemd/private', broker: false }, { path: '/run/dbus/system_bus_socket', broker: true }];
  }
  return [{ path: `${runtimeDir}/systemd/private`, broker: false }, { path: `${runtimeDir}/bus`, broker: true }];
}

/** Messages, and where in the last one the pid goes. */
export interface Conversation {
  readonly calls: Uint8Array[];
  readonly pidOffset?: number;
}

function conversation(calls: readonly Call[]): Conversation {
  const messages = numbered(calls);
  const pidOffset = messages[messages.length - 1]!.hole;
  const bytes = messages.map((message) => message.bytes);
  return pidOffset === undefined ? { calls: bytes } : { calls: bytes, pidOffset: pidOffset };
}

/**
 * Starts a transient unit with these properties.
 *
 * @param withPid the unit gets the process whose pid is filled in (a scope; slices have no processes)
 */
export function startUnit(name: string, properties: readonly Property[], withPid: boolean): Conversation {
  const all = withPid ? [...properties, ['PIDs', hole()] as const] : properties;
  // Without a subscription the manager does not announce the end of its jobs on the bus.
  return conversation([
    manager('Subscribe'),
    manager('StartTransientUnit', text(name), text('fail'), propertyList(all), array('(sa(sv))', [])),
  ]);
}

/** Moves the process whose pid is filled in to the cgroup of a unit, or to one below it; `below` has a slash in front. */
export function attachToUnit(name: string, below: string): Conversation {
  return conversation([manager('AttachProcessesToUnit', text(name), text(below), hole())]);
}

/** Forgets that the unit has failed, if so, and stops it. */
export function stopUnit(name: string): Conversation {
  return conversation([manager('Subscribe'), manager('ResetFailedUnit', text(name)),
    manager('StopUnit', text(name), text('replace'))]);
}

/** Changes properties of a running unit, not of its files. */
export function setUnitProperties(name: string, properties: readonly Property[]): Conversation {
  return conversation([manager('SetUnitProperties', text(name), boolean(true), propertyList(properties))]);
}

/** A device rule for DeviceAllow: `a(ss)` with the device and letters of `rwm`. */
export function deviceAllow(entries: readonly (readonly [device: string, access: string])[]): Property {
  return ['DeviceAllow', array('(ss)', entries.map(([device, access]) => struct(text(device), text(access))))];
}
