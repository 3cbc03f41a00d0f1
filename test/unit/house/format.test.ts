import t from 'tap';
import { settled, unformatted } from '../../../scripts/lib/format.ts';

t.test('every source is as npm run format leaves it', async (t) => {
  t.same(unformatted(), []);
});

t.test('a formatter is run until it leaves its own text alone', async (t) => {
  t.equal(settled((text) => text.replace('aa', 'a'), 'aaaab'), 'ab');
  t.equal(settled((text) => text, 'x'), 'x');
  t.throws(() => settled((text) => `${text}a`, ''), /leaves alone/);
});
