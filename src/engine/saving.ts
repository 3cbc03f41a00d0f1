// Plans that are saved, and used later: the document of a request (src/saved).
import { encodePlan } from '../generated/encode.ts';
import { schemaHash } from '../generated/plan-meta.ts';
import type { Spec } from '../generated/config.ts';
import type { FileLook, Plan } from '../generated/plan.ts';
import type { HostFacts } from '../generated/protocol.ts';
import { compile } from '../plan/compile.ts';
import type { Context } from '../plan/context.ts';
import { absolute } from '../plan/path.ts';
import { locate } from '../spec/parse/locate.ts';
import { summaryOf } from '../audit/summary.ts';
import { viewOf } from '../audit/view.ts';
import { savedForm, type RootIdentity, type SavedHead, type SavedPlan } from '../saved/document.ts';
import { settledFacts } from '../saved/facts.ts';
import { listPlan, textOf } from '../saved/listing.ts';
import type { Call } from './call.ts';
import { contextOf, text } from './options.ts';

/**
 * The context of a plan that is shown or saved: that of create where nobody has to stay for a terminal. A plan that was saved
 * serves create, run and run --detach alike.
 */
export function plannedContext(call: Call, spec: Spec, facts = call.request.facts, id?: string): Context {
  const context = contextOf(call.request, call.host);
  const { flags } = context;
  const detach = flags.detach || flags.consoleSocket !== undefined || spec.process?.terminal !== true;
  return { ...context, facts, flags: { ...flags, detach }, id: id ?? text(call.request.options, 'id') ?? 'ID' };
}

/** The root file system, which must be looked at. */
export function rootLook(call: Call, spec: Spec): FileLook {
  return { path: absolute(spec.root?.path ?? 'rootfs', call.request.bundle ?? '/'), where: 'host' };
}

function rootOf(call: Call, spec: Spec): RootIdentity {
  const [seen] = call.request.seen ?? [];
  if (seen?.identity === undefined || seen.identity === '') return null;
  return { path: rootLook(call, spec).path, identity: seen.identity };
}

/** Lines of pointers in the configuration, each looked for once. */
export function linesOf(call: Call): (pointer: string) => number {
  const document = call.texts[call.configName] ?? '';
  const known = new Map<string, number>([['', 0]]);
  return (pointer) => {
    let line = known.get(pointer);
    if (line === undefined) known.set(pointer, line = locate(document, pointer).line);
    return line;
  };
}

/** The parts of a saved plan that take no compilation. `like`: what a plan has that is being checked. */
export function savedHead(
  call: Call,
  spec: Spec,
  like: { nonce: string; time: number; env: SavedHead['env']; id: string | null },
): SavedHead {
  const { request, host, configName, texts } = call;
  const { version, boot } = request.occasion!;
  const { detach: _, ...flags } = plannedContext(call, spec).flags;
  return {
    savedPlan: savedForm,
    veloci: version,
    schema: schemaHash,
    boot,
    time: like.time,
    nonce: like.nonce,
    id: like.id,
    peer: request.peer ?? null,
    bundle: request.bundle ?? '/',
    config: { name: configName, sha256: host.sha256(texts[configName] ?? '') },
    root: rootOf(call, spec),
    flags,
    env: like.env,
  };
}

/** The whole document that facts give. @throws PlanError */
export function savedDocument(call: Call, spec: Spec, head: SavedHead, facts: HostFacts): SavedPlan {
  const settled = settledFacts(facts);
  const plan = compile(spec, plannedContext(call, spec, settled, head.id ?? 'ID'));
  const view = { facts: settled, ...(call.request.bundle === undefined ? {} : { bundle: call.request.bundle }) };
  return {
    ...head,
    digest: digestOf(call, plan),
    summary: summaryOf(viewOf(spec, view)),
    plan: listPlan(plan, { lineOf: linesOf(call), digest: (value) => call.host.sha256(value),
      redactEnv: head.env === 'redacted' }),
    facts: settled,
  };
}

/** A digest of the encoded plan. */
export function digestOf(call: Call, plan: Plan): string {
  return call.host.sha256(textOf(encodePlan(plan, call.host.writer())));
}
