import t from 'tap';
import { isInstalled } from '../../../scripts/lib/installed.mjs';

t.test('what npm install has put there is not installed a second time', async (t) => {
  const a = { version: '1.0.0', integrity: 'sha512-a' };
  const locked = { '': { version: '0.1.0' }, 'node_modules/a': a, 'node_modules/other': { ...a, optional: true } };
  t.ok(isInstalled(locked, { 'node_modules/a': a }), 'a package of another platform is left out');
  t.ok(isInstalled(locked, { 'node_modules/a': a, 'node_modules/other': a }));
  t.notOk(isInstalled(locked, {}), 'nothing is installed');
  t.notOk(isInstalled(locked, { 'node_modules/a': { ...a, version: '1.0.1' } }), 'another version');
  t.notOk(isInstalled(locked, { 'node_modules/a': { ...a, integrity: 'sha512-b' } }), 'another content');
  t.notOk(isInstalled(locked, { 'node_modules/a': a, 'node_modules/b': a }), 'one that is not asked for');
});
