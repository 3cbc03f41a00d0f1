// From the documents of an image to its configuration and layers. Asked again and again with more documents, it names those that
// it wants next: it reads none itself.
import { diagnose } from '../diagnostic/diagnose.ts';
import type { ImageDocument, ImageLayer } from '../generated/plan.ts';
import { PlanError } from '../plan/context.ts';
import { isObject, type JsonObject } from '../spec/parse/value.ts';
import { descriptorOf, invalid, isHex, listOf, mostBytes, objectOf, textOf, textsOf, type Descriptor,
  type Source } from './document.ts';
import { describe, matches, platformOf, type Platform } from './platform.ts';

/** What the documents say so far. */
export type Found = { readonly wanted: readonly ImageDocument[] } | { readonly image: Image };

/** An image whose documents are all there. */
export interface Image {
  /** Its configuration: application/vnd.oci.image.config.v1+json, or that of Docker. */
  readonly config: Source;
  /** The lowest first. */
  readonly layers: readonly ImageLayer[];
  /** Of its manifest. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What to choose of an archive with several images. */
export interface Choice {
  readonly reference: string | undefined;
  readonly platform: Platform;
}

/** Documents by name; undefined for one that the image lacks. */
export type Documents = ReadonlyMap<string, Source | undefined>;

/** Indexes in indexes: image-spec allows them, nobody needs more. */
const mostIndexes = 4;
/** Layers that overlay can join (fs/overlayfs: 500). */
const mostLayers = 500;
const mostManifests = 1000;

const referenceName = 'org.opencontainers.image.ref.name', fullName = 'io.containerd.image.name';

/** The first documents: which of them there are says what kind of image it is. */
const beginning: readonly ImageDocument[] = ['index.json', 'oci-layout', 'manifest.json']
  .map((name) => ({ name, digest: '', size: -1, limit: mostBytes, optional: true, inLayers: false }));

/** @throws PlanError when a document is not valid, or nothing matches the choice */
export function find(documents: Documents, choice: Choice): Found {
  if (!documents.has('manifest.json')) return { wanted: beginning };
  const index = documents.get('index.json'), manifest = documents.get('manifest.json');
  if (index !== undefined && documents.get('oci-layout') !== undefined) return fromIndex(documents, index, choice);
  if (manifest === undefined) throw new PlanError(diagnose('imageKind', {}));
  if (!Array.isArray(manifest.value)) return fromManifest(documents, manifest, (digest) => digest);
  return fromDocker(documents, manifest, choice);
}

const blobName = (digest: string): string => `blobs/sha256/${digest}`;

/** The document behind a descriptor, or the wish for it. */
function read(documents: Documents, { digest, size }: Descriptor, nameOf = blobName): Source | ImageDocument {
  const name = nameOf(digest);
  if (size > mostBytes) invalid(name, `it has more than ${mostBytes} bytes`);
  return documents.get(name) ?? { name, digest, size, limit: mostBytes, optional: false, inLayers: false };
}

function isWish(document: Source | ImageDocument): document is ImageDocument {
  return 'limit' in document;
}

function fromIndex(documents: Documents, index: Source, choice: Choice): Found {
  let candidates = manifestsOf(index);
  if (candidates.length === 0) invalid(index.name, 'it names no image');
  candidates = chosenByName(candidates, choice.reference);
  for (let depth = 0; depth < mostIndexes; depth++) {
    const descriptor = chosenByPlatform(candidates, choice);
    const document = read(documents, descriptor);
    if (isWish(document)) return { wanted: [document] };
    // What is one and could be read as the other is neither (CVE-2021-41190).
    const object = objectOf(document);
    const hasManifests = object['manifests'] !== undefined;
    const hasLayers = object['layers'] !== undefined || object['config'] !== undefined;
    if (hasManifests === hasLayers) invalid(document.name, 'it is neither a manifest nor an index');
    checkMediaType(document, descriptor, hasManifests ? 'index' : 'manifest');
    if (hasLayers) return fromManifest(documents, document, blobName);
    candidates = manifestsOf(document);
    if (candidates.length === 0) invalid(document.name, 'it names no image');
  }
  return invalid(index.name, 'its indexes lie too deep in each other');
}

const kinds = {
  index: ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'],
  manifest: ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'],
} as const;

function checkMediaType(document: Source, descriptor: Descriptor, kind: keyof typeof kinds): void {
  const own = textOf(document.name, objectOf(document), 'mediaType');
  for (const type of [own, descriptor.mediaType]) {
    if (type !== '' && !(kinds[kind] as readonly string[]).includes(type))
      invalid(document.name, `its media type "${type}" is not that of ${kind === 'index' ? 'an index' : 'a manifest'}`);
  }
}

function manifestsOf(index: Source): Descriptor[] {
  const list = listOf(index, 'manifests');
  if (list.length > mostManifests) invalid(index.name, `it names more than ${mostManifests} images`);
  return list.map((entry) => descriptorOf(index.name, entry));
}

function namesOf({ annotations }: Descriptor): string[] {
  return [annotations[fullName], annotations[referenceName]].filter((name) => name !== undefined);
}

function chosenByName(all: readonly Descriptor[], reference: string | undefined): Descriptor[] {
  if (reference === undefined) {
    const names = new Set(all.map((descriptor) => namesOf(descriptor)[0] ?? ''));
    if (names.size > 1) throw new PlanError(diagnose('imageAmbiguous', { names: quoted([...names]) }));
    return [...all];
  }
  const chosen = all.filter((descriptor) => namesOf(descriptor).some((name) => isNamed(name, reference)));
  if (chosen.length > 0) return chosen;
  throw new PlanError(diagnose('imageReference', { reference, names: quoted(all.flatMap(namesOf)) }));
}

/** `latest` and `nginx:latest` both name `docker.io/library/nginx:latest`. */
function isNamed(name: string, reference: string): boolean {
  return name === reference || name.endsWith(`:${reference}`) || name.endsWith(`/${reference}`);
}

function quoted(names: readonly string[]): string | undefined {
  const some = [...new Set(names)].filter((name) => name !== '').slice(0, 8).map((name) => `"${name}"`);
  return some.length === 0 ? undefined : some.join(', ');
}

function chosenByPlatform(all: readonly Descriptor[], { platform }: Choice): Descriptor {
  const known = all.map((descriptor) => ({ descriptor, of: platformOf(descriptor.platform) }));
  // Attestations and signatures are for a platform called unknown.
  const images = known.filter(({ of }) => of === undefined || of.os !== 'unknown');
  const best = images.filter(({ of }) => of !== undefined && matches(of, platform))
    .sort((a, b) => Number(b.of!.variant === platform.variant) - Number(a.of!.variant === platform.variant))[0];
  if (best !== undefined) return best.descriptor;
  const unnamed = images.filter(({ of }) => of === undefined);
  if (unnamed.length === 1) return unnamed[0]!.descriptor;
  const names = quoted(images.map(({ of }) => (of === undefined ? '' : describe(of))));
  if (unnamed.length > 1) throw new PlanError(diagnose('imageAmbiguous', { names }));
  throw new PlanError(diagnose('imagePlatform', { platform: describe(platform), names }));
}

function fromManifest(documents: Documents, manifest: Source, nameOf: (digest: string) => string): Found {
  const object = objectOf(manifest);
  if (object['manifests'] !== undefined) invalid(manifest.name, 'it is a manifest and an index');
  const descriptor = descriptorOf(manifest.name, object['config']);
  const config = read(documents, descriptor, nameOf);
  if (isWish(config)) return { wanted: [config] };
  const layers = listOf(manifest, 'layers').map((entry) => descriptorOf(manifest.name, entry));
  const diffIds = diffIdsOf(config, layers.length);
  const annotations = isObject(object['annotations']) ? object['annotations'] : {};
  return {
    image: {
      config,
      layers: layers.map(({ digest, size }, index) => ({ name: nameOf(digest), digest, size,
        diffId: diffIds[index]! })
      ),
      annotations: Object.fromEntries(
        Object.entries(annotations).filter(([, text]) => typeof text === 'string'),
      ) as Record<string, string>,
    },
  };
}

/** `rootfs.diff_ids` of a configuration: one a layer. */
function diffIdsOf(config: Source, count: number): string[] {
  const rootfs = objectOf(config)['rootfs'];
  if (!isObject(rootfs)) invalid(config.name, 'it has no "rootfs"');
  const texts = textsOf(config.name, rootfs, 'diff_ids');
  if (texts.length !== count) invalid(config.name, `it has ${texts.length} layers, and the manifest ${count}`);
  if (count > mostLayers) invalid(config.name, `it has more than ${mostLayers} layers`);
  return texts.map((text) => {
    const hex = text.startsWith('sha256:') ? text.slice(7) : '';
    return isHex(hex) ? hex : invalid(config.name, `"${text}" is no SHA-256 digest`);
  });
}

/** manifest.json of `docker save`: a list of images, whose files have names that say nothing. */
function fromDocker(documents: Documents, manifest: Source, { reference }: Choice): Found {
  const images = (manifest.value as unknown[]).map((entry) =>
    isObject(entry as JsonObject) ? entry as JsonObject : invalid(manifest.name, 'an image is no object')
  );
  const image = dockerImage(manifest.name, images, reference);
  const name = textOf(manifest.name, image, 'Config');
  if (name === '') invalid(manifest.name, 'an image has no "Config"');
  const hex = name.replace(/^blobs\/sha256\//, '').replace(/\.json$/, '');
  const config = documents.get(name);
  // The name is the digest: `docker save` and `podman save` both call it so.
  if (config === undefined) {
    const digest = isHex(hex) ? hex : '';
    return { wanted: [{ name, digest, size: -1, limit: mostBytes, optional: false, inLayers: false }] };
  }
  const layers = textsOf(manifest.name, image, 'Layers');
  const diffIds = diffIdsOf(config, layers.length);
  return {
    image: { config, annotations: {},
      layers: layers.map((layer, index) => ({ name: layer, digest: '', size: -1, diffId: diffIds[index]! })) },
  };
}

function dockerImage(name: string, images: readonly JsonObject[], reference: string | undefined): JsonObject {
  if (images.length === 0) invalid(name, 'it names no image');
  const all = images.flatMap((image) => textsOf(name, image, 'RepoTags'));
  if (reference === undefined) {
    if (images.length > 1) throw new PlanError(diagnose('imageAmbiguous', { names: quoted(all) }));
    return images[0]!;
  }
  const chosen = images.find((image) => textsOf(name, image, 'RepoTags').some((tag) => isNamed(tag, reference)));
  if (chosen !== undefined) return chosen;
  throw new PlanError(diagnose('imageReference', { reference, names: quoted(all) }));
}
