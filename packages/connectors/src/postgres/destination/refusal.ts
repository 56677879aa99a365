import { WeirError } from "@weir/protocol";
import { sqlState } from "../failures.ts";

/**
 * Classes of SQLSTATE that say nothing about a row: feature, connection, transaction, login, catalog, conflict,
 * resources, state, operator, system, configuration, internal. Any other, a trigger's own codes included, is about data.
 */
const NOT_DATA: ReadonlySet<string> = new Set(
  "00 01 02 03 08 0A 0B 0L 0P 20 24 25 26 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 53 55 57 58 F0 HV XX".split(
    " ",
  ),
);

/** Whether the server refused the data of a COPY, so that some of its rows may still be written. */
export function refusesRows(error: unknown): boolean {
  const state = sqlState(error);
  if (!/^[0-9A-Z]{5}$/.test(state)) return false;
  // Where a state can mean other things too, the place in the server that reports it tells: a row security policy, and
  // an escape in JSON for a character that the database's encoding lacks.
  const routine = ROUTINES[state];
  if (routine !== undefined) return serverField(error, "routine") === routine;
  return !NOT_DATA.has(state.slice(0, 2));
}

const ROUTINES: Readonly<Record<string, string>> = {
  "42501": "ExecWithCheckOptions",
  "0A000": "pg_unicode_to_server",
};

/** What a byte route throws then: whatever it was, the typed route can tell the rows apart. A source's errors pass. */
export function skipped(error: unknown): unknown {
  if (!(error instanceof WeirError) || !refusesRows(error)) return error;
  const { failure } = error;
  if (failure.origin !== "destination" || failure.recovery === "skip") return error;
  const next = "Nothing: the rows go one by one, and what the table refuses is set aside and counted.";
  return new WeirError(
    { ...failure, code: "destination.row_refused", next, recovery: "skip" },
    { cause: error.cause },
  );
}

export interface Place {
  /** From 0, among the rows of the COPY. */
  readonly line: number;
  /** What follows the line in the server's words, beginning with the column's name where a value was refused. */
  readonly rest: string;
}

/** Where the server stood when it refused: `COPY orders, line 5, column total: "x"`, whatever its language. */
export function placeOf(error: unknown, table: string): Place | undefined {
  const where = serverField(error, "where") ?? "";
  const at = where.indexOf(`COPY ${table}, `);
  if (at < 0) return undefined;
  const found = /^COPY\s\S+ (\d+)(?:, \S+ )?/.exec(`COPY ${where.slice(at + table.length + 7)}`);
  if (found === null) return undefined;
  return { line: Number(found[1]) - 1, rest: where.slice(at + table.length + 2 + found[0].length) };
}

/** The column among `names` whose value was refused. */
export function columnAt({ rest }: Place, names: readonly string[]): string | undefined {
  return names
    .filter((name) => rest.startsWith(name) && /^\s?:/.test(rest.slice(name.length)))
    .toSorted((left, right) => right.length - left.length)[0];
}

/** A constraint named the row, which is the one that is written at that moment. */
export function isConstraint(error: unknown): boolean {
  return sqlState(error).startsWith("23");
}

/** The server's own words about a refused row. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof WeirError && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return `${sqlState(error)}: ${text.split("\n")[0] ?? ""}`;
}

function serverField(error: unknown, name: "routine" | "where"): string | undefined {
  const cause = error instanceof WeirError ? error.cause : error;
  const value = (cause as Partial<Record<string, unknown>> | undefined)?.[name];
  return typeof value === "string" ? value : undefined;
}
