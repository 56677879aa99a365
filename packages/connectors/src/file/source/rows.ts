import type { Change, Column, ColumnBatch, Encoding, JsonValue, RejectedRow } from "@weir/protocol";

/** Names of the columns that say where a row lies. */
export const FILE_COLUMN = "_weir_file";
export const LINE_COLUMN = "_weir_line";

/** Columns that a sync of Weir or Airbyte wrote: the next destination adds its own. */
export const SYNC_COLUMNS: ReadonlySet<string> = new Set([
  "_airbyte_raw_id",
  "_airbyte_extracted_at",
  "_airbyte_meta",
  "_airbyte_generation_id",
]);

/** What reading a file needs to know of the stream. */
export interface RowRequest {
  readonly columns: Encoding["columns"];
  /** All names the stream's schema has, moved or not. */
  readonly known: ReadonlySet<string>;
  readonly place: boolean;
}

export type RowTrouble =
  | "row_ragged"
  | "row_quotes"
  | "row_line_end"
  | "row_not_text"
  | "row_not_json"
  | "row_not_object"
  | "row_too_deep";

/** Gathers rows of one file column by column, and gives them as batches. */
export class RowGatherer {
  rows = 0;
  readonly file: string;
  readonly #columns: (string | null)[][] | JsonValue[][];
  readonly #form: "text" | "json";
  #lines: number[] = [];
  #changes = new Map<number, Change[]>();
  #rejected: RejectedRow[] = [];
  readonly #request: RowRequest;

  constructor(file: string, form: "text" | "json", request: RowRequest) {
    this.file = file;
    this.#form = form;
    this.#request = request;
    this.#columns = request.columns.map(() => []);
  }

  /** The values of a column so far; one is added for each row. */
  values(column: number): (string | null)[] & JsonValue[] {
    return this.#columns[column] as (string | null)[] & JsonValue[];
  }

  /** Ends a row whose values were added. */
  end(line: number): void {
    if (this.#request.place) this.#lines.push(line);
    this.rows += 1;
  }

  /** Of the row that ends next. */
  change(change: Change): void {
    const changes = this.#changes.get(this.rows);
    if (changes === undefined) this.#changes.set(this.rows, [change]);
    else changes.push(change);
  }

  reject(trouble: RowTrouble, reason: string, line: number, text: string): void {
    this.#rejected.push({
      record: { file: this.file, line, text: text.toWellFormed() },
      code: `source.${trouble}`,
      reason,
    });
  }

  /** What was gathered since the last call; undefined when there is nothing. */
  take(bytes: number): ColumnBatch | undefined {
    const { rows } = this;
    if (rows === 0 && this.#rejected.length === 0) return undefined;
    const columns = this.#request.columns.map(({ field }, index): Column => {
      if (this.#request.place && field.name === FILE_COLUMN) {
        return { form: "text", values: Array.from<string>({ length: rows }).fill(this.file) };
      }
      if (this.#request.place && field.name === LINE_COLUMN) {
        return { form: "int64", values: BigInt64Array.from(this.#lines, BigInt) };
      }
      const values = this.#columns[index] ?? [];
      this.#columns[index] = [];
      return { form: this.#form, values } as Column;
    });
    const batch: ColumnBatch = {
      rows,
      columns,
      bytes,
      ...(this.#changes.size > 0 ? { changes: this.#changes } : {}),
      ...(this.#rejected.length > 0 ? { rejected: this.#rejected } : {}),
    };
    this.rows = 0;
    this.#lines = [];
    this.#changes = new Map();
    this.#rejected = [];
    return batch;
  }
}

/** The value of a column that nobody knew of when the schema was made. */
export function unknownColumn(field: string): Change {
  return { field, change: "NULLED", reason: "SOURCE_RETRIEVAL_ERROR" };
}
