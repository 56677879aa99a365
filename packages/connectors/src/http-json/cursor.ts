import { type JsonObject, type JsonValue, WeirError } from "@weir/protocol";

/** The rows whose cursor is greater than the state, in its order. A row without a cursor fails the read. */
export function newerRows(
  rows: readonly JsonObject[],
  cursor: string,
  state: JsonValue,
): readonly JsonObject[] {
  for (const row of rows) if (row[cursor] === undefined || row[cursor] === null) throw cursorMissing(cursor);
  const newer = state === null ? rows : rows.filter((row) => compareCursors(row[cursor], state) > 0);
  return newer.toSorted((left, right) => compareCursors(left[cursor], right[cursor]));
}

/** Numbers by value, texts by code units, as ISO 8601 dates sort. Decimals that a double would round are refused. */
export function compareCursors(left: JsonValue | undefined, right: JsonValue | undefined): number {
  const [a, b] = [comparable(left), comparable(right)];
  if ((typeof a === "string") !== (typeof b === "string")) throw cursorUnusable();
  return a < b ? -1 : a > b ? 1 : 0;
}

function comparable(value: JsonValue | undefined): string | number | bigint {
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value;
  throw cursorUnusable();
}

function cursorMissing(cursor: string): WeirError {
  return new WeirError({
    code: "source.cursor_missing",
    message: `A row has no value in its cursor field ${cursor}: it would be left out of every incremental sync.`,
    next: "Choose a cursor field that every row has, or none.",
    recovery: "ask",
    origin: "source",
    path: "cursor",
  });
}

function cursorUnusable(): WeirError {
  return new WeirError({
    code: "source.cursor_unusable",
    message:
      "The cursor field holds something else than numbers of ordinary size only or texts only: rows cannot be put in order.",
    next: "Choose another cursor field, or none.",
    recovery: "ask",
    origin: "source",
    path: "cursor",
  });
}
