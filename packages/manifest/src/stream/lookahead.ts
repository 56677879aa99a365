/** Each item with whether it is the last, which takes knowing the one after it. */
export async function* withLast<T>(
  items: AsyncIterable<T>,
): AsyncGenerator<{ readonly item: T; readonly isLast: boolean }> {
  let held: { readonly item: T } | null = null;
  for await (const item of items) {
    if (held !== null) yield { item: held.item, isLast: false };
    held = { item };
  }
  if (held !== null) yield { item: held.item, isLast: true };
}
