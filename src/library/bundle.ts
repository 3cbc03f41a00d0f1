// From a configuration to a plan as data, in the caller's process and without privileges.
import { habitsOf } from '../compat/habits.ts';
import type { CgroupManager } from '../plan/choices.ts';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Spec } from '../generated/config.ts';
import { encodePlan } from '../generated/encode.ts';
import type { Plan } from '../generated/plan.ts';
import type { HostFacts } from '../generated/protocol.ts';
import { hostFacts, look, nodeHost } from '../host/node.ts';
import { findingsOf, type Findings } from '../engine/findings.ts';
import type { Request, Seen } from '../generated/protocol.ts';
import { compile as compilePlan } from '../plan/compile.ts';
import { PlanError } from '../plan/context.ts';
import { explainPlan } from '../plan/explain.ts';
import { locate, locateAll } from '../spec/parse/locate.ts';
import { readConfig } from '../spec/read.ts';
import { VelociError } from './error.ts';

/** A bundle whose configuration is valid. */
export interface Bundle {
  /** Absolute path of the directory; relative paths of the configuration begin there. */
  readonly path: string;
  /** How messages name the configuration. */
  readonly configName: string;
  /** The text of the configuration. */
  readonly text: string;
  readonly config: Spec;
}

/** What a plan depends on besides the bundle. */
export interface CompileOptions {
  /** Id of the container; default: `ID`. */
  readonly id?: string;
  /** Facts about the host; default: those of this one. With given facts a plan is the same everywhere. */
  readonly facts?: HostFacts;
  /** Who makes cgroups; default: cgroupfs. */
  readonly cgroupManager?: CgroupManager;
  /** Absolute path of the socket that gets the terminal; without it the one who executes the plan keeps it, as of run. */
  readonly consoleSocket?: string;
  /** Absolute path. */
  readonly pidFile?: string;
  /** Takes warnings. */
  readonly warn?: (warning: Diagnostic) => void;
}

function bytesOf(source: string | Uint8Array): Uint8Array {
  return typeof source === 'string' ? new TextEncoder().encode(source) : source;
}

/** What is checked besides the text. */
export interface ValidateOptions {
  /** How messages name the configuration; default: `config.json`. */
  readonly name?: string;
  /**
   * The bundle's directory: its root file system, program, hooks and the sources of its bind mounts are looked at, and what this
   * host cannot do is an error, as for `veloci validate`. Without it the text alone is checked, as by `--no-files`.
   */
  readonly bundle?: string;
}

/**
 * Everything that is wrong or doubtful in a configuration, with positions: what `veloci validate` finds.
 * @param source text of config.json, or its bytes
 */
export function validate(source: string | Uint8Array, options: ValidateOptions | string = {}): readonly Diagnostic[] {
  const { name = 'config.json', bundle } = typeof options === 'string' ? { name: options } : options;
  const request: Request = {
    verb: 'validate',
    options: bundle === undefined ? { 'no-files': true } : {},
    facts: { ...hostFacts(), terminal: false },
    ...(bundle === undefined ? {} : { bundle: resolve(bundle) }),
  };
  const ask = (seen?: readonly Seen[]): Findings =>
    findingsOf({
      request: seen === undefined ? request : { ...request, seen },
      blobs: { config: bytesOf(source) },
      host: nodeHost(),
      configName: name,
      processName: 'process',
      texts: {},
    });
  const first = ask();
  return first.files.length === 0 ? first.diagnostics : ask(look(first.files)).diagnostics;
}

/**
 * Parses and checks a configuration. Integers above 2^53 are of type bigint.
 * @throws VelociError with the first error
 */
export function parse(source: string | Uint8Array, name = 'config.json'): Spec {
  const { value, diagnostics } = readConfig(bytesOf(source), nodeHost(), name);
  if (value !== undefined) return value;
  throw VelociError.fromDiagnostic(diagnostics.find(({ severity }) => severity === 'error') as Diagnostic);
}

/**
 * Reads the configuration of a bundle.
 * @param directory the bundle
 * @param name name of the configuration in it
 * @throws VelociError when it is not valid, or an error of node:fs
 */
export function loadBundle(directory: string, name = 'config.json'): Bundle {
  const path = resolve(directory);
  const bytes = readFileSync(join(path, name));
  return { path, configName: name, text: bytes.toString('utf8'), config: parse(bytes, name) };
}

/**
 * Compiles a bundle to the plan of its container: all programs, from create to delete. Nothing is executed, and the
 * same bundle, options and facts give the same plan.
 * @throws VelociError for what cannot be planned
 */
export function compile(bundle: Bundle, options: CompileOptions = {}): Plan {
  const { id = 'ID', facts = hostFacts(), cgroupManager = 'cgroupfs', consoleSocket, pidFile, warn } = options;
  // As create, which leaves the container running; a terminal without a socket takes one who stays.
  const detach = consoleSocket !== undefined || bundle.config.process?.terminal !== true;
  try {
    return compilePlan(bundle.config, {
      facts,
      id,
      host: nodeHost(),
      bundle: bundle.path,
      habits: habitsOf(undefined),
      flags: {
        preserveFds: 0,
        noPivot: false,
        noNewKeyring: false,
        detach,
        cgroupManager,
        ...(consoleSocket === undefined ? {} : { consoleSocket }),
        ...(pidFile === undefined ? {} : { pidFile }),
      },
      ...(warn === undefined ? {} : { warn }),
    });
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const [located] = locateAll([error.diagnostic], bundle.text, bundle.configName);
    throw VelociError.fromDiagnostic(located as Diagnostic);
  }
}

/** A plan as text, like `veloci plan`; with a bundle it says which line each operation comes from. */
export function explain(plan: Plan, bundle?: Bundle): string {
  return explainPlan(plan, (pointer) => {
    if (bundle === undefined || pointer === '') return pointer;
    return `${bundle.configName}:${locate(bundle.text, pointer).line}`;
  });
}

/**
 * A plan in the form that the native command reads. In a file, `create --plan` and `run --plan` run it while the command's own
 * engine makes the same bytes of the bundle, for the id `ID` or that of the container.
 */
export function encode(plan: Plan): Uint8Array {
  return encodePlan(plan, nodeHost().writer());
}
