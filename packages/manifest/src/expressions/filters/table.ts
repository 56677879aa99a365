import { bind, signature } from "../bind.ts";
import type { Applied } from "../library.ts";

type Run = (value: unknown, ...args: readonly unknown[]) => unknown;

/** `{ "replace old new count?": (value, old, by, count) => ... }` */
export function applied(table: Readonly<Record<string, Run>>): ReadonlyMap<string, Applied> {
  return new Map(
    Object.entries(table).map(([heading, run]) => {
      const [name = "", ...parameters] = heading.split(" ");
      const to = signature(name, parameters.join(" "));
      return [name, (value, args, named) => run(value, ...bind(to, args, named))];
    }),
  );
}
