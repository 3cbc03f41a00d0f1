import t from 'tap';
import { unused, unusedDeclarations, unusedExports } from '../../../scripts/lib/unused.ts';

t.test('nothing is exported or declared for nobody', async (t) => {
  t.same(unused(), []);
});

t.test('finds exports that nobody imports', async (t) => {
  const files = {
    'src/a.ts': 'export const used = 1;\nexport const dead = 2;\nexport function tested(): Shape {}\n'
      + 'export interface Shape {}\nexport type Lost = 1;\n',
    'src/b.ts': "import {\n  used,\n} from './a.ts';\n",
    'src/all.ts': "export * from './c.ts';\n",
    'src/c.ts': 'export class Whole {}\n',
    'src/generated/g.ts': 'export const any = 1;\n',
    'test/a.test.ts': "import { tested as other } from '../src/a.ts';\n",
  };
  t.same(unusedExports(new Map(Object.entries(files))), [
    'src/a.ts exports dead, which no other file imports',
    'src/a.ts exports tested, which only tests import',
    'src/a.ts exports Lost, which no other file imports',
  ]);
});

t.test('finds what a header declares for nobody', async (t) => {
  const files = {
    'native/a.h':
      '#pragma once\nint used(int a);\nbool own();\nconstexpr int dead = 1; // used\nint tested();\nclass A {\n'
      + '  int member();\n};\n',
    'native/a.cc': 'bool own() { return used(1); }\n',
    'native/b.cc': 'int x = used(2); A a;\n',
    'test/t.cc': 'int x = tested();\n',
  };
  t.same(unusedDeclarations(new Map(Object.entries(files))), [
    'native/a.h declares own for others; its own source alone uses it',
    'native/a.h declares tested for others; tests alone use it',
    'native/a.h declares dead for others; nothing uses it',
  ]);
});
