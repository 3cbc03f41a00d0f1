// The engines of the command as one: each request is answered by the one that knows its verb.
import { engine as mainEngine } from '../../../src/engine/main.ts';
import { engine as toolsEngine } from '../../../src/engine/tools.ts';
import type { Blobs, Host } from '../../../src/engine/protocol.ts';
import { toolsVerbValues, type EngineVerb } from '../../../src/generated/protocol.ts';

/** The name of the engine that knows a verb. */
export function engineOf(verb: EngineVerb): 'main' | 'tools' {
  const tools: readonly EngineVerb[] = toolsVerbValues;
  return tools.includes(verb) ? 'tools' : 'main';
}

export function engine(message: unknown, blobs: Blobs, host: Host): Uint8Array {
  const { verb } = message as { verb?: EngineVerb };
  return (verb !== undefined && engineOf(verb) === 'tools' ? toolsEngine : mainEngine)(message, blobs, host);
}
