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

/** A row in COPY's text format, its end included: one text, or several where values are long. */
export type Line = string | readonly string[];

/** Values of more UTF-16 units are not joined with others: a string has at most 2^29 units. */
const LONG = 65_536;

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
  /** Rows that are not to be written. */
  readonly rejected = new Set<number>();
  readonly #scene: RowScene;
  /** Rows of the load before this group. */
  readonly #before: number;
  readonly #pieces: Piece[] = [];
  /** The one asked for last, where the next row most likely is. */
  #piece: Piece = { batch: { rows: 0, columns: [], bytes: 0 }, cells: [], first: 0 };
  /** Columns that the server refused, by row. */
  readonly #nulled = new Map<number, Set<number>>();
  readonly #keyFields: ReadonlySet<string>;
  readonly #instant: string;
  /** Weir's columns after the raw id, for rows without changes. */
  readonly #usual: string;

  constructor(scene: RowScene, before: number) {
    this.#scene = scene;
    this.#before = before;
    const { plan } = scene.target;
    const dedup = plan.mode === "append_dedup" || plan.mode === "overwrite_dedup";
    this.#keyFields = new Set(dedup ? plan.primaryKey.map((name) => changeName({ name })) : []);
    const { extractedAt, sync, generation } = scene.meta;
    this.#instant = instantText(extractedAt);
    this.#usual = `\t${this.#instant}\t${metaText(sync, [])}\t${generation}`;
  }

  add(batch: ColumnBatch): void {
    const { target, version } = this.#scene;
    this.#pieces.push({ batch, cells: cellsOf(target.columns, batch, version), first: this.rows });
    this.rows += batch.rows;
    this.bytes += batch.bytes;
  }

  /** The row's line, or why it cannot be written. */
  line(row: number): Line | { readonly refused: "key_unfit" | "row_too_large" } {
    const piece = this.#pieceOf(row);
    const at = row - piece.first;
    const changes: Change[] = [];
    const sourceChanges = piece.batch.changes?.get(at);
    if (sourceChanges !== undefined) changes.push(...sourceChanges);
    const long: string[] = [];
    let text = "";
    for (let column = 0; column < piece.cells.length; column++) {
      const value = this.#valueOf(piece, column, row, changes);
      if (value.length <= LONG) {
        text += `\t${value}`;
        continue;
      }
      long.push(`${text}\t`, value);
      text = "";
    }
    if (changes.length > 0) {
      // Rows whose key does not fit would all be one row after deduplication.
      if (changes.some(({ field }) => this.#keyFields.has(field))) return { refused: "key_unfit" };
      this.changed.add(row);
    }
    const head = rawId(this.#scene.meta, this.#before + row) + this.#rest(piece.batch, at, changes);
    if (long.length === 0) return `${head}${text}\n`;
    const parts = [head, ...long, `${text}\n`];
    return bytesOf(parts) > MAX_LINE_BYTES ? { refused: "row_too_large" } : parts;
  }

  #valueOf(piece: Piece, column: number, row: number, changes: Change[]): string {
    if (this.#nulled.size === 0 || this.#nulled.get(row)?.has(column) !== true) {
      return piece.cells[column]?.(row - piece.first, changes) ?? NULL;
    }
    const field = changeName(this.#scene.target.columns[column]?.field ?? { name: "" });
    changes.push({ field, change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" });
    return NULL;
  }

  /** Weir's columns after the raw id. */
  #rest(batch: ColumnBatch, at: number, changes: readonly Change[]): string {
    if (batch.emittedAt === undefined && changes.length === 0) return this.#usual;
    const { meta } = this.#scene;
    const said = escaped(metaText(meta.sync, changes));
    return `\t${this.#instantOf(batch, at)}\t${said}\t${meta.generation}`;
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
    const { batch, first } = this.#pieceOf(row);
    return recordOf(this.#scene.target.plan.fields, batch, row - first);
  }

  #pieceOf(row: number): Piece {
    const { first, batch } = this.#piece;
    if (row >= first && row < first + batch.rows) return this.#piece;
    const found = this.#pieces.find((piece) => row >= piece.first && row < piece.first + piece.batch.rows);
    if (found === undefined) throw new RangeError(`No row ${row} in a group of ${this.rows}`);
    this.#piece = found;
    return found;
  }
}

function bytesOf(values: readonly string[]): number {
  return values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
}
