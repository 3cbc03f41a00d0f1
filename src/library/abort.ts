// Many processes may end by one AbortSignal. Node warns of a leak when one has more than ten listeners, so it gets one from here.

interface Waiting {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

function begin(signal: AbortSignal): Waiting {
  const acts = new Set<() => void>();
  const listener = (): void => {
    for (const act of [...acts]) act();
  };
  const begun = { acts, listener };
  waiting.set(signal, begun);
  signal.addEventListener('abort', listener, { once: true });
  return begun;
}

/**
 * Acts once, when a signal is aborted or if it is already.
 * @returns lets go of it
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    act();
    return () => {};
  }
  const { acts, listener } = waiting.get(signal) ?? begin(signal);
  acts.add(act);
  return () => {
    if (!acts.delete(act) || acts.size > 0) return;
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}
