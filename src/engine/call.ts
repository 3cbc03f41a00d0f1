import type { Blobs, Host } from './protocol.ts';
import type { Request } from '../generated/protocol.ts';

/** A request at work. */
export interface Call {
  readonly request: Request;
  readonly blobs: Blobs;
  readonly host: Host;
  /** How messages name the configuration, and a process file. */
  readonly configName: string;
  readonly processName: string;
  /** Texts that were read, by these names. */
  readonly texts: Record<string, string>;
}
