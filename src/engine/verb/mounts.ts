// mounts: add mounts to a running container, or remove them.
import type { Mount } from '../../generated/config.ts';
import { encodePlan } from '../../generated/encode.ts';
import type { Plan, Response } from '../../generated/plan.ts';
import { compileMounts } from '../../plan/compile-mounts.ts';
import { readConfig } from '../../spec/read.ts';
import type { Call } from '../call.ts';
import { contextOf } from '../options.ts';
import { InvalidDocument, configOf } from '../read.ts';
import { answerPlans } from '../respond.ts';

/** What makes a configuration of a list of mounts, so that the same rules check them. At the end: places stay. */
const frame = '"ociVersion":"1.0.0","root":{"path":"/"},"process":{"cwd":"/","args":["-"]},"linux":{"namespaces":[{"type":"mount"}]}}';

/**
 * The mounts of a file: an array as in `mounts` of config.json, or an object that has one.
 * @throws InvalidDocument
 */
function mountsOf(call: Call): readonly Mount[] {
  const text = (call.host.scan(call.blobs.process ?? new Uint8Array()).text ?? '').trimEnd();
  const isObject = text.trimStart().startsWith('{') && text.endsWith('}');
  const mounts = isObject ? text.slice(0, -1) : `{"mounts":${text}`;
  const writer = call.host.writer();
  writer.str(`${mounts},${frame}`);
  const written = writer.finish();
  // Behind the length, before the NUL.
  const bytes = written.slice(4, written.length - 1);
  const { value, found } = readConfig(bytes, call.host, call.processName);
  if (value === undefined) throw new InvalidDocument(found.filter(({ severity }) => severity === 'error'));
  return value.mounts ?? [];
}

export function mountsPlanOf(call: Call): Plan {
  const action = call.request.options['action'] === 'remove' ? 'remove' : 'add';
  return compileMounts(configOf(call), mountsOf(call), action, contextOf(call.request, call.host));
}

export function mounts(call: Call): Response {
  return answerPlans(encodePlan(mountsPlanOf(call), call.host.writer()), undefined, '');
}
