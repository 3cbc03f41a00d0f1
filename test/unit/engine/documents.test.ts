import t from 'tap';
import type { EngineVerb, Request } from '../../../src/generated/protocol.ts';
import { engine } from '../../support/code/both-engines.ts';
import { decodeStruct } from '../../support/code/wire.ts';
import { defaultConfig, facts, host } from '../plan/support.ts';

/** Any form of JSON in the place of a document, or of one of its members. */
const forms: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  18446744073709551616,
  '',
  'text',
  'mounts',
  [],
  [[]],
  [null],
  [0],
  ['text'],
  [{}],
  {},
  { a: 1 },
  { '': null },
];

const mount = { destination: '/x', type: 'tmpfs', source: 'tmpfs', options: ['ro'] };

/** Documents of `mounts` as texts: forms, forms of each member, and keys that are something in JavaScript. */
function mountDocuments(): string[] {
  const inherited = ['__proto__', 'constructor', 'prototype', 'toString', 'length', 'map'];
  const members = ['destination', 'type', 'source', 'options', 'uidMappings', 'gidMappings'];
  return [
    ...forms,
    ...forms.map((mounts) => ({ mounts })),
    ...forms.map((other) => ({ mounts: [mount], other })),
    ...forms.map((entry) => [mount, entry]),
    ...forms.map((entry) => ({ mounts: [mount, entry] })),
    ...members.flatMap((member) => forms.map((form) => [{ ...mount, [member]: form }])),
    ...members.flatMap((member) => forms.map((form) => ({ mounts: [{ ...mount, [member]: form }] }))),
    mount,
    { mount: [mount] },
    { Mounts: [mount] },
    { mounts: mount },
    [mount, { mounts: [mount] }],
  ].map((document) => JSON.stringify(document)).concat(inherited.flatMap((key) =>
    forms.flatMap((form) => [
      `{ "${key}": ${JSON.stringify(form)} }`,
      `{ "mounts": { "${key}": ${JSON.stringify(form)} } }`,
      `[{ "${key}": ${JSON.stringify(form)} }]`,
    ])
  ));
}

interface Answer {
  readonly code: string;
  readonly error: string;
  readonly plan: string | null;
  readonly exitCode: number;
}

function ask(verb: EngineVerb, config: string, process: string | undefined, request: Partial<Request> = {}): Answer {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const whole: Request = { verb, options: {}, facts: facts(), id: 'box', bundle: '/bundle', configName: 'file',
    ...request };
  const blobs = { config: bytes(config), ...(process === undefined ? {} : { process: bytes(process) }) };
  return decodeStruct('Response', engine(whole, blobs, host())) as unknown as Answer;
}

const config = JSON.stringify(defaultConfig());

for (const action of ['add', 'remove'] as const) {
  t.test(`mounts ${action} takes a list of mounts, and refuses every other form in words`, async (t) => {
    let refused = 0;
    for (const document of mountDocuments()) {
      const { code, error, plan } = ask('mounts', config, document, { options: { action } });
      if (code !== '') refused += 1;
      if (code !== '' && !/^E0[2-6]/.test(code)) t.fail(`${document}: ${error}`);
      if (code === '' && plan === null) t.fail(`${document}: neither a plan nor an error`);
    }
    t.ok(refused > 300, `${refused} are refused`);
    const answer = (document: unknown): Answer =>
      ask('mounts', config, JSON.stringify(document), { options: { action } });
    for (const document of [[mount], { mounts: [mount] }, { ...defaultConfig(), mounts: [mount] }])
      t.equal(answer(document).error, '');
    t.match(answer({}).error, /^E0302: .*"mounts".* at file:1:1/, 'an object without mounts');
    t.match(answer(mount).error, /"mounts"/, 'a mount that is not in a list');
    t.match(answer({ mount: [mount] }).error, /rename "mount" to "mounts"/);
    t.match(answer({ mounts: mount }).error, /at file:1:11 \(\/mounts\)/);
    t.match(answer(7).error, /a list/);
  });
}

t.test('a document of any form is no internal error', async (t) => {
  const process = defaultConfig().process as unknown as Readonly<Record<string, unknown>>;
  const asked: [string, Answer][] = [];
  const note = (what: string, answer: Answer): void => {
    asked.push([what, answer]);
  };
  for (const form of forms) {
    const text = JSON.stringify(form);
    note(`config.json ${text}`, ask('create', text, undefined));
    note(`process ${text}`, ask('exec', config, text));
    note(`resources ${text}`, ask('update', config, text, { flags: { resources: 'file' } }));
    for (const member of Object.keys(process))
      note(`process.${member} ${text}`, ask('exec', config, JSON.stringify({ ...process, [member]: form })));
    for (const member of Object.keys(defaultConfig()))
      note(`${member} ${text}`, ask('create', JSON.stringify({ ...defaultConfig(), [member]: form }), undefined));
    for (const member of ['memory', 'cpu', 'pids', 'blockIO', 'hugepageLimits', 'devices', 'unified']) {
      note(`resources.${member} ${text}`,
        ask('update', config, JSON.stringify({ [member]: form }), { flags: { resources: 'file' } }));
    }
  }
  for (const [what, { code, error }] of asked) if (/^E09/.test(code)) t.fail(`${what}: ${error}`);
  t.ok(asked.some(([, { code }]) => code === ''), 'some are fine');
  t.ok(asked.filter(([, { code }]) => code !== '').length > 300, 'most are not');
});
