// Makes src/generated, native/generated and the generated pages of docs/ from schema/ and the tables.
//   node scripts/run.mjs generate [--check]     --check changes nothing and fails when something would change
import { cliHeader } from './generate/cli.ts';
import { planHeader, planSource } from './generate/cpp.ts';
import { planFields } from './generate/cpp-fields.ts';
import { diagnosticsDocs, diagnosticsHeader } from './generate/diagnostics.ts';
import { planDocs } from './generate/plan-docs.ts';
import { planEncoder } from './generate/encoder.ts';
import { planMeta } from './generate/meta.ts';
import { readModel } from './generate/model.ts';
import { differences, write, type Outputs } from './generate/output.ts';
import { planTypes } from './generate/typescript.ts';

async function generate(): Promise<Outputs> {
  const model = readModel();
  return new Map([
    ['native/generated/plan.gen.h', planHeader(model)],
    ['native/generated/plan.gen.cc', planSource(model)],
    ['docs/plan-operations.md', planDocs(model)],
    ['docs/error-codes.md', diagnosticsDocs()],
    ['native/generated/diagnostics.gen.h', diagnosticsHeader()],
    ['native/generated/cli.gen.h', cliHeader()],
    ['native/generated/plan_fields.gen.h', planFields(model)],
    ['src/generated/plan.ts', planTypes(model)],
    ['src/generated/encode.ts', planEncoder(model)],
    ['src/generated/plan-meta.ts', planMeta(model)],
  ]);
}

export async function main(args: readonly string[]): Promise<number> {
  const outputs = await generate();
  const changed = differences(outputs);
  if (args.includes('--check')) {
    for (const path of changed) console.error(`${path} is not what its source says: run npm run generate`);
    return changed.length === 0 ? 0 : 1;
  }
  write(outputs, changed);
  for (const path of changed) console.log(path);
  return 0;
}
