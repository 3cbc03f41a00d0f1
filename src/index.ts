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
export { openImage, unpack, type ImageConfig, type ImageProgress, type ImageSource, type ImageSourceOptions,
  type OpenedImage, type UnpackedImage, type UnpackOptions } from './library/image.ts';
export { Runtime, type CreateOptions, type RestoreOptions, type RunOptions, type RunResult,
  type RuntimeOptions } from './library/runtime.ts';
export { Container, type ApplyOptions, type ExecOptions, type ImageOptions } from './library/container.ts';
export { Process, type EndReason, type Exit, type ProcessOptions, type Usage } from './library/process.ts';
export type { Output, OutputOptions } from './library/collect.ts';
export type { Terminal, TerminalSize } from './library/terminal.ts';
export type { Stdio, StdioOptions } from './library/streams.ts';
export { Sandbox, type SandboxOptions } from './sandbox/sandbox.ts';
export type { SandboxResult, SandboxRunOptions, SandboxUsage } from './sandbox/types.ts';
export type { SandboxImageOptions } from './sandbox/source.ts';
export { SandboxPool, type SandboxPoolOptions } from './sandbox/pool.ts';
export type { Obstacle, SandboxCheck } from './sandbox/check.ts';
export type { Change, InputFile } from './sandbox/files.ts';
export type { Limit, Limits } from './sandbox/limits.ts';
