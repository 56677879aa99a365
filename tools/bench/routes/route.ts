import type { Command, Measured } from "../measure/command.ts";

/** One way to move a route's rows: the limit, Weir, or the limit of the data columns alone. */
export interface Contender {
  /** Makes the place empty; not measured. */
  prepare(): Promise<void>;
  readonly commands: readonly Command[];
  /** What lies at the destination afterwards; not measured. */
  contents(run: Measured): Promise<Contents>;
}

export interface Contents {
  readonly rows: number;
  /** Of the data columns: the same for the same rows at the same kind of destination. */
  readonly digest: string;
}

/** What Weir is held against: the same work done natively, or a time. */
export type Limit =
  | {
      readonly kind: "native";
      readonly name: string;
      readonly contender: Contender;
      /** The least that Weir's rows per second may be of the limit's. */
      readonly target: number;
      readonly dataColumns?: Contender | undefined;
    }
  | { readonly kind: "seconds"; readonly seconds: number };

export interface Route {
  readonly name: string;
  /** Rows each run must leave at the destination. */
  readonly rows: number;
  /** The most that Weir's processes may hold. */
  readonly memoryBytes: number;
  readonly weir: Contender;
  readonly limit: Limit;
  /** What must have happened before the first run. */
  begin?(): Promise<void>;
}

export const MEGABYTE = 1_000_000;

/** A control: what the ratio is when there is no difference. Routes held against a time have none. */
export function limitAgainstItself(route: Route): readonly Route[] {
  const { limit } = route;
  if (limit.kind === "seconds") return [];
  const { dataColumns: _, ...alone } = limit;
  return [{ ...route, name: `${route.name}, the limit as Weir`, weir: limit.contender, limit: alone }];
}
