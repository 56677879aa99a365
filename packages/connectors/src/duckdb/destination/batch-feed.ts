import type { DuckDBType } from "@duckdb/node-api";
import type { DataChunk } from "@duckdb/node-bindings";
import type { Feed, FeedHub } from "./feed.ts";
import type { Prepared } from "./prepared.ts";
import type { ColumnType } from "./types.ts";
import { VectorWriter } from "./vectors.ts";

/** Columns of some rows, in the order of the feed's types after the first. */
export interface FeedBatch {
  readonly rows: number;
  /** About. */
  readonly bytes: number;
  /** Number of its first row within the load. */
  readonly first: number;
  readonly columns: readonly Prepared[];
}

/** Of a chunk: DuckDB copies its texts at each step of a query, and 2048 rows of 20 KB are 40 MB. */
const CHUNK_BYTES = 1024 * 1024;

/** Batches as a query reads them: `c0` is the row's number within the load, `c1` the first column. */
export class BatchFeed implements Feed {
  readonly types: readonly DuckDBType[];
  readonly rows: number;
  readonly #hub: FeedHub;
  readonly #batches: readonly FeedBatch[];
  readonly #vectors: VectorWriter;
  #index = 0;
  #from = 0;

  constructor(hub: FeedHub, types: readonly ColumnType[], batches: readonly FeedBatch[]) {
    this.#hub = hub;
    this.#batches = batches;
    this.#vectors = new VectorWriter(hub.bindings);
    this.types = [hub.api.BIGINT, ...types.map((type) => vectorType(hub, type))];
    this.rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  }

  rewind(): void {
    this.#index = 0;
    this.#from = 0;
  }

  fill(chunk: DataChunk, capacity: number): number {
    const batch = this.#batches[this.#index];
    if (batch === undefined) return 0;
    const { bindings } = this.#hub;
    const from = this.#from;
    const rows = Math.min(
      capacity,
      batch.rows - from,
      Math.ceil((CHUNK_BYTES * batch.rows) / Math.max(1, batch.bytes)),
    );
    this.#vectors.count(bindings.data_chunk_get_vector(chunk, 0), batch.first + from, rows);
    batch.columns.forEach((column, index) => {
      this.#vectors.write(bindings.data_chunk_get_vector(chunk, index + 1), column, from, rows);
    });
    this.#from += rows;
    if (this.#from === batch.rows) {
      this.#index += 1;
      this.#from = 0;
    }
    return rows;
  }
}

function vectorType({ api }: FeedHub, type: ColumnType): DuckDBType {
  switch (type.base) {
    case "DECIMAL":
      return api.DECIMAL(type.precision, type.scale);
    case "JSON":
      // A VARCHAR by another name: DuckDB takes it for checked JSON and casts nothing.
      return api.DuckDBVarCharType.create("JSON");
    default:
      return api[type.base];
  }
}
