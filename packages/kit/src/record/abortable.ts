/**
 * Gives the items of an iterable until the signal aborts, then fails with its reason, even while the iterable is
 * waiting for something that does not look at the signal.
 */
export async function* abortable<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  signal.throwIfAborted();
  const iterator = items[Symbol.asyncIterator]();
  const stop = Promise.withResolvers<never>();
  stop.promise.catch(() => {});
  const onAbort = (): void => stop.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), stop.promise]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited after an abort: a generator that hangs answers never.
    const closing = iterator.return?.();
    if (signal.aborted) closing?.catch(() => {});
    else await closing;
  }
}
