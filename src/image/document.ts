// The JSON documents of an image: hostile text, of which nothing is believed before it was looked at.
import { diagnose } from '../diagnostic/diagnose.ts';
import type { Host } from '../engine/protocol.ts';
import { PlanError } from '../plan/context.ts';
import { parseDocument } from '../spec/parse/parse.ts';
import { isObject, type JsonObject, type JsonValue } from '../spec/parse/value.ts';

/** Most bytes of a document: what registries accept. */
export const mostBytes = 4 << 20;

/** A blob as a manifest names it. */
export interface Descriptor {
  readonly mediaType: string;
  /** SHA-256, without the name of the algorithm. */
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform: JsonObject | undefined;
}

/** A document with its name, for messages. */
export interface Source {
  readonly name: string;
  readonly value: JsonValue;
}

/** @throws PlanError always */
export function invalid(name: string, why: string): never {
  throw new PlanError(diagnose('imageDocument', { name, why }));
}

/** Parses a document. @throws PlanError when it is no JSON */
export function parseImageDocument(name: string, bytes: Uint8Array, host: Pick<Host, 'scan'>): Source {
  const document = parseDocument(bytes, host, name);
  if ('error' in document) throw new PlanError(document.error);
  return { name, value: document.value };
}

export function objectOf({ name, value }: Source, what = 'the document'): JsonObject {
  return isObject(value) ? value : invalid(name, `${what} is no object`);
}

/** A member that is a list; absent and null are an empty one. */
export function listOf(source: Source, key: string): readonly JsonValue[] {
  const value = objectOf(source)[key];
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : invalid(source.name, `"${key}" is no list`);
}

/** A member that is a list of texts. */
export function textsOf(name: string, object: JsonObject, key: string): string[] {
  const value = object[key];
  if (value === undefined || value === null) return [];
  const isTexts = Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  return isTexts ? value as string[] : invalid(name, `"${key}" is no list of texts`);
}

/** A member that is a text; absent and null are the empty one. */
export function textOf(name: string, object: JsonObject, key: string): string {
  const value = object[key];
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : invalid(name, `"${key}" is no text`);
}

/** A member whose members are texts. */
export function mapOf(name: string, object: JsonObject, key: string): Record<string, string> {
  const value = object[key];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) invalid(name, `"${key}" is no object`);
  const result: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [member, text] of Object.entries(value)) {
    if (typeof text !== 'string') invalid(name, `"${key}" has a member that is no text`);
    result[member] = text;
  }
  return result;
}

/** `sha256:…` without the name of the algorithm. */
function digestOf(name: string, text: string): string {
  const hex = text.startsWith('sha256:') ? text.slice(7) : '';
  return isHex(hex) ? hex : invalid(name, `"${text}" is no SHA-256 digest`);
}

/** Whether a text is a SHA-256 as 64 lower-case hexadecimal digits. */
export function isHex(text: string): boolean {
  if (text.length !== 64) return false;
  for (let i = 0; i < 64; i++) {
    const code = text.charCodeAt(i);
    if (!(code >= 48 && code <= 57) && !(code >= 97 && code <= 102)) return false;
  }
  return true;
}

/** A descriptor of image-spec. Blobs that are somewhere else (`urls`) are looked for in the image as well. */
export function descriptorOf(name: string, value: JsonValue | undefined): Descriptor {
  if (!isObject(value)) invalid(name, 'a descriptor is no object');
  const { size, platform } = value;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    invalid(name, 'a descriptor has no valid size');
  return {
    mediaType: textOf(name, value, 'mediaType'),
    digest: digestOf(name, textOf(name, value, 'digest')),
    size,
    annotations: mapOf(name, value, 'annotations'),
    platform: isObject(platform) ? platform : undefined,
  };
}
