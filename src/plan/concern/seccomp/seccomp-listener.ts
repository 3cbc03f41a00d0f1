// linux.seccomp.listenerPath: who gets the listener of SCMP_ACT_NOTIFY, and what it is told (runtime-spec config-linux
// "The Container Process State").
import type { Template } from '../../../generated/plan.ts';
import type { State } from '../../../generated/state.ts';
import { specVersion } from '../../../spec/version.ts';
import { slot } from '../../draft.ts';
import type { Draft } from '../../draft.ts';
import { stateText } from '../state.ts';

/** The container process state: one descriptor, the listener; `state` is that of the container. */
function processState(d: Draft, status: State['status']): Template {
  const metadata = d.spec.linux?.seccomp?.listenerMetadata;
  const version = d.context.habits.seccompStateVersion ?? specVersion;
  const head = `{"ociVersion":"${version}","fds":["seccompFd"],"pid":`;
  const middle = `${metadata === undefined ? '' : `,"metadata":${JSON.stringify(metadata)}`},"state":`;
  return [head, { hole: 'process' }, middle, ...stateText(d, status), '}'];
}

/** Connects on the host, where the path is, and hands the connection to init. */
export function openListener(d: Draft, status: State['status']): void {
  const from = '/linux/seccomp/listenerPath';
  d.host.push({
    op: 'listener.open',
    from,
    socket: slot.listener,
    text: slot.listenerState,
    ...(d.context.flags.learn ? {} : { path: d.spec.linux?.seccomp?.listenerPath ?? '' }),
    state: d.context.flags.learn ? ['{}'] : processState(d, status),
  });
  for (const held of [slot.listener, slot.listenerState]) {
    d.host.push({ op: 'fd.send', from, slot: held });
    d.init.push({ op: 'fd.receive', from, slot: held });
  }
}
