// Flags may stand behind the operands, but where a program's own arguments follow: every command and every switch of the
// table, on a container that does not exist.
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { assert, test } from '../../support/case.ts';

/** Errors of the command line: unknown flags, missing or extra arguments, wrong values. */
const mistakes = /E010[1-9]/;

for (const { name, operands, maxOperands, flagsEndAfter, flags } of commands) {
  if (operands !== 'ID' && !operands.startsWith('ID [SIGNAL]')) continue;
  const given = [name, 'none', ...(maxOperands === 2 ? ['9'] : [])];
  for (const flag of flags) {
    if (flag.kind !== 'bool' || flag.hidden === true) continue;
    test(`${name}: --${flag.name} behind the operands`, async (c) => {
      assert.equal(flagsEndAfter, undefined);
      const { code, stderr } = await c.rt([...given, `--${flag.name}`]);
      assert.doesNotMatch(stderr, mistakes);
      // What the flag is for is done as if it stood before.
      const before = await c.rt([name, `--${flag.name}`, ...given.slice(1)]);
      assert.deepEqual([code, stderr], [before.code, before.stderr]);
    });
  }
}

test('the value of --rootless is one of a few', async (c) => {
  const flag = globalFlags.find(({ name }) => name === 'rootless');
  for (const value of flag!.choices!) assert.equal((await c.rt([`--rootless=${value}`, 'list'])).code, 0, value);
  assert.match((await c.rt(['--rootless=maybe', 'list'])).stderr, /E0105/);
});
