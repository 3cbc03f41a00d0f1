// The schema of config.json that the package has for editors.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { editorSchema } from '../../../scripts/build/schema.ts';
import { plainHost } from '../../support/code/plain-host.ts';
import { readConfig } from '../../../src/spec/read.ts';

const read = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`test/fixtures/${path}`, 'utf8')) as Record<string, unknown>;

t.test('takes configurations, and no others', async (t) => {
  const validate = new Ajv2020({ allErrors: true, strict: true }).compile(editorSchema());
  for (const path of ['hardened/config.json', 'audit/docker.json', 'audit/podman.json'])
    t.ok(validate({ $schema: 'x', ...read(path) }), `${path}: ${JSON.stringify(validate.errors)}`);
  t.notOk(validate({ ...read('hardened/config.json'), mounts: 'none' }));
  t.notOk(
    validate({ ...read('hardened/config.json'),
      process: { cwd: '/', rlimits: [{ type: 'RLIMIT_X', soft: 0, hard: 0 }] } }),
  );
  t.notOk(validate({ ...read('hardened/config.json'), linux: { resources: { memory: { limit: 'x' } } } }),
    'exact integers');
});

t.test('every property has a description, nothing refers to another file, nothing is ours alone', async (t) => {
  const text = JSON.stringify(editorSchema());
  t.notMatch(text, /"x-|"tsType"|\.schema\.json#|"\$comment"/);
  let count = 0;
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      if (name === 'properties') {
        for (const [key, property] of Object.entries(part as Record<string, { description?: string }>)) {
          count++;
          t.ok((property.description ?? '').length > 0, `${path}/${key}`);
        }
      }
      walk(part, `${path}/${name}`);
    }
  };
  walk(editorSchema(), '');
  t.ok(count > 100);
});

t.test('a configuration that names its schema is not warned of', async (t) => {
  const found = (more: object): unknown =>
    readConfig(new TextEncoder().encode(JSON.stringify({ ...read('hardened/config.json'), ...more })), plainHost(), 'c',
      { warnings: true })
      .diagnostics.map(({ at }) => at?.pointer);
  t.same(found({ $schema: './x' }), []);
  t.same(found({ $schemas: './x' }), ['/$schemas']);
});
