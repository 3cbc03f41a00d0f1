import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compile, encode, explain, hostFacts, loadBundle, parse, validate, type Bundle,
  type Plan } from '../../../src/index.ts';

const config = {
  ociVersion: '1.2.0',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['sh'], user: { uid: 0, gid: 0 } },
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }] },
};

function bundleOf(t: Tap, value: object): Bundle {
  const folder = t.testdir();
  writeFileSync(join(folder, 'config.json'), JSON.stringify(value, null, 2));
  return loadBundle(folder);
}

type Tap = Pick<typeof t, 'testdir'>;

t.test('a bundle becomes a plan', async (t) => {
  const bundle = bundleOf(t, config);
  const facts = hostFacts();
  const plan = compile(bundle, { id: 'a', facts });
  t.ok(plan.programs.init?.some(({ op, from }) => op === 'mount.fs' && from.startsWith('/mounts/0')),
    'the mount of /proc');
  t.same(compile(bundle, { id: 'a', facts }), plan, 'the same again');
  t.equal(Buffer.from(encode(plan)).toString('latin1', 0, 8), 'VLCIPLAN');
  t.match(explain(plan, bundle), /mount\.fs.*config\.json:\d+/);
});

t.test('an invalid configuration', async (t) => {
  const text = JSON.stringify({ ...config, process: { ...config.process, args: 'sh' } });
  t.throws(() => parse(text), { name: 'VelociError', pointer: '/process/args', line: 1 });
  const found = validate(JSON.stringify({ ...config, mount: [] }));
  t.match(found, [{ severity: 'warning', at: { pointer: '/mount' } }]);
});

t.test('a terminal stays with the one who executes the plan, or goes to a socket', async (t) => {
  const bundle = bundleOf(t, { ...config, process: { ...config.process, terminal: true } });
  const facts = hostFacts();
  const terminal = ({ programs }: Plan): string[] =>
    programs.create?.map(({ op }) => op).filter((op) => op.startsWith('console.')) ?? [];
  t.same(terminal(compile(bundle, { facts })), ['console.keep']);
  t.same(terminal(compile(bundle, { facts, consoleSocket: '/run/console.sock' })), ['console.send']);
});

t.test('a configuration that cannot be planned', async (t) => {
  const bundle = bundleOf(t, { ...config, process: { ...config.process, terminal: false } });
  t.throws(() => compile(bundle, { facts: hostFacts(), consoleSocket: '/run/console.sock' }), { name: 'VelociError',
    pointer: '/process/terminal', code: 'E0114' });
});
