/** The kinds of hooks (runtime-spec config "POSIX-platform Hooks"). */
export const hookKinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart',
  'poststop'] as const;

/** Those whose programs are the host's. */
export const hostHookKinds = hookKinds.filter((kind) => kind !== 'startContainer');
