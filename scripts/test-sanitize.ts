// npm run test:sanitize [-- WORDS]: the integration tests whose paths contain one of the words (default: a part of all rooms)
// with a command whose launcher, planner and executor have ASan (but of the stack) and UBSan, and whose init ends by
// SIGILL where something is undefined (UBSan; a static program cannot have ASan). The native tests run the same code under both.
import { checkedTests } from './test.ts';

/** Tests that go through most of the native code. */
const usual = ['life/', 'process/', 'mount/mounts', 'mount/mount-options', 'cgroup/', 'command/', 'security/'];

export async function main(args: readonly string[]): Promise<number> {
  return checkedTests(args.length === 0 ? usual : args);
}
