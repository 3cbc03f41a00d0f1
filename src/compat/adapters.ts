// All adapters: for the generator, which makes the native side's table and the words of messages from them.
import { crun } from './crun.ts';
import { runc } from './runc.ts';
import type { Adapter } from './types.ts';
import { veloci } from './veloci.ts';

/** The first one also stands for names that have no adapter. */
export const adapters: readonly [Adapter, ...Adapter[]] = [veloci, runc, crun];
