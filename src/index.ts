/**
 * veloci as a library: checks OCI bundles, compiles them to plans (data that says what will be done), and runs
 * containers through the native command.
 * @packageDocumentation
 */
export type { Diagnostic, Place, Severity } from './diagnostic/types.ts';
export type { Spec } from './generated/config.ts';
export type { Operation, Plan, Programs } from './generated/plan.ts';
export type { State } from './generated/state.ts';
export type { HostFacts } from './generated/protocol.ts';
export { hostFacts } from './host/node.ts';
export { compile, encode, explain, loadBundle, parse, validate, type Bundle, type ValidateOptions,
  type CompileOptions } from './library/bundle.ts';
export { VelociError, type VelociErrorDetails } from './library/error.ts';
export { Runtime, type CreateOptions, type ExecOptions, type RuntimeOptions,
  type StartOptions } from './library/runtime.ts';
