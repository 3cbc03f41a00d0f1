// Messages and help on a terminal: colours are whole or not there, lines end at its edge.
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import { runtimePath } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';

const path = { PATH: process.env['PATH'] ?? '' };
const escape = '\u001b[';

/** What the command prints on a terminal of this size, or into a pipe. */
async function seen(args: string[], env: Record<string, string> = { TERM: 'xterm' }, size = '24x80'): Promise<string> {
  const prefix = size === '' ? [] : [program('ptyrun'), size];
  const { stdout, stderr } = await call([runtimePath(), ...args], { prefix, env: { ...path, ...env } });
  return size === '' ? stdout + stderr : stdout;
}

/** Calls of run, create, validate and explain that print an error which the engine has made. */
function failing(c: Context): string[][] {
  const bundle = c.bundle((config) => {
    config.mounts.push({ destination: '/x', type: 'tmpfs', source: 'tmpfs', options: ['nosiud'] });
    config.process.cwd = 'relative';
  });
  const root = ['--root', c.root];
  return [
    [...root, 'run', '--bundle', bundle.dir, c.id()],
    [...root, 'create', '--bundle', bundle.dir, c.id()],
    ['validate', '--bundle', bundle.dir],
    ['explain', 'linux.resource'],
    ['lsit'],
  ];
}

test('errors of run, create, validate, explain and the command line are coloured on a terminal', async (c) => {
  for (const args of failing(c)) {
    const text = await seen(args);
    assert.match(text, /E0\d\d\d/, text);
    assert.ok(text.includes(`${escape}1;31merror`), JSON.stringify(text));
    assert.ok(!text.includes('\ufffd'), JSON.stringify(text));
    assert.equal(text.split(escape).length - 1, 2 * (text.split(`${escape}0m`).length - 1), 'each colour ends');
  }
}, { only: 'veloci' });

for (const env of [{ TERM: 'xterm', NO_COLOR: '1' }, { TERM: 'dumb' }, { TERM: 'xterm', CLICOLOR: '0' }, {}]) {
  test(`no colours with ${JSON.stringify(env)}`, async (c) => {
    for (const args of failing(c)) {
      const text = await seen(args, env as Record<string, string>);
      assert.match(text, /E0\d\d\d/);
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(text, /[\u0001-\u0008\u000e-\u001f\ufffd]/, JSON.stringify(text));
    }
  }, { only: 'veloci' });
}

test('a pipe has no colours, unless CLICOLOR_FORCE asks for them and NO_COLOR does not forbid them', async (c) => {
  for (const args of failing(c)) {
    assert.doesNotMatch(await seen(args, { TERM: 'xterm' }, ''), /[\u0001-\u0008\u000e-\u001f\ufffd]/);
    assert.doesNotMatch(await seen(args, { CLICOLOR_FORCE: '1', NO_COLOR: '1' }, ''), /\u001b/);
  }
  assert.ok((await seen(['lsit'], { CLICOLOR_FORCE: '1' }, '')).includes(`${escape}1;31merror`));
}, { only: 'veloci' });

const widths = [['', 80], ['24x80', 80], ['24x200', 80], ['24x60', 60]] as const;
for (const [size, width] of widths) {
  test(`help and explain on ${size === '' ? 'a pipe' : size}: lines of at most ${width} columns, broken between words`,
    async () => {
      const words = (text: string): string => text.replace(/\s+/g, ' ').trim();
      for (const args of [['--help'], ['run', '--help'], ['update', '--help'], ['explain', 'linux'], ['explain',
        'E0930']])
      {
        const text = (await seen(args, {}, size)).replaceAll('\r\n', '\n');
        const long = text.split('\n').filter((line) =>
          line.length > width && !/^\s+(veloci|#|-)|^usage|^veloci/.test(line)
        );
        assert.deepEqual(long, [], args.join(' '));
        assert.equal(words(text), words(await seen(args, {}, '')), 'no word is lost');
      }
    }, { only: 'veloci' });
}
