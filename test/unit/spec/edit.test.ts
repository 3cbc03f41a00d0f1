// spec fmt, merge and migrate: the form of a configuration, JSON Merge Patch, newer versions.
import t from 'tap';
import { engine } from '../../support/code/both-engines.ts';
import type { Options } from '../../../src/generated/protocol.ts';
import { noteFound } from '../../support/codes.ts';
import { decodeStruct } from '../../support/code/wire.ts';
import { facts, host } from '../plan/support.ts';

interface Answer {
  readonly exitCode: number;
  readonly text: string;
  readonly error: string;
  readonly explained: string;
  readonly code: string;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function ask(operands: string[], config: string, patch = '', options: Options = {}): Answer {
  const request = { verb: 'spec', options, operands, facts: facts(), configName: 'config.json' } as const;
  const answer = decodeStruct('Response',
    engine(request, { config: bytes(config), process: bytes(patch) }, host())) as unknown as Answer;
  noteFound([answer]);
  return answer;
}

t.test('fmt: order of the specification, unknown members behind, numbers as they are', async (t) => {
  const { text } = ask(['fmt'], '{"x":[],"linux":{"resources":{"memory":{"swap":9223372036854775807,"limit":1}}},'
    + '"y":[1e3,1.50,-0,12345678901234567890,{}],"annotations":{"b":"\\u0001","a":""},"__proto__":{"k":1},"ociVersion":"1.0.0"}');
  t.equal(text, `{
  "ociVersion": "1.0.0",
  "annotations": {
    "b": "\\u0001",
    "a": ""
  },
  "linux": {
    "resources": {
      "memory": {
        "limit": 1,
        "swap": 9223372036854775807
      }
    }
  },
  "x": [],
  "y": [
    1e3,
    1.50,
    -0,
    12345678901234567890,
    {}
  ],
  "__proto__": {
    "k": 1
  }
}
`);
  t.equal(ask(['fmt'], text).text, text, 'a second time changes nothing');
  t.match(ask(['fmt'], text, '', { check: true }), { exitCode: 0, text: '' });
  t.match(ask(['fmt'], text.trim(), '', { check: true }), { exitCode: 2, text: /^config\.json: / });
  t.match(ask(['fmt'], '{"a":'), { exitCode: 1, error: /config\.json:1:/ });
});

// The examples of RFC 7386, appendix A, are these cases.
const cases = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
] as const;

t.test('merge: RFC 7386, numbers exact', async (t) => {
  for (const [base, patch, result] of cases)
    t.equal(ask(['merge', 'a', 'b'], base, patch).text.replace(/\s/g, ''), result, `${base} ${patch}`);
  t.equal(ask(['merge', 'a', 'b'], '{"a":9007199254740993}', '{"__proto__":{"b":18446744073709551615}}').text
    .replace(/\s/g, ''), '{"a":9007199254740993,"__proto__":{"b":18446744073709551615}}');
  t.match(ask(['merge', 'a', 'b'], '{}', '{'), { exitCode: 1, error: /b:1:2/ });
});

const old = (more: object): string =>
  JSON.stringify({ ociVersion: '1.0.2', root: { path: 'rootfs' },
    process: { cwd: '/', args: ['sh'], user: { uid: 0, gid: 0 } }, linux: { namespaces: [{ type: 'mount' }] },
    ...more });

t.test('migrate: what is deprecated or gone, and what cannot be kept', async (t) => {
  const hook = (path: string): object => ({ path });
  const { text, explained, error } = ask(['migrate'],
    old({ hooks: { prestart: [hook('/1')], createRuntime: [hook('/2')] },
      linux: { namespaces: [{ type: 'mount' }], intelRdt: { closID: 'c', enableCMT: true } }, other: 1 }));
  t.equal(error, '');
  t.match(JSON.parse(text), { ociVersion: '1.3.0', other: 1,
    linux: { intelRdt: { closID: 'c', enableMonitoring: true } } });
  t.same((JSON.parse(text) as { hooks: object }).hooks, { createRuntime: [{ path: '/1' }, { path: '/2' }] });
  t.notMatch(text, 'enableCMT');
  t.match(explained,
    /\/ociVersion: "1\.0\.2"[^]*\/hooks\/prestart[^]*\/linux\/intelRdt: enableCMT became enableMonitoring/);
  t.match(ask(['migrate'], text), { text, explained: 'config.json: nothing to change\n' });
  t.match(ask(['migrate'], old({ ociVersion: '1.9.0' })), { code: 'E0159', exitCode: 1, error: /config\.json:1:/ });
  t.match(
    ask(['migrate'],
      old({ linux: { namespaces: [{ type: 'mount' }], intelRdt: { enableMBM: true, enableMonitoring: false } } })),
    {
      code: 'E0159',
    },
  );
  t.match(ask(['migrate'], old({ ociVersion: '0.9.0' })), { code: 'E0405' });
});

t.test('flags of another form are refused', async (t) => {
  t.match(ask(['merge', 'a', 'b'], '{}', '{}', { write: true }), { code: 'E0158', exitCode: 1 });
  t.match(ask(['fmt'], '{}', '', { rootless: true }), { code: 'E0158' });
  t.match(ask([], '', '', { check: true }), { code: 'E0158' });
});
