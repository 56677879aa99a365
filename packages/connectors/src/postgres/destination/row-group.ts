import type { Change, ColumnBatch, JsonObject, RowMeta } from "@weir/protocol";
import { type Cell, cellsOf, changeName, escaped, NULL } from "./cells.ts";
import { recordOf } from "./record.ts";
import { instantText, metaText, rawId } from "./row-meta.ts";
import type { Target } from "./tables.ts";

export interface RowScene {
  readonly target: Target;
  readonly meta: RowMeta;
  /** Server version, as server_version_num. */
  readonly version: number;
}

interface Piece {
  readonly batch: ColumnBatch;
  readonly cells: readonly Cell[];
  /** Number of its first row within the group. */
  readonly first: number;
}

/** A row as COPY's text format: the values of one line. */
export type Line = readonly string[];

/** PostgreSQL reads a line into one buffer of at most 1 GB, and cannot store more in a row by this way. */
const MAX_LINE_BYTES = 0x3fff_ffff;

/**
 * Rows that go by one COPY, kept until the server has taken them, so that they can be written again one by one. Row
 * numbers count from the first row of the group.
 */
export class RowGroup {
  rows = 0;
  bytes = 0;
  /** Rows with changes. */
  readonly changed = new Set<number>();
  readonly #scene: RowScene;
  /** Rows of the load before this group. */
  readonly #before: number;
  readonly #pieces: Piece[] = [];
  /** Columns that the server refused, by row. */
  readonly #nulled = new Map<number, Set<number>>();
  readonly #keyFields: ReadonlySet<string>;
  readonly #instant: string;
  readonly #plainMeta: string;

  constructor(scene: RowScene, before: number) {
    this.#scene = scene;
    this.#before = before;
    const { plan } = scene.target;
    const dedup = plan.mode === "append_dedup" || plan.mode === "overwrite_dedup";
    this.#keyFields = new Set(dedup ? plan.primaryKey.map((name) => changeName({ name })) : []);
    this.#instant = instantText(scene.meta.extractedAt);
    this.#plainMeta = escaped(metaText(scene.meta.sync, []));
  }

  add(batch: ColumnBatch): void {
    const { target, version } = this.#scene;
    this.#pieces.push({ batch, cells: cellsOf(target.columns, batch, version), first: this.rows });
    this.rows += batch.rows;
    this.bytes += batch.bytes;
  }

  /** The row's line, or why it cannot be written. */
  line(row: number): Line | "key_unfit" | "row_too_large" {
    const { piece, at } = this.#find(row);
    const { target, meta } = this.#scene;
    const changes: Change[] = [...(piece.batch.changes?.get(at) ?? [])];
    const nulled = this.#nulled.get(row);
    const cells = piece.cells.map((cell, column) => {
      if (nulled?.has(column) !== true) return cell(at, changes);
      const field = changeName(target.columns[column]?.field ?? { name: "" });
      changes.push({ field, change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" });
      return NULL;
    });
    if (changes.length > 0) {
      // Rows whose key does not fit would all be one row after deduplication.
      if (changes.some(({ field }) => this.#keyFields.has(field))) return "key_unfit";
      this.changed.add(row);
    }
    const values = [
      rawId(meta, this.#before + row),
      this.#instantOf(piece.batch, at),
      changes.length === 0 ? this.#plainMeta : escaped(metaText(meta.sync, changes)),
      String(meta.generation),
      ...cells,
    ];
    const length = values.reduce((sum, value) => sum + value.length + 1, 0);
    return length * 3 > MAX_LINE_BYTES && bytesOf(values) > MAX_LINE_BYTES ? "row_too_large" : values;
  }

  #instantOf(batch: ColumnBatch, at: number): string {
    const emitted = batch.emittedAt?.[at];
    // Beyond the years 1 to 9999 the source's clock says nothing useful.
    return emitted !== undefined && emitted > -62_135_596_800_000 && emitted < 253_402_300_800_000
      ? instantText(emitted)
      : this.#instant;
  }

  /** Writes NULL for a value the server refused. False when that has been done already. */
  nullOut(row: number, column: string): boolean {
    const at = this.#scene.target.columns.findIndex(({ name }) => name === column);
    const nulled = this.#nulled.get(row) ?? new Set<number>();
    if (at < 0 || nulled.has(at)) return false;
    this.#nulled.set(row, nulled.add(at));
    return true;
  }

  record(row: number): JsonObject {
    const { piece, at } = this.#find(row);
    return recordOf(this.#scene.target.plan.fields, piece.batch, at);
  }

  #find(row: number): { readonly piece: Piece; readonly at: number } {
    let index = this.#pieces.length - 1;
    while (index > 0 && (this.#pieces[index]?.first ?? 0) > row) index--;
    const piece = this.#pieces[index];
    if (piece === undefined) throw new RangeError(`No row ${row} in a group of ${this.rows}`);
    return { piece, at: row - piece.first };
  }
}

function bytesOf(values: readonly string[]): number {
  return values.reduce((sum, value) => sum + Buffer.byteLength(value) + 1, 0);
}
