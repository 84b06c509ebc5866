/** What comes from the source until the signal, whose reason it throws, also while it hangs. */
export async function* until(
  signal: AbortSignal,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextUntil(signal, iterator);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not waited for: a source that hangs ends when it can, and whatever it says then is too late.
    iterator.return?.().catch(() => undefined);
  }
}

/** Listens anew for every piece: a promise that outlives them would keep them all in memory. */
function nextUntil(
  signal: AbortSignal,
  iterator: AsyncIterator<Uint8Array>,
): Promise<IteratorResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
