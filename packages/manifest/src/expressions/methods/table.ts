import { bind, type Signature, signature } from "../bind.ts";
import type { Arguments, Named } from "../values/types.ts";

/** A method of a type: called with the value it belongs to and its arguments. */
export interface Method<T> {
  readonly signature: Signature;
  readonly run: (self: T, ...args: readonly unknown[]) => unknown;
}

export type Methods<T> = ReadonlyMap<string, Method<T>>;

/** `{ "get key default?": (self, key, fallback) => ... }` */
export function methods<T>(
  table: Readonly<Record<string, (self: T, ...args: readonly unknown[]) => unknown>>,
): Methods<T> {
  return new Map(
    Object.entries(table).map(([heading, run]) => {
      const [name = "", ...parameters] = heading.split(" ");
      return [name, { signature: signature(name, parameters.join(" ")), run }];
    }),
  );
}

export function callMethod<T>(method: Method<T>, self: T, args: Arguments, named: Named): unknown {
  return method.run(self, ...bind(method.signature, args, named));
}
