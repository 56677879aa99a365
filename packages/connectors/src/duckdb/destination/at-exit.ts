/** What to do when the process ends, in the middle of a load too. */
const endings = new Set<() => void>();

/** The last come first: loads before the pipes they use. */
function run(): void {
  for (const ending of [...endings].toReversed()) ending();
}

/**
 * A process that ends waits for the threads of its queries: a query that waits for this thread, or for bytes it would
 * send, would keep it for ever. Returns how to take the ending back.
 */
export function atExit(ending: () => void): () => void {
  if (endings.size === 0) process.on("exit", run);
  endings.add(ending);
  return () => {
    endings.delete(ending);
    if (endings.size === 0) process.off("exit", run);
  };
}
