// Makes src/generated, native/generated and the generated pages of docs/ from schema/ and the tables.
//   node scripts/run.mjs generate [--check]     --check changes no committed file and fails when one would change
import { auditDocs } from './generate/audit.ts';
import { cliHeader } from './generate/cli/cli.ts';
import { bashCompletion } from './generate/cli/completion.ts';
import { fishCompletion } from './generate/cli/completion-fish.ts';
import { applyClasses } from './generate/spec/apply-classes.ts';
import { configTree } from './generate/spec/config-tree.ts';
import { imageSource, planHeader, planSource } from './generate/plan/cpp.ts';
import { planFields } from './generate/plan/cpp-fields.ts';
import { diagnosticsDocs, diagnosticsHeader } from './generate/diagnostic/diagnostics.ts';
import { diagnosticsText, doctorText } from './generate/diagnostic/diagnostics-text.ts';
import { dockerProfile } from './generate/spec/docker-profile.ts';
import { planDocs } from './generate/plan/plan-docs.ts';
import { planEncoder } from './generate/plan/encoder.ts';
import { planMeta } from './generate/plan/meta.ts';
import { enginesDocs, installHeader, migrationDocs } from './generate/cli/engines.ts';
import { errnoHeader } from './generate/diagnostic/errno.ts';
import { explainText } from './generate/diagnostic/explain.ts';
import { habitsHeader } from './generate/cli/habits.ts';
import { documents } from './generate/spec/json-schema.ts';
import { jsonTypes } from './generate/spec/json-types.ts';
import { limitFlags } from './generate/cli/limit-flags.ts';
import { readModel } from './generate/plan/model.ts';
import { differences, write, type Outputs } from './generate/output.ts';
import { protocolHeader, protocolValues } from './generate/protocol/protocol-cpp.ts';
import { readProtocol } from './generate/protocol/protocol-model.ts';
import { protocolReader, protocolTypes } from './generate/protocol/protocol-typescript.ts';
import { planPicture } from './generate/pictures/plan.ts';
import { readRecord } from './generate/pictures/record.ts';
import { terminalPicture } from './generate/pictures/terminal.ts';
import { roomsPicture } from './generate/rooms-picture.ts';
import { planObservers } from './generate/plan/observers.ts';
import { planTypes } from './generate/plan/typescript.ts';
import { jsonValidator, validatorTypes } from './generate/spec/validator.ts';

async function generate(): Promise<Outputs> {
  const model = readModel();
  const protocol = readProtocol();
  const record = readRecord();
  const outputs: Outputs = new Map([
    ['native/generated/plan.gen.h', planHeader(model)],
    ['native/generated/plan.gen.cc', planSource(model)],
    ['native/generated/image.gen.cc', imageSource(model)],
    ['docs/plan-operations.md', planDocs(model)],
    ['docs/rooms.svg', roomsPicture()],
    ['docs/pictures/error.svg',
      terminalPicture('veloci validate names the line of a wrong value and says what to write', record.error)],
    ['docs/pictures/plan.svg', planPicture(record.plan)],
    ['docs/audit.md', auditDocs()],
    ['docs/engines.md', enginesDocs()],
    ['docs/migrating-from-runc.md', migrationDocs()],
    ['docs/completion/veloci.bash', bashCompletion()],
    ['docs/completion/veloci.fish', fishCompletion()],
    ['native/generated/install.gen.h', installHeader()],
    ['docs/error-codes.md', diagnosticsDocs()],
    ['native/generated/diagnostics.gen.h', diagnosticsHeader()],
    ['native/generated/cli.gen.h', cliHeader()],
    ['native/generated/errno.gen.h', errnoHeader()],
    ['native/generated/habits.gen.h', habitsHeader()],
    ['native/generated/plan_fields.gen.h', planFields(model)],
    ['native/generated/protocol.gen.h', protocolHeader(protocol)],
    ['native/generated/protocol_values.gen.h', protocolValues(protocol)],
    ['src/generated/apply-classes.ts', applyClasses()],
    ['src/generated/config-tree.ts', configTree()],
    ['src/generated/diagnostics.ts', diagnosticsText()],
    ['src/generated/doctor.ts', doctorText()],
    ['src/generated/docker-profile.ts', dockerProfile()],
    ['src/generated/explain.json', explainText()],
    ['src/generated/limit-flags.ts', limitFlags()],
    ['src/generated/plan.ts', planTypes(model)],
    ['src/generated/encode.ts', planEncoder(model)],
    ['src/generated/observers.ts', planObservers(model)],
    ['src/generated/plan-meta.ts', planMeta(model)],
    ['src/generated/protocol.ts', protocolTypes(protocol)],
    ['src/generated/read-protocol.ts', protocolReader(protocol)],
    ['src/generated/validate.ts', validatorTypes()],
  ]);
  for (const name of documents) {
    outputs.set(`src/generated/${name}.ts`, await jsonTypes(name));
    outputs.set(`src/generated/validate-${name}.ts`, await jsonValidator(name));
  }
  return outputs;
}

/** Committed are what people read: documentation and types. Encoder, reader, validators and tables are made where it is built. */
const committed = /^(docs\/|src\/generated\/(config|features|plan|protocol|state)\.ts$)/;

export async function main(args: readonly string[]): Promise<number> {
  const outputs = await generate();
  const changed = differences(outputs);
  const check = args.includes('--check');
  const outdated = check ? changed.filter((path) => committed.test(path)) : [];
  const written = changed.filter((path) => !outdated.includes(path));
  write(outputs, written);
  for (const path of written) if (committed.test(path)) console.log(path);
  for (const path of outdated) console.error(`${path} is not what its source says: run npm run generate`);
  return outdated.length === 0 ? 0 : 1;
}
