// The command is replaced under engines that live on: containers that one build has made are used through another one,
// in both directions (docs/upgrading.md). VELOCI_OTHER names the other build; without it, it is this one with another
// plan schema.
import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { otherBuild } from '../support/engines/other-build.ts';
import { containerd } from './containerd.ts';
import { docker } from './docker.ts';
import { podman } from './podman.ts';
import { type Engine, type Step, steps } from './types.ts';

/** Ends with status 5 when it is asked to. */
const obeys = 'sh -c "echo logged; trap \\"exit 5\\" TERM; while :; do sleep 0.1; done"';
const limit = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max';
const directions = [['upgraded', 'other', 'this'], ['put back', 'this', 'other']] as const;

type Line = readonly [string, string, (RegExp | number)?];

/** Steps for both directions; each is told which build makes the containers, and which uses them. */
const both = (body: (maker: string, user: string) => readonly Line[]): Step[] =>
  steps(
    ...directions.flatMap(([name, maker, user]) =>
      body(maker, user).map(([step, ...rest]): Line => [`${name}: ${step}`, ...rest])
    ),
  );

/** For docker and podman; `again` brings the engine up anew where it has a daemon. */
const withClient = (again: string): Step[] =>
  both((maker, user) => [
    ['made',
      `use ${maker}; for n in stopped killed removed again held; do e run -d --name $n $F -m 64m $I ${obeys} || exit; done; `
      + 'e create --name later $F $I sleep 1000 && e pause held'],
    ['replaced', `use ${user}; ${again}`],
    ['all run', 'e ps -a --format "{{.Names}} {{.Status}}"',
      /(?=[^]*^stopped Up)(?=[^]*^again Up)(?=[^]*^held .*Paused)/m],
    ['exec', 'e exec stopped echo executed', /^executed$/m],
    ['exec: exit status', 'e exec stopped sh -c "exit 9"', 9],
    ['exec: program not found', 'e exec stopped no-such-program', /not found/],
    ['exec -t', 'script -qec "e exec -t stopped tty" /dev/null </dev/null', /\/dev\/pts\/\d/],
    ['top', 'e top stopped', /sleep 0\.1|trap/],
    ['logs', 'e logs stopped', /^logged$/m],
    ['pause', 'e pause stopped && e inspect -f "{{.State.Status}}" stopped', /paused/],
    ['unpause', 'e unpause stopped && e exec stopped echo executed', /^executed$/m],
    ['unpause what the other build has paused', 'e unpause held && e exec held echo executed', /^executed$/m],
    ['update', `e update -m 96m --memory-swap 192m stopped >/dev/null; e exec stopped sh -c "${limit}"`,
      /^100663296$/m],
    ['start what was created', 'e start later && e exec later echo executed', /^executed$/m],
    ['stop', 'e stop -t 20 stopped; e inspect -f "code={{.State.ExitCode}}" stopped', /code=5/],
    ['start again', 'e start stopped && e exec stopped echo executed', /^executed$/m],
    ['kill', 'e kill killed; e wait killed', /^137$/m],
    ['rm -f', 'e rm -f removed'],
    ['restart', 'e restart -t 20 again && e exec again echo executed', /^executed$/m],
    ['back and forth',
      `use ${maker}; e exec again echo executed && e pause again && use ${user} && e unpause again && e kill again`],
    ['rm -f of all', 'e rm -f stopped killed again held later && e ps -aq | wc -l', /^0$/m],
  ]);

const withCtr = both((maker, user) => [
  ['made', `use ${maker}; for n in ends killed held; do d $n ${obeys} || exit; done; e task pause held`],
  ['replaced', `use ${user}; restart-containerd`],
  ['task ls', 'e task ls', /(?=[^]*ends .*RUNNING)(?=[^]*held .*PAUSED)/],
  ['exec', 'e task exec --exec-id a ends echo executed', /^executed$/m],
  ['exec: exit status', 'e task exec --exec-id b ends sh -c "exit 9"', 9],
  ['exec: program not found', 'e task exec --exec-id c ends no-such-program', /not found/],
  ['exec -t', 'script -qec "e task exec -t --exec-id f ends tty" /dev/null </dev/null', /\/dev\/pts\/\d/],
  ['ps', 'e task ps ends', /^\d+/m],
  ['pause', 'e task pause ends && e task ls', /ends .*PAUSED/],
  ['resume', 'e task resume ends && e task exec --exec-id g ends echo executed', /^executed$/m],
  ['resume what the other build has paused', 'e task resume held && e task exec --exec-id h held echo executed',
    /^executed$/m],
  ['kill -s TERM',
    'e task kill -s TERM ends; for i in $(seq 50); do e task ls | grep -q "ends .*STOPPED" && break; sleep 0.1; done; e task delete ends',
    /exit code 5\b/],
  ['kill',
    'e task kill -a -s KILL killed; for i in $(seq 50); do e task ls | grep -q "killed .*STOPPED" && break; sleep 0.1; done; e task delete killed',
    /exit code 137\b/],
  ['delete --force', 'e task delete --force held; e task ls | grep -c held', /^0$/m],
  ['nothing is left', 'e container delete ends killed held && e task ls -q | wc -l && e container ls -q | wc -l',
    /^0\n0$/m],
]);

/** An engine whose runtime is a file that can be replaced. */
const replacing = (engine: Engine, story: readonly Step[]): Engine => ({
  ...engine,
  name: `upgrade under ${engine.name}`,
  async begin(dir, runtime, image) {
    const path = join(dir, basename(runtime));
    copyFileSync(runtime, join(dir, 'this'));
    copyFileSync(basename(runtime) === 'veloci' ? otherBuild() : runtime, join(dir, 'other'));
    copyFileSync(runtime, path);
    const session = await engine.begin(dir, path, image);
    // Not in place: it may be running.
    const use = `cp $D/$1 ${path}.new && mv ${path}.new ${path}`;
    return { ...session, steps: story, helpers: { ...session.helpers, use } };
  },
});

export const upgrades: readonly Engine[] = [replacing(podman, withClient(':')), replacing(containerd, withCtr),
  replacing(docker, withClient('restart-dockerd'))];
