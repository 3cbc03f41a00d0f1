// Configurations for the tests of the audit: a hardened one, and ways to weaken it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { audit } from '../../../src/audit/audit.ts';
import type { Finding } from '../../../src/audit/types.ts';
import type { Surroundings } from '../../../src/audit/view.ts';
import type { Spec } from '../../../src/spec/types.ts';
import type { Config } from '../spec/config.ts';

export const read = (path: string): Config => JSON.parse(readFileSync(join('test/fixtures', path), 'utf8')) as Config;
export const hardened = (): Config => read('hardened/config.json');
export const host: Surroundings = { facts: { arch: 'x86_64', lsm: { apparmor: false, selinux: false } },
  bundle: '/srv/box' };

export function find(config: Config, surroundings = host): readonly Finding[] {
  return audit(config as unknown as Spec, surroundings).findings;
}

export type Change = (c: Config) => void;
export const allSets = (c: Config, ...names: string[]): void => {
  for (const set of ['bounding', 'effective', 'permitted']) c.process.capabilities[set] = names;
};
export const bind = (c: Config, source: string, destination: string, ...options: string[]): void => {
  c.mounts.push({ destination, type: 'bind', source, options: ['bind', 'nosuid', 'nodev', ...options] });
};
/** Without the user namespace, whose lack is a finding of its own. */
export const open = (c: Config): void => {
  c.linux.namespaces = c.linux.namespaces.filter(({ type }: { type: string }) => type !== 'user');
  delete c.linux.uidMappings;
  delete c.linux.gidMappings;
  c.process.user = { uid: 1000, gid: 1000 };
};
export const none = (c: Config, type: string): void => {
  c.linux.namespaces = c.linux.namespaces.filter((namespace: { type: string }) => namespace.type !== type);
};
export const pass = (c: Config, ...names: string[]): void => {
  c.linux.seccomp.syscalls.push({ names, action: 'SCMP_ACT_ALLOW' });
};
export const plus = (...changes: Change[]): Change => (c) => {
  for (const change of changes) change(c);
};
