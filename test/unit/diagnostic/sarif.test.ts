// SARIF 2.1.0: the parts that its schema (OASIS, errata 01) requires, and no member that the schema does not have. No package
// of the registry that is cared for holds that schema, so what of it concerns this output is written down here.
import { Ajv } from 'ajv';
import t from 'tap';
import { auditSarif } from '../../../src/audit/sarif.ts';
import { sarif } from '../../../src/diagnostic/sarif.ts';
import { plainHost } from '../../support/code/plain-host.ts';
import { readConfig } from '../../../src/spec/read.ts';

const object = (required: readonly string[], properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
const list = (items: object, rest: object = {}): object => ({ type: 'array', items, ...rest });
const text = { type: 'string' };
const message = object(['text'], { text: { type: 'string', minLength: 1 } });
const from = (minimum: number): object => ({ type: 'integer', minimum });

const location = object([], {
  physicalLocation: object(['artifactLocation'], {
    artifactLocation: object([], { uri: { type: 'string', pattern: '^(file:///[^ ]*|[^ :/][^ :]*)$' } }),
    region: object(['startLine'], { startLine: from(1), startColumn: from(1), endColumn: from(1) }),
  }),
  logicalLocations: list(object([], { fullyQualifiedName: text, kind: text }), { uniqueItems: true }),
});
const result = object(['message'], {
  ruleId: text,
  ruleIndex: from(-1),
  level: { enum: ['none', 'note', 'warning', 'error'] },
  message,
  locations: list(location),
  suppressions: list(object(['kind'], { kind: { enum: ['inSource', 'external'] }, justification: text })),
});
const rule = object(['id'], { id: text, shortDescription: message, help: message,
  properties: { type: 'object', properties: { tags: list(text) } } });
const log = object(['version', 'runs'], {
  $schema: { type: 'string', pattern: '^https://' },
  version: { const: '2.1.0' },
  runs: list(object(['tool'], {
    tool: object(['driver'], { driver: object(['name'], { name: text, rules: list(rule, { uniqueItems: true }) }) }),
    columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
    results: list(result),
  })),
});

interface Log {
  readonly runs: readonly { readonly tool: { readonly driver: { readonly rules: readonly { id: string }[] } };
    readonly results: readonly { ruleId: string; ruleIndex: number }[] }[];
}

t.test('findings of every kind are a log that the schema takes', async (t) => {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(log);
  const host = plainHost();
  for (const [name, config] of Object.entries({
    'config.json': '{"ociVersion":"1.3.0","hostnam":"x","process":{"args":"sh","cwd":"","user":{"uid":-1}},"root":{}}',
    '/srv/a b/config.json': '{"ociVersion":"2.0.0","linux":{"sysctl":{"a/b~c":1}}}',
    'dir/own.json': '{"a": 1',
    'empty.json': '',
    'bytes.json': '\u0000',
  })) {
    const { diagnostics: found } = readConfig(new TextEncoder().encode(config), host, name, { warnings: true });
    const log = JSON.parse(sarif(found)) as Log;
    t.ok(validate(log), `${name}: ${JSON.stringify(validate.errors)}`);
    const { tool, results } = log.runs[0]!;
    t.equal(results.length, found.length);
    for (const { ruleId, ruleIndex } of results) t.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
  }
  const at = { file: 'config.json', pointer: '/a', line: 1, column: 2, length: 3 };
  const finding = { rule: 'host-pid', risk: 'high', message: 'm', why: 'w', remedy: 'r', references: ['x'],
    at } as const;
  const audited = JSON.parse(auditSarif([finding, { ...finding, accepted: 'a reason' }])) as Log;
  t.ok(validate(audited), JSON.stringify(validate.errors));
  t.match(audited.runs[0], {
    tool: { driver: { rules: [{ id: 'host-pid', properties: { 'security-severity': '8.0' } }] } },
  });
  t.ok(validate(JSON.parse(sarif([]))), 'no findings');
  const broken = JSON.parse(sarif([])) as { version: string };
  broken.version = '2.0.0';
  t.notOk(validate(broken), 'it can fail');
});
