// The engine of veloci-unpack: which documents of an image to read, which layers it has, and what its bundle is to be.
import type { Spec } from '../generated/config.ts';
import { encodeImageAnswer } from '../generated/encode.ts';
import type { ImageAnswer, ImageDocument, Response } from '../generated/plan.ts';
import type { ImageRequest } from '../generated/protocol.ts';
import { readImageRequest } from '../generated/read-protocol.ts';
import { convert, executionOf } from '../image/convert.ts';
import { parseImageDocument, textOf, type Source } from '../image/document.ts';
import { idRanges } from '../image/ids.ts';
import { machineOf, parsePlatform } from '../image/platform.ts';
import { find, type Image } from '../image/steps.ts';
import { isLookedUp, resolveUser } from '../image/user.ts';
import { diagnosticsOf } from './engine.ts';
import type { Blobs, Host } from './protocol.ts';
import { answerErrors, answerText } from './respond.ts';

const nothing = { documents: [], layers: [], devices: [], uids: [], gids: [] };

/** Devices that containers have anyway; debootstrap puts them into images. */
const devices = [[1, 3], [1, 5], [1, 7], [1, 8], [1, 9], [5, 0], [5, 1], [5, 2]]
  .map(([major, minor]) => ({ major: major!, minor: minor! }));

const mostAccounts = 1 << 20;
const account = (name: string): ImageDocument => ({ name, digest: '', size: -1, limit: mostAccounts, optional: true,
  inLayers: true });
const passwd = account('etc/passwd'), group = account('etc/group');

/** Answers a request, as it came, with an encoded ImageAnswer. Never throws: what goes wrong in here is an answer, too. */
export function engine(message: unknown, blobs: Blobs, host: Host): Uint8Array {
  return encodeImageAnswer(answer(message, blobs, host), host.writer());
}

function answer(message: unknown, blobs: Blobs, host: Host): ImageAnswer {
  try {
    return step(readImageRequest(message), blobs.config ?? new Uint8Array(), host);
  } catch (error) {
    return { ...nothing, response: answerErrors(diagnosticsOf(error), {}) };
  }
}

/** The documents that came with a request, by name: those of the image parsed, those of its layers as they are. */
function documentsOf(request: ImageRequest, bytes: Uint8Array, host: Host) {
  const parsed = new Map<string, Source | undefined>(), texts = new Map<string, string | undefined>();
  let offset = 0;
  for (const { name, size } of request.documents) {
    const part = bytes.subarray(offset, offset + Math.max(size, 0));
    offset += part.length;
    const isAccount = name === passwd.name || name === group.name;
    if (isAccount) texts.set(name, size < 0 ? undefined : host.scan(part).text ?? '');
    else parsed.set(name, size < 0 ? undefined : parseImageDocument(name, part, host));
  }
  return { parsed, texts };
}

function step(request: ImageRequest, bytes: Uint8Array, host: Host): ImageAnswer {
  const wanted = parsePlatform(request.platform);
  const uids = idRanges(request.uidMap, '--uid-map'), gids = idRanges(request.gidMap, '--gid-map');
  if (wanted === undefined)
    throw new TypeError(`the platform "${request.platform}" is not of the form OS/ARCHITECTURE[/VARIANT]`);
  const { parsed, texts } = documentsOf(request, bytes, host);
  const found = find(parsed, { reference: request.reference, platform: wanted });
  const respond = (response: Response, more: Partial<ImageAnswer> = {}): ImageAnswer => ({ ...nothing, response,
    devices, uids, gids, ...more });
  if ('wanted' in found) return respond(answerText(''), { documents: found.wanted });
  const { image } = found;
  const user = request.user ?? textOf(image.config.name, executionOf(image.config), 'User');
  if (request.layers === undefined) return respond(answerText(''), { layers: image.layers });
  if (isLookedUp(user) && !texts.has(passwd.name)) return respond(answerText(''), { documents: [passwd, group] });
  return respond(result(request, image, user, texts, { uids, gids }));
}

/** The configuration of the bundle, and what the command prints with --json. */
function result(
  request: ImageRequest,
  image: Image,
  user: string,
  texts: ReadonlyMap<string, string | undefined>,
  ranges: { readonly uids: ReturnType<typeof idRanges>; readonly gids: ReturnType<typeof idRanges> },
): Response {
  const { euid, egid, unified } = request;
  const spec = convert(image.config, {
    machine: machineOf(request.platform),
    user: resolveUser(user, { passwd: texts.get(passwd.name), group: texts.get(group.name) }),
    unified,
    ...(euid === 0 ? {} : { rootless: { uid: euid, gid: egid } }),
    ...ranges,
  });
  if (request.bundle !== undefined) joinLayers(spec, request.layers!, request.bundle, euid !== 0);
  const text = JSON.stringify({ layers: request.layers, config: image.config.value, spec }) + '\n';
  return { ...answerText(text), config: JSON.stringify(spec, null, 2) + '\n' };
}

/** Lets an overlay be the root, as every runtime mounts it. It has no mark of ours: a folder of the bundle is what changes. */
function joinLayers(spec: Spec, layers: readonly string[], bundle: string, rootless: boolean): void {
  // Of several of the same the topmost hides the others, and overlayfs takes none twice.
  const once = layers.filter((layer, index) => layers.lastIndexOf(layer) === index);
  const options = [`lowerdir=${once.reverse().join(':')}`, `upperdir=${bundle}/overlay/upper`,
    `workdir=${bundle}/overlay/work`];
  // Marks that a user may make.
  if (rootless) options.push('userxattr');
  spec.mounts!.unshift({ destination: '/', type: 'overlay', source: 'overlay', options });
}
