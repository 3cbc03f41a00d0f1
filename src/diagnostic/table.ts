// The one table of all errors and warnings. The engine takes it as a text from src/generated/diagnostics.ts, the native
// side from native/generated/diagnostics.gen.h; both are made from here, as is docs/error-codes.md.
import { command } from './table/command.ts';
import { config } from './table/config.ts';
import { host } from './table/host.ts';
import { images } from './table/images.ts';
import { internal } from './table/internal.ts';
import { json } from './table/json.ts';
import { operation } from './table/operation.ts';
import { operationInit } from './table/operation-init.ts';
import { operationProcess } from './table/operation-process.ts';
import { program } from './table/program.ts';
import { schema } from './table/schema.ts';
import { state } from './table/state.ts';
import type { Entry } from './types.ts';

const all = {
  ...command,
  ...json,
  ...schema,
  ...config,
  ...host,
  ...state,
  ...operation,
  ...operationProcess,
  ...operationInit,
  ...program,
  ...internal,
  ...images,
};

/** Name of a line of the table: a word, or the name of a plan operation with a step and an errno. */
export type DiagnosticName = keyof typeof all;

/** Every diagnostic by its name. Codes are unique and stable. */
export const table: Readonly<Record<DiagnosticName, Entry>> = all;
