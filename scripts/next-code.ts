// Prints the next free error code of every chapter: node scripts/run.mjs next-code
import { table } from '../src/diagnostic/table.ts';
import { retired } from '../src/diagnostic/table/retired.ts';
import { chapters, nextCode } from './generate/diagnostic/code-numbers.ts';

export async function main(): Promise<void> {
  const codes = [...Object.values(table).map(({ code }) => code), ...Object.keys(retired)];
  for (const [prefix, title] of chapters) console.log(`${nextCode(codes, prefix) ?? 'full '}  ${title}`);
}
