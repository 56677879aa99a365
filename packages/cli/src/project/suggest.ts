import { closest } from "@weir/kit";

/** `Did you mean "connector"?`, or what there is to choose from. */
export function suggestion(word: string, candidates: readonly string[], what: string): string {
  const meant = closest(word, candidates) ?? closestByTail(word, candidates);
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  if (candidates.length === 0) return `There are no ${what} yet.`;
  const shown = candidates.slice(0, 12).join(", ");
  return `Possible ${what}: ${shown}${candidates.length > 12 ? ", …" : ""}.`;
}

/** People leave out what stands before a name: `faker` is `source-faker`, `users` is `public.users`. */
function closestByTail(word: string, candidates: readonly string[]): string | undefined {
  const byTail = new Map(candidates.map((each) => [/[.-](.+)$/.exec(each)?.[1] ?? each, each]));
  const tail = closest(word, [...byTail.keys()]);
  return tail === undefined ? undefined : byTail.get(tail);
}
