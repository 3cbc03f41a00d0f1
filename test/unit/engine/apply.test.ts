import { readFileSync } from 'node:fs';
import t from 'tap';
import { applyClasses } from '../../../src/generated/apply-classes.ts';
import { configTreeText, type Tree } from '../../../src/generated/config-tree.ts';
import { changesOf, isToDo } from '../../../src/apply/change.ts';
import { classOf } from '../../../src/apply/classes.ts';
import { renderChanges } from '../../../src/apply/text.ts';
import type { Spec } from '../../../src/generated/config.ts';
import { unmarked } from '../../support/unmarked.ts';

/** Pointers of all properties, with an index or a key for each list and map. */
function properties(tree: Tree, path: string): string[] {
  const below = Object.entries(tree.p ?? {}).flatMap(([name, part]) => properties(part, `${path}/${name}`));
  const elements = [tree.i, tree.m].flatMap((part) => (part === undefined ? [] : properties(part, `${path}/0`)));
  return [path, ...below, ...elements];
}

t.test('every property has a class or is in one that has', async (t) => {
  const all = properties(JSON.parse(configTreeText) as Tree, '').filter((path) => path !== '');
  t.ok(all.length > 250, `${all.length} properties`);
  // Those that hold others alone.
  const containers = ['/process', '/linux', '/hooks'];
  for (const path of all.filter((path) => !containers.includes(path)))
    t.not(JSON.stringify(classOf(path)), JSON.stringify(classOf('/nothing')), path);
});

t.test('the classes of properties', async (t) => {
  const live = ['/hostname', '/mounts/3/options/1', '/annotations/a~1b', '/hooks/poststop/0/path',
    '/process/rlimits/0/soft', '/process/oomScoreAdj', '/process/scheduler/nice', '/process/ioPriority',
    '/process/execCPUAffinity/final', '/linux/resources/memory/limit', '/linux/resources/unified/memory.high',
    '/linux/resources/devices/0/access', '/linux/devices/0/fileMode', '/linux/sysctl/net.ipv4.ip_forward',
    '/linux/maskedPaths/0', '/linux/readonlyPaths/7', '/linux/intelRdt/l3CacheSchema', '/ociVersion'];
  const restart = ['/process/args/0', '/process/env', '/process/user/uid', '/process/capabilities/bounding/0',
    '/process/terminal', '/process/cwd', '/process/noNewPrivileges', '/process/apparmorProfile',
    '/linux/seccomp/syscalls/0', '/linux/namespaces/0/type', '/linux/uidMappings/0/hostID', '/linux/cgroupsPath',
    '/linux/intelRdt/closID', '/linux/rootfsPropagation', '/root/path', '/root/readonly', '/hooks/prestart/0',
    '/hooks/startContainer'];
  const never = ['/solaris', '/windows/layerFolders', '/process/commandLine', '/process/user/username',
    '/linux/resources/memory/kernel', '/linux/resources/memory/useHierarchy', '/nothing'];
  for (const path of live) t.ok('live' in classOf(path), path);
  for (const path of restart) t.ok('restart' in classOf(path), path);
  for (const path of never) t.ok('never' in classOf(path), path);
  t.ok(Object.values(applyClasses).every((own) => Object.keys(own).length === 1));
});

const spec = (text: string): Spec => JSON.parse(text) as Spec;

t.test('the changes between two configurations', async (t) => {
  const kept = spec(
    '{"hostname":"a","linux":{"resources":{"pids":{"limit":5}},"sysctl":{"x":"1"}},"process":{"args":["a"]}}',
  );
  const declared = spec(
    '{"hostname":"b","linux":{"resources":{"memory":{"limit":9,"swap":10}}},"process":{"args":["b"]},'
      + '"mounts":[{"destination":"/a"}]}',
  );
  const changes = changesOf(declared, kept, undefined);
  t.same(changes.map(({ property, removed, outcome: { kind } }) => [property, removed, kind]), [
    ['/hostname', false, 'live'],
    ['/linux/resources/memory/limit', false, 'live'],
    ['/linux/resources/memory/swap', false, 'live'],
    ['/linux/resources/pids/limit', true, 'live'],
    ['/linux/sysctl/x', true, 'live'],
    ['/process/args/0', false, 'restart'],
    ['/mounts', false, 'live'],
  ]);
  t.ok(changes.every(isToDo));
  t.same(changesOf(kept, kept, undefined), []);
});

t.test('changes as text', async (t) => {
  const text = '{\n  "hostname": "b"\n}\n';
  const changes = changesOf(spec(text), spec('{"hostname":"a"}'), undefined);
  const document = { file: 'config.json', text, json: false };
  t.equal(unmarked(renderChanges(changes, document)),
    'config.json:2:15 (/hostname): "a" → "b" (live)\n1 change: 1 live\n');
  t.equal(renderChanges([], document), 'nothing to do\n');
  const [change] = (JSON.parse(renderChanges(changes, { ...document, json: true })) as { changes: object[] }).changes;
  t.same(change, { file: 'config.json', line: 2, column: 15, pointer: '/hostname', applied: '"a"', declared: '"b"',
    change: 'live' });
});

t.test('the schema says who applies a property', async (t) => {
  const text = readFileSync('schema/config.schema.json', 'utf8');
  t.match(text, /"hostname": \{ "x-apply": \{ "live": "names" \}/);
});
