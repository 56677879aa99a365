import type { Encoding, PartRead } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { literal } from "../quote.ts";
import { columnOf, type Relation } from "./catalog.ts";
import { copyOut } from "./copy.ts";
import { batchesOf } from "./copy-text.ts";
import type { SharedSnapshot } from "./snapshot.ts";
import type { LeafId } from "./state.ts";
import { expression } from "./wire.ts";

/** What a part reads: a union of pieces, all of one relation. */
export interface Selection {
  readonly pieces: readonly Piece[];
  /** Tables that must not have been rewritten since the snapshot. */
  readonly leaves: readonly LeafId[];
}

export interface Piece {
  /** What follows FROM. */
  readonly from: string;
  /** Joined by AND. */
  readonly conditions: readonly string[];
}

export interface SelectScene {
  readonly relation: Relation;
  readonly snapshot: SharedSnapshot;
  /** Stream key, for errors. */
  readonly stream: string;
}

/** Whether every column can be given in the encoding without loss. */
export function gives({ relation }: SelectScene, encoding: Encoding): boolean {
  return encoding.columns.every((wire) => {
    const column = columnOf(relation, wire.field.name);
    return column !== undefined && expression(column, wire, encoding.format) !== undefined;
  });
}

function selectSql({ relation, stream }: SelectScene, pieces: readonly Piece[], encoding: Encoding): string {
  const list = encoding.columns.map((wire) => {
    const column = columnOf(relation, wire.field.name);
    const sql = column === undefined ? undefined : expression(column, wire, encoding.format);
    if (sql === undefined) throw notGiven(stream, wire.field.name, column === undefined);
    return sql;
  });
  return pieces
    .map(({ from, conditions }) => {
      const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
      return `SELECT ${list.join(", ")} FROM ${from}${where}`;
    })
    .join(" UNION ALL ");
}

function notGiven(stream: string, field: string, missing: boolean): WeirError {
  return new WeirError({
    code: missing ? "source.schema_changed" : "source.encoding_refused",
    message: missing
      ? `The column ${field} is no longer there, or may not be read.`
      : `The column ${field} cannot be given in this encoding without loss.`,
    next: missing
      ? "Nothing: the next attempt discovers the columns again. If it repeats, refresh the connection's catalog."
      : "Nothing: the part is read again by the typed route.",
    recovery: missing ? "retry" : "skip",
    origin: "source",
    stream,
    path: `${stream}.${field}`,
  });
}

const COPY_OPTIONS: Readonly<Partial<Record<Encoding["format"], string>>> = {
  "pg-binary": "FORMAT binary",
  "pg-text": "FORMAT text",
  csv: `FORMAT csv, NULL ${literal("\\N")}`,
  batch: "FORMAT text",
};

/** Reads a selection; the same rows each time, because all is read from one snapshot. */
export function read(
  scene: SelectScene,
  selection: Selection,
  encoding: Encoding,
  signal: AbortSignal,
): PartRead {
  const { snapshot, stream } = scene;
  if (selection.pieces.length === 0) return nothing(encoding);
  const typed = encoding.format === "batch";
  // A database without an encoding may hold bytes that are no text; the server would refuse to send them as UTF-8.
  const raw = typed && snapshot.encoding === "SQL_ASCII";
  const bytes = copyOut({
    snapshot,
    query: selectSql(scene, selection.pieces, encoding),
    options: COPY_OPTIONS[encoding.format] ?? "",
    leaves: selection.leaves,
    stream,
    signal,
    ...(raw ? { settings: { client_encoding: "SQL_ASCII" } } : {}),
  });
  if (!typed) return { form: "bytes", chunks: bytes.chunks, rows: bytes.rows };
  const names = encoding.columns.map(({ field }) => field.name);
  return { form: "batches", chunks: batchesOf(bytes.chunks, names), rows: bytes.rows };
}

/** Signature, flags and length of the header extension, then the trailer: COPY binary without a row. */
const EMPTY_BINARY = Buffer.concat([
  Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"),
  Buffer.alloc(8),
  Buffer.from([0xff, 0xff]),
]);

function nothing({ format }: Encoding): PartRead {
  const rows = (): number => 0;
  if (format === "batch") return { form: "batches", chunks: listed([]), rows };
  return { form: "bytes", chunks: listed(format === "pg-binary" ? [EMPTY_BINARY] : []), rows };
}

async function* listed<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
