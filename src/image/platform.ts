// Platforms: the names of Go, as images have them.
import { isObject, type JsonObject, type JsonValue } from '../spec/parse/value.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Empty when there is none. */
  readonly variant: string;
}

/** The variant that is meant where none is named. */
const usual: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

/** Reads OS/ARCHITECTURE[/VARIANT]; undefined when it is not of that form. */
export function parsePlatform(text: string): Platform | undefined {
  const [os, architecture, variant = '', ...rest] = text.split('/');
  return os && architecture && rest.length === 0 ? { os, architecture, variant } : undefined;
}

/** The machine of a platform, as uname(2) names it. */
export function machineOf(platform: string): string {
  const architecture = parsePlatform(platform)?.architecture ?? '';
  return { amd64: 'x86_64', arm64: 'aarch64' }[architecture] ?? architecture;
}

/** The platform of a descriptor or of an image's configuration, if it has one. */
export function platformOf(value: JsonObject | undefined): Platform | undefined {
  if (!isObject(value)) return undefined;
  const [os, architecture, variant] = ['os', 'architecture', 'variant'].map((key) => textOr(value[key]));
  return os === '' && architecture === '' ? undefined : { os: os!, architecture: architecture!, variant: variant! };
}

function textOr(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Whether an image for one platform runs on the other. */
export function matches(image: Platform, wanted: Platform): boolean {
  if (image.os !== wanted.os || image.architecture !== wanted.architecture) return false;
  const [of, on] = [image, wanted].map(({ architecture, variant }) => variant || (usual[architecture] ?? ''));
  return of === on || (wanted.variant === '' && image.variant !== '' && of! < on!);
}

export function describe({ os, architecture, variant }: Platform): string {
  return variant === '' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}
