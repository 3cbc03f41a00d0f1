// What --learn-paths makes of the paths that were seen; which calls a profile would have refused.
import t from 'tap';
import type { Seccomp } from '../../../src/generated/config.ts';
import type { LearnedPath } from '../../../src/generated/protocol.ts';
import { addPaths, earlierPaths, pathRules, pathsFile, pathsReport,
  type PathRights } from '../../../src/learn/paths.ts';
import { refusalOf } from '../../../src/learn/refused.ts';
import { landlockBits, readLandlock } from '../../../src/spec/landlock.ts';

const [read, write, list, make, remove, refer, execute] =
  (['read_file', 'write_file', 'read_dir', 'make_reg', 'remove_file', 'refer', 'execute'] as const).map(
    landlockBits,
  ) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
const one = (path: string, rights: number, changed = false): LearnedPath => ({ path, rights, changed });

function rulesOf(...used: readonly LearnedPath[]): Record<string, number> {
  const rights: PathRights = new Map();
  addPaths(rights, used);
  return Object.fromEntries(pathRules(rights));
}

t.test('what is there stays, what comes or goes is its directory', async (t) => {
  t.same(rulesOf(one('/a/b', read), one('/a/b', write)), { '/a/b': read | write });
  t.same(rulesOf(one('/a/new', read | write, true), one('/a', make)), { '/a': make | read | write });
  t.same(rulesOf(one('/a/new', 0, true), one('/a/new/b', 0, true), one('/a/new/b/c', read), one('/a/new', make)), {
    '/a': read | make,
  }, 'the highest that is new counts');
  t.same(rulesOf(one('/new', write, true)), { '/': write });
  t.same(rulesOf(one('/gone', 0, true)), {});
});

t.test('what a directory allows is not said again', async (t) => {
  t.same(rulesOf(one('/a', read), one('/a/b/c', read), one('/a/b/d', read | write), one('/ab', read)), { '/a': read,
    '/a/b/d': write, '/ab': read });
});

t.test('many entries are the directory, but never all of /', async (t) => {
  const some = (directory: string, count: number, rights: number): LearnedPath[] =>
    Array.from({ length: count }, (_, number) => one(`${directory}/f${number}`, rights));
  t.equal(Object.keys(rulesOf(...some('/a', 16, read))).length, 16);
  t.same(rulesOf(...some('/a', 17, read)), { '/a': read });
  t.same(rulesOf(...some('/a', 17, read), one('/a/f0', write)), { '/a': read, '/a/f0': write });
  t.equal(Object.keys(rulesOf(...some('', 40, read))).length, 40);
  const nested = Array.from({ length: 17 }, (_, number) => some(`/a/d${number}`, 17, read)).flat();
  t.same(rulesOf(...nested), { '/a': read });
});

t.test('where a file is moved to is no more allowed than in its old place', async (t) => {
  t.same(rulesOf(one('/a', refer | remove), one('/b', refer | make | write), one('/c', execute)), {
    '/a': refer | remove | make | write,
    '/b': refer | remove | make | write,
    '/c': execute,
  });
  t.same(rulesOf(one('/a', refer), one('/x', read | list), one('/x/b', refer)), { '/a': refer | read, '/x': read | list,
    '/x/b': refer });
});

t.test('the file is a patch of config.json, and is read again', async (t) => {
  const rights: PathRights = new Map([['/a', read], ['/b', read], ['/c', write | make]]);
  const text = pathsFile(pathRules(rights));
  const { annotations } = JSON.parse(text) as { annotations: Record<string, string> };
  const ruleset = readLandlock(annotations['org.veloci.landlock']!);
  t.equal(ruleset.fs, 0xffff);
  t.same(new Map(ruleset.paths.map((rule) => [rule.path, rule.rights])), rights);
  t.same(earlierPaths(text), rights);
  t.same(earlierPaths(''), new Map());
  for (const other of ['{', 'null', '1', '{"annotations":{"org.veloci.landlock":1}}'])
    t.equal(earlierPaths(other), undefined);
});

t.test('the report says what is not seen', async (t) => {
  const none = { foreign: false, nameless: 0 };
  t.equal(pathsReport(new Map([['/a', read]]), 3, ['read'], none),
    'learned 1 rules of Landlock from 3 paths\nnothing was made in any directory\n');
  const all = pathsReport(new Map([['/', make]]), 1, ['io_uring_setup', 'open_by_handle_at', 'mount'], { foreign: true,
    nameless: 2 });
  for (const words of [/beneath \/\n/, /everywhere/, /io_uring/, /handles/, /nobody can/, /32-bit/, /UTF-8/])
    t.match(all, words);
});

t.test('which calls a profile refuses, and where', async (t) => {
  const profile: Seccomp = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [
    { names: ['read', 'clone'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 4, op: 'SCMP_CMP_LT' }] },
    { names: ['write'], action: 'SCMP_ACT_ALLOW' },
    { names: ['write'], action: 'SCMP_ACT_KILL',
      args: [{ index: 0, value: 15, valueTwo: 8, op: 'SCMP_CMP_MASKED_EQ' }] },
    { names: ['kill'], action: 'SCMP_ACT_TRAP' },
    { names: ['socket'], action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }, { index: 0, value: 2, op: 'SCMP_CMP_EQ' }] },
  ] };
  const refused = (name: string, ...first: string[]): string | undefined =>
    refusalOf(profile, name, [first.length === 0 ? undefined : first])?.pointer;
  t.equal(refused('read', '3'), undefined);
  t.equal(refused('read', '4', '5'), '/linux/seccomp/defaultAction');
  t.equal(refused('read', '3', '4'), '/linux/seccomp/defaultAction', 'one that passes does not hide another');
  t.equal(refused('socket', '2'), undefined, 'tests of one argument are alternatives');
  t.equal(refused('socket', '3'), '/linux/seccomp/defaultAction');
  t.equal(refused('read'), undefined, 'any value');
  t.equal(refused('write', '7'), undefined);
  t.equal(refused('write', '24', '1'), '/linux/seccomp/syscalls/2/action');
  t.equal(refused('kill'), '/linux/seccomp/syscalls/3/action');
  t.equal(refused('mkdir'), '/linux/seccomp/defaultAction');
  t.equal(refusalOf(undefined, 'mkdir', []), undefined);
});
