import { readFileSync } from 'node:fs';
import t from 'tap';
import { engine } from '../../support/code/both-engines.ts';
import type { PropertyNode, Topics } from '../../../src/engine/topics.ts';
import { table } from '../../../src/diagnostic/table.ts';
import { decodeStruct } from '../../support/code/wire.ts';
import { facts, host } from '../plan/support.ts';
import { indent } from '../../../src/diagnostic/marks.ts';
import { unmarked } from '../../support/unmarked.ts';

const texts = readFileSync('src/generated/explain.json');
const { config } = JSON.parse(texts.toString()) as Topics;
const codes = [...new Set(Object.values(table).map(({ code }) => code))];

interface Answer {
  readonly exitCode: number;
  readonly text: string;
  readonly error: string;
}

function marked(topic: string): Answer {
  const request = { verb: 'explain', options: {}, operands: [topic], facts: facts() } as const;
  return decodeStruct('Response', engine(request, { config: texts }, host())) as unknown as Answer;
}

function explain(topic: string): Answer {
  const answer = marked(topic);
  return { ...answer, text: unmarked(answer.text) };
}

t.test('properties, however they are written', async (t) => {
  const wanted = /^linux\.resources\.memory\.limit: int64\n\n  \S/;
  for (const topic of ['linux.resources.memory.limit', '/linux/resources/memory/limit',
    ' config.linux.resources.memory.limit'])
  {
    t.match(explain(topic), { exitCode: 0, text: wanted }, topic);
  }
  for (const topic of ['mounts.options', 'mounts[2].options', '/mounts/2/options/1', 'mounts.options.nosuid']) {
    t.match(explain(topic).text, /^mounts\[\]\.options: list, each: text\n[^]*\nvalues\n[^]*nosuid/, topic);
  }
  t.match(explain('linux.sysctl.net.ipv4.ip_forward').text, /^linux\.sysctl: object of any keys, each: text\n/);
  t.match(explain('mounts').text, /\nproperties\n[^]*  destination  .*Required\./);
  t.match(explain('memory').text, /^linux\.resources\.memory: object\n/, 'the only one of this name');
  t.match(explain('path').text, /root\.path[^]*linux\.devices\[\]\.path/, 'one of several');
  t.match(explain('process').text, /^process: /);
});

t.test('codes', async (t) => {
  t.match(explain('e0412').text,
    /^E0412 \(error\)\n\n  unknown mount option "VALUE"\n\nwhat to do\n[^]*\nbackground\n/);
  t.match(explain('E0402').text, /^E0402 \(warning\)/);
});

t.test('what is not there', async (t) => {
  t.match(explain('linux.resource.memory.x'), { exitCode: 1,
    error: /E0130.*the nearest known name is "linux\.resources"/ });
  t.match(explain('linux.resource.memory'), { error: /the nearest known name is "linux\.resources\.memory"/ },
    'the rest of the path goes on');
  t.match(explain('readonlyPath'), { error: /the nearest known name is "readonlyPaths"/ });
  for (const topic of ['E9999', 'E1999', 'E041', '9']) {
    t.match(explain(topic), { exitCode: 1, error: /E0130/ });
    t.notMatch(explain(topic).error, /nearest known name/, topic);
  }
  for (const topic of ['412', '0412', 'EO412', 'e412', 'E-0412'])
    t.match(explain(topic).error, /the nearest known name is "E0412"/, topic);
  for (const topic of ['', '__proto__', 'constructor', 'linux.__proto__', 'mounts.options.nosiud', '\u001b[31m']) {
    t.notMatch(explain(topic).error, /E09|\u001b/, topic);
  }
});

/** The words that lead to a property, and the property. */
function all(node: PropertyNode, path: string): [string, PropertyNode][] {
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([name, part]): [string, PropertyNode][] => {
      const own = path === '' ? name : `${path}.${name}`;
      return [[own, part], ...all(part, own)];
    }),
    ...(node.items === undefined ? [] : all(node.items, path)),
    ...(node.any === undefined ? [] : all(node.any, `${path}.x`)),
  ];
}

t.test('every property and every code has its words', async (t) => {
  for (const [path, node] of all(config, '')) {
    t.ok(node.text.length > 3, `${path} has a description`);
    const { exitCode, text } = explain(path);
    if (exitCode !== 0 || !text.includes(node.text.slice(0, 30))) t.fail(path, { text });
  }
  t.match(explain('E0758').text, /^E0758 is no longer used: it is E0625 now\n\nE0625 \(error\)\n/);
  for (const code of codes) t.equal(explain(code).exitCode, 0, code);
});

t.test('no line is too wide', async (t) => {
  for (const topic of ['', 'linux', 'process', 'mounts', 'linux.resources', 'path', ...codes]) {
    // The command breaks the lines that have a mark (test/native/launcher_text.cc).
    for (const line of marked(topic).text.split('\n')) {
      const end = line.indexOf(indent);
      if (end < 0 ? line.length > 80 : end > 44) t.fail(`${topic}: ${line}`);
    }
  }
});
