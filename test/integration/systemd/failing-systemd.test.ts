// Failures of --systemd-cgroup with a stand-in for systemd: each gives its code, and nothing is left.
import { assert, test, unified } from '../../support/case.ts';
import { systemdIsHere, whileSystemd } from '../../support/host/bus-here.ts';
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
  { ...row, name: 'systemd hangs up', code: 'E0861', why: 'ECONNRESET, step reply', // It is asked again for 30 s.
    call: whileSystemd({ StartTransientUnit: 'close' }), options: () => ({ timeLimit: 60_000 }) },
  { ...row, name: 'systemd refuses the unit', code: 'E0863', why: 'EREMOTEIO, step refused', call: whileSystemd({
    StartTransientUnit: { error: 'org.freedesktop.systemd1.UnitExists', text: 'Unit is there.' },
  }) },
  { ...row, name: 'the job of the unit fails', code: 'E0864', why: 'EREMOTEIO, step job',
    call: whileSystemd({ StartTransientUnit: { job: 'failed' }, StopUnit: { job: 'done' } }) },
], systemdIsHere);

const away = { error: 'org.freedesktop.DBus.Error.NoReply', text: 'Message recipient disconnected.' };
const done = { job: 'done' };

for (const [what, answers] of [['hangs up', 'close'], ['is away for the bus', away]] as const) {
  test(`create asks again a systemd that ${what} for a moment`, async (c) => {
    const id = c.id();
    const bundle = c.command(['/probe', 'pause'], (config) => {
      config.linux.cgroupsPath = `system.slice:test:${id}`;
    });
    const call = await whileSystemd({ StartTransientUnit: [answers, answers, done], StopUnit: done })({ c, bundle,
      id });
    const result = await c.rt(call);
    // Where systemd alone makes the cgroup, this stand-in has made none.
    if (unified) assert.match(result.stderr, /E0942: /);
    else {
      assert.equal(result.code, 0, result.stderr);
      await c.destroy(id);
    }
  }, { only: 'veloci', skip: systemdIsHere });
}
