// What a command works on and takes back is in its context (native/executor/context.h), which ends with it: nothing is kept in
// variables of a file or a function.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import t from 'tap';
import { filesBelow } from '../../../scripts/lib/files.ts';
import { root } from '../../../scripts/lib/root.ts';

const allowed: Readonly<Record<string, string>> = {
  'native/executor/seccomp/learner.cc: watch':
    'of the process of --learn alone: on its stack it would take a page for each processor',
  'native/process/process.cc: known': 'the mark of this boot, which stays the same',
  'native/init/program/listener.cc: handover': 'what the thread or process reads that hands the listener over',
  'native/init/program/listener.cc: helper': 'that process, made before the listener is there',
  'native/init/program/listener.cc: self': 'what it compares its parent with',
  'native/planner/wire_writer.cc: writer_class': 'given by QuickJS for as long as the process lives',
};

/** Variables that outlive the function that uses them. */
function variablesOf(text: string): string[] {
  const code = text.replace(/\/\/.*$/gm, '');
  const inFunctions =
    /^\s+(?:alignas\(\d+\)\s+)?static\s+(?!constexpr\b|const\b)[\w:<>* ]*?\b(\w+)(?:\[[^;]*?\])?(?:\s*=[^;]*)?(?:,[^;()]*)?;/gm;
  const ofFiles = new RegExp(
    '^(?!(?:using|typedef|return|extern|constexpr|const|friend|class|struct|enum|namespace|template|inline' +
      '|static_assert|goto|union)\\b)(?:static\\s+)?[A-Za-z_][\\w:<>]*(?:\\s+|\\s*[*&]\\s*)(\\w+)(?:\\[[^\\]]*\\])?' +
      '(?:\\s*=[^;]*|\\{[^;]*\\})?;',
    'gm',
  );
  return [inFunctions, ofFiles].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!));
}

t.test('native code keeps nothing in variables of files and functions', async (t) => {
  const found = filesBelow('native', '.cc', '.h')
    .filter((path) => !/\/generated\/|\/native\/driver\//.test(path)) // the driver only measures
    .flatMap((path) => variablesOf(readFileSync(path, 'utf8')).map((name) => `${relative(root, path)}: ${name}`));
  t.same([...new Set(found)].sort(), Object.keys(allowed).sort());
});

t.test('finds variables in all their forms', async (t) => {
  t.same(variablesOf('namespace {\nCgroup made[32];\nint count = 0;\nBuffer kept;\nvoid *last{};\n}'), ['made', 'count',
    'kept', 'last']);
  t.same(
    variablesOf(
      'void a() {\n  static CgroupDir undone;\n  alignas(16) static char stack[size];\n  static int n = 3;\n}',
    ),
    [
      'undone',
      'stack',
      'n',
    ],
  );
  t.same(variablesOf('constexpr int a = 1;\nstatic int b(int c) { return c; }\nbool d(Str e);\nstruct F;\n'), []);
  t.same(variablesOf('class A {\n  static int b(int c);\n  static constexpr int d = 1;\n  int e = 0;\n};'), []);
});
