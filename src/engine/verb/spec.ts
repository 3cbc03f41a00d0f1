// spec: a configuration to begin with, or one in another form.
import type { Spec } from '../../generated/config.ts';
import type { Response } from '../../generated/plan.ts';
import { habitsOf } from '../../compat/habits.ts';
import { diagnose } from '../../diagnostic/diagnose.ts';
import { convert, executionOf } from '../../image/convert.ts';
import { parseImageDocument, textOf } from '../../image/document.ts';
import { isNumeric, resolveUser } from '../../image/user.ts';
import { PlanError } from '../../plan/context.ts';
import { defaultSpec, likeDocker, makeRootless } from '../../spec/beginning.ts';
import type { Call } from '../call.ts';
import { isOn } from '../options.ts';
import { answerText } from '../respond.ts';
import { checkSpecFlags, specFmt, specMerge, specMigrate } from './spec-edit.ts';

/** Names of --from. */
const models = ['runc', 'docker-default'];

/** @throws InvalidDocument when a configuration cannot be edited */
export function spec(call: Call): Response {
  checkSpecFlags(call);
  switch (call.request.operands?.[0]) {
    case 'fmt':
      return specFmt(call);
    case 'merge':
      return specMerge(call);
    case 'migrate':
      return specMigrate(call);
    default:
      return answerText(beginning(call));
  }
}

/** Text of the file, as other runtimes write it: indented by tabs. */
function beginning(call: Call): string {
  const { facts, options } = call.request;
  const from = options['from'];
  if (typeof from === 'string' && (from === '-' || /[./]/.test(from)))
    return `${JSON.stringify(fromImage(call, from), null, '\t')}\n`;
  if (from !== undefined && !models.includes(from as string)) {
    const expected = `${models.join(', ')}, or a file, with a point or a slash in its name`;
    throw new PlanError(diagnose('flagValue', { value: String(from), flag: '--from', expected }));
  }
  const config = defaultSpec();
  if (facts.cgroup.mode === 'v2') config.linux!.namespaces!.push({ type: 'cgroup' });
  if (from === 'docker-default') likeDocker(config, facts.arch);
  if (isOn(options, 'rootless')) {
    makeRootless(config, facts.euid, facts.egid);
    if (habitsOf(call.request.peer).rootlessNetwork === 'host') shareNetwork(config);
  }
  return JSON.stringify(config, null, '\t');
}

/** What image-spec's conversion.md makes of an image's configuration. @throws PlanError */
function fromImage(call: Call, name: string): Spec {
  const { facts, options } = call.request;
  const source = parseImageDocument(name, call.blobs.process ?? new Uint8Array(), call.host);
  const user = textOf(name, executionOf(source), 'User');
  if (!isNumeric(user)) {
    throw new PlanError(
      diagnose('imageUser', { user, why: 'names are in files of the image, which "veloci unpack" reads' }),
    );
  }
  return convert(source, {
    user: resolveUser(user, { passwd: undefined, group: undefined }),
    unified: facts.cgroup.mode === 'v2',
    machine: facts.arch,
    ...(isOn(options, 'rootless') ? { rootless: { uid: facts.euid, gid: facts.egid } } : {}),
    uids: [],
    gids: [],
  });
}

/** The network of the caller. Without a network namespace of its own a user may not mount sysfs. */
function shareNetwork(config: Spec): void {
  const linux = config.linux!;
  linux.namespaces = linux.namespaces!.filter(({ type }) => type !== 'network');
  const sysfs = config.mounts!.find(({ type }) => type === 'sysfs')!;
  sysfs.type = 'none';
  sysfs.source = '/sys';
  sysfs.options = ['rbind', ...sysfs.options!];
}
