// npm run test:sanitize [-- WORDS]: the integration tests whose paths contain one of the words (default: a part of all rooms)
// with a command whose launcher, planner, executor and init end by SIGILL where something is undefined (UBSan). The native
// tests run the same code under ASan and UBSan.
import { trapTests } from './test.ts';

/** Tests that go through most of the native code. */
const usual = ['life/', 'process/', 'mount/mounts', 'mount/mount-options', 'cgroup/', 'command/', 'security/'];

export async function main(args: readonly string[]): Promise<number> {
  return trapTests(args.length === 0 ? usual : args);
}
