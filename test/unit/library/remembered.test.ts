// Plans that a program remembers: for another id they are what the engine would have made.
import t from 'tap';
import { rememberedPlan } from '../../../src/library/remembered.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

t.test('the third container of a configuration takes no engine; ids stand where they stood', (t) => {
  let made = 0;
  const plan = (id: string, ...origin: string[]): string =>
    text(rememberedPlan(id, origin, () => {
      made++;
      return Buffer.from(`\0${id} and ${origin.join()}/${id}\xff`, 'latin1');
    }));
  for (const id of ['one', 'two', 'six', 'ten', 'one']) t.equal(plan(id, 'a', 'b'), `\0${id} and a,b/${id}\xff`);
  t.equal(made, 2);
  t.equal(plan('three', 'a', 'b'), '\0three and a,b/three\xff', 'another length');
  t.equal(plan('six', 'a', 'c'), '\0six and a,c/six\xff', 'another configuration');
  t.equal(made, 4);
  t.end();
});

t.test('what is different by more than the id is not remembered, nor is a failure', (t) => {
  let made = 0;
  const plan = (id: string): string => text(rememberedPlan(id, ['counted'], () => Buffer.from(`${id}: ${made++}`)));
  for (const id of ['one', 'two', 'six', 'ten']) t.equal(plan(id), `${id}: ${made - 1}`);
  t.equal(made, 4);
  const failing = (id: string, fails: boolean): string =>
    text(rememberedPlan(id, ['failing'], () => {
      if (fails) throw new Error('refused');
      return Buffer.from(id);
    }));
  t.throws(() => failing('one', true), /refused/);
  t.equal(failing('two', false), 'two');
  t.equal(failing('one', false), 'one');
  t.equal(failing('six', true), 'six', 'by now it is');
  t.end();
});

t.test('an id that stands in the configuration by chance', (t) => {
  const plan = (id: string): string =>
    text(rememberedPlan(id, ['chance'], () => Buffer.from(`${id}, run as web by web`)));
  for (const id of ['web', 'dev', 'web', 'dev', 'run']) t.equal(plan(id), `${id}, run as web by web`);
  t.end();
});

t.test('few are kept', (t) => {
  const made: string[] = [];
  const plan = (id: string, origin: string): unknown =>
    rememberedPlan(id, [origin], () => {
      made.push(origin);
      return Buffer.from(id);
    });
  for (let i = 0; i < 20; i++) for (const id of ['one', 'two', 'six']) plan(id, `${i}`);
  t.equal(made.length, 40);
  plan('ten', '19');
  t.equal(made.length, 40);
  plan('ten', '0');
  t.equal(made.length, 41);
  t.end();
});
