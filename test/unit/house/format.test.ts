import t from 'tap';
import { unformatted } from '../../../scripts/lib/format.ts';

t.test('every source is as npm run format leaves it', async (t) => {
  t.same(unformatted(), []);
});
