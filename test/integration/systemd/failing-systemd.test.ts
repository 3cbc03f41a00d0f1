// Failures of --systemd-cgroup with a stand-in for systemd: each gives its code, and nothing is left.
import { systemdIsHere, whileSystemd } from '../../support/bus-here.ts';
import { create, type Failing, failing } from '../../support/failing.ts';

const change: Failing['change'] = (config, { id }) => {
  config.linux.cgroupsPath = `system.slice:test:${id}`;
};
const stays = /\/run\/systemd/;
const row = { change, stays, pointer: '/linux/cgroupsPath' } as const;

failing([
  { ...row, name: 'nobody listens', code: 'E0862', why: 'ENOENT, step connect',
    call: (scene) => ['--systemd-cgroup', ...create()(scene)], hint: /--cgroup-manager cgroupfs/ },
  { ...row, name: 'systemd does not let us in', code: 'E0861', why: 'EACCES, step auth',
    call: whileSystemd({}, 'REJECTED EXTERNAL\r\n'), hint: /REJECTED EXTERNAL/ },
  { ...row, name: 'systemd hangs up', code: 'E0861', why: 'ECONNRESET, step reply',
    call: whileSystemd({ StartTransientUnit: 'close' }) },
  { ...row, name: 'systemd refuses the unit', code: 'E0863', why: 'EREMOTEIO, step refused', call: whileSystemd({
    StartTransientUnit: { error: 'org.freedesktop.systemd1.UnitExists', text: 'Unit is there.' },
  }) },
  { ...row, name: 'the job of the unit fails', code: 'E0864', why: 'EREMOTEIO, step job',
    call: whileSystemd({ StartTransientUnit: { job: 'failed' }, StopUnit: { job: 'done' } }) },
], systemdIsHere);
