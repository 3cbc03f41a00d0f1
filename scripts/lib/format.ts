import { createContext } from '@dprint/formatter';
import { getPath } from '@dprint/typescript';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { ExpectedError } from './command.ts';
import { filesBelow } from './files.ts';
import { root } from './root.ts';

/** The house's style where it differs from the formatter's own. */
const style = {
  quoteStyle: 'preferSingle',
  'arrowFunction.useParentheses': 'force',
  'binaryExpression.operatorPosition': 'maintain',
  'conditionalExpression.operatorPosition': 'nextLine',
  'module.sortImportDeclarations': 'maintain',
  'module.sortExportDeclarations': 'maintain',
  'importDeclaration.sortNamedImports': 'maintain',
  'importDeclaration.sortTypeOnlyImports': 'none',
  'exportDeclaration.sortNamedExports': 'maintain',
  'ifStatement.useBraces': 'maintain',
  'forStatement.useBraces': 'maintain',
  'forOfStatement.useBraces': 'maintain',
  'forInStatement.useBraces': 'maintain',
  'whileStatement.useBraces': 'maintain',
  'ifStatement.singleBodyPosition': 'maintain',
  'forStatement.singleBodyPosition': 'maintain',
  'forOfStatement.singleBodyPosition': 'maintain',
  'ifStatement.nextControlFlowPosition': 'sameLine',
  'tryStatement.nextControlFlowPosition': 'sameLine',
  preferHanging: true,
  'parameters.preferHanging': 'never',
  'typeParameters.preferHanging': 'never',
  'commentLine.forceSpaceAfterSlashes': true,
};

const folders = ['native', 'src', 'test', 'scripts', 'conformance'];

function sources(...endings: string[]): string[] {
  return folders.flatMap((folder) => filesBelow(folder, ...endings)).filter((file) => !/\/generated\//.test(file));
}

/** Runs that a formatter may take. */
const runs = 8;

/** Formats until nothing more changes: what a formatter breaks in one run it may join in the next. */
export function settled(format: (text: string) => string, text: string): string {
  for (let i = 0; i < runs; i++) {
    const formatted = format(text);
    if (formatted === text) return text;
    text = formatted;
  }
  throw new ExpectedError(`${runs} runs of the formatter give no form that it leaves alone`);
}

/** The TypeScript files that are not formatted; with `write` they are mended. */
function unformattedTypeScript(write: boolean): string[] {
  const context = createContext({ lineWidth: 120, indentWidth: 2, newLineKind: 'lf', useTabs: false });
  context.addPlugin(readFileSync(getPath()), style);
  return sources('.ts', '.mjs').filter((file) => {
    const fileText = readFileSync(file, 'utf8');
    const formatted = settled((text) => context.formatText({ filePath: file, fileText: text }), fileText);
    if (formatted === fileText) return false;
    if (write) writeFileSync(file, formatted);
    return true;
  });
}

/** The native files that are not formatted; with `write` they are mended. One call of clang-format for all. */
function unformattedNative(write: boolean): string[] {
  const mode = write ? ['-i'] : ['--dry-run', '--ferror-limit=0'];
  const files = sources('.cc', '.h', '.c');
  const { error, status, stderr } = spawnSync('clang-format-14', [...mode, '--style=file', ...files], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) throw new ExpectedError(`cannot run clang-format-14 (Debian package clang-format-14): ${error.message}`);
  if (status !== 0) throw new ExpectedError(`clang-format-14 ended with status ${status}:\n${stderr}`);
  return [
    ...new Set(
      [...stderr.matchAll(/^(.+?):\d+:\d+: warning: code should be clang-formatted/gm)].map((m) => m[1] ?? ''),
    ),
  ];
}

/** Files that are not as the formatters would write them, relative to the checkout. */
export function unformatted(): string[] {
  return [...unformattedTypeScript(false), ...unformattedNative(false)].map((file) => relative(root, file));
}

/** Formats every source that is not generated. */
export function format(): void {
  unformattedTypeScript(true);
  let left = runs;
  do unformattedNative(true); while (unformattedNative(false).length > 0 && --left > 0);
}
