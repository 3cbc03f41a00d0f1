// Programs that take on an id or capabilities of their file, on volumes: nosuid and noNewPrivileges keep them from it, and an idmapped
// mount makes them those of the mapped owner.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { readFacts } from '../../support/facts.ts';
import { program } from '../../support/helpers.ts';
import { which } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const first = 100_000;
const mapping = [{ containerID: 0, hostID: first, size: 65_536 }];
/** CAP_NET_RAW and CAP_SYS_ADMIN: what the bounding set has. */
const both = 0x202000;
const names = ['CAP_NET_RAW', 'CAP_SYS_ADMIN'];

/** Programs by their names: mode and owner; `capable` has capabilities of its own. */
const programs = { root: [0o4755, 0], group: [0o2755, 0], mapped: [0o4755, first], capable: [0o755, 0] } as const;
type Program = keyof typeof programs;

function volume(c: Context): string {
  const dir = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', dir]);
  c.later(() => execFileSync('umount', ['-l', dir]));
  for (const [name, [mode, owner]] of Object.entries(programs)) {
    copyFileSync(program('probe'), join(dir, name));
    chownSync(join(dir, name), owner, owner);
    chmodSync(join(dir, name), mode);
  }
  execFileSync('setcap', ['cap_sys_admin,cap_net_raw=ep', join(dir, 'capable')]);
  return dir;
}

/** Effective user, group and capabilities of user 1000 who runs it. */
type Gained = [uid: number, gid: number, capabilities: number];
const nothing: Gained = [1000, 1000, 0];

interface Row {
  users: boolean;
  noNewPrivileges?: true;
  options: string[];
  gains: Partial<Record<Program, Gained>>;
}

const rootGains: Row['gains'] = { root: [0, 1000, both], group: [1000, 0, 0], mapped: [first, 1000, 0],
  capable: [1000, 1000, both] };
const insideGains: Row['gains'] = { mapped: [0, 1000, both], capable: [1000, 1000, both] };
/** The volume's root is the container's. */
const mappedGains: Row['gains'] = { root: [0, 1000, both], group: [1000, 0, 0], capable: [1000, 1000, both] };

const rows: Row[] = [
  ...[['rbind'], ['rbind', 'ro'], ['rbind', 'rro']].flatMap((
    options,
  ): Row[] => [{ users: false, options, gains: rootGains }, { users: true, options, gains: insideGains }]),
  ...[['rbind', 'idmap'], ['rbind', 'ridmap', 'rro'], ['bind', 'idmap', 'ro']].map((options): Row => ({ users: true,
    options, gains: mappedGains })
  ),
  ...[['rbind', 'nosuid'], ['rbind', 'rnosuid'], ['rbind', 'nosuid', 'rro']].flatMap((options): Row[] =>
    [false, true].map((users) => ({ users, options, gains: {} }))
  ),
  { users: true, options: ['rbind', 'idmap', 'nosuid'], gains: {} },
  { users: false, noNewPrivileges: true, options: ['rbind'], gains: {} },
  { users: true, noNewPrivileges: true, options: ['rbind', 'idmap'], gains: {} },
];

test('what programs of a volume gain by their owner and their capabilities', async (c) => {
  const source = volume(c);
  const faults: string[] = [];
  for (const { users, noNewPrivileges, options, gains } of rows) {
    const set = (config: Config): void => {
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.noNewPrivileges = noNewPrivileges ?? false;
      config.process.capabilities = { bounding: names };
      config.mounts.push({ destination: '/mnt', type: 'bind', source, options });
      if (!users) return;
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = config.linux.gidMappings = mapping;
    };
    for (const name of Object.keys(programs) as Program[]) {
      const result = await c.run(c.command([`/mnt/${name}`], set));
      assert.equal(result.code, 0, result.stderr);
      const { uid, gid, status } = readFacts(result.stdout);
      const seen: Gained = [uid[1]!, gid[1]!, parseInt(status['CapEff']!, 16)];
      const expected = gains[name] ?? nothing;
      if (String(seen) !== String(expected)) {
        faults.push(
          `${name} on ${options.join()}${users ? ' in a user namespace' : ''}: ${String(seen)}, not ${
            String(expected)
          }`,
        );
      }
    }
  }
  assert.deepEqual(faults, []);
}, { skip: which('setcap') === undefined && 'setcap is not installed' });
