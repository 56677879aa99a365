import { rmSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { EncodingFormat, JsonObject } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import { expect } from "vitest";
import { destination as duckdb } from "../../src/duckdb/destination.ts";
import { destinationPostgres } from "../../src/postgres/destination.ts";
import { type Database, destinationConfig } from "../postgres-destination.ts";
import { transfer } from "./routes.ts";

export interface Moving {
  readonly root: string;
  readonly stream: JsonObject;
}

/** Rows as texts, or that the route refused the file. */
type Left = readonly string[] | "refused";

async function leftBy(act: () => Promise<boolean>, rows: () => Promise<readonly string[]>): Promise<Left> {
  try {
    if (!(await act())) return "refused";
  } catch (error) {
    const failure = failureOf(error, "source");
    if (failure.recovery === "skip") return "refused";
    throw error;
  }
  return (await rows()).toSorted((a, b) => (a < b ? -1 : 1));
}

/** Moves a file into a DuckDB file of its own. */
export async function intoDuckdb({ root, stream }: Moving, format: EncodingFormat): Promise<Left> {
  const path = join(root, `target-${format}.duckdb`);
  const remove = (): void => {
    for (const end of ["", ".wal"]) rmSync(`${path}${end}`, { force: true });
  };
  remove();
  const moved = async (): Promise<boolean> => {
    const { offered, rejected } = await transfer({
      root,
      stream,
      destination: duckdb,
      config: { path },
      format,
    });
    expect(rejected).toEqual([]);
    return offered;
  };
  return leftBy(moved, async () => {
    const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
    const connection = await instance.connect();
    try {
      const found = await connection.runAndReadAll(
        `SELECT hex(to_json(COLUMNS(c -> c NOT LIKE '\\_airbyte\\_%' ESCAPE '\\'))::VARCHAR), _airbyte_meta->>'changes' FROM rows`,
      );
      return found.getRowsJson().map((row) => JSON.stringify(row));
    } finally {
      connection.closeSync();
      instance.closeSync();
      remove();
    }
  });
}

let tables = 0;

/** Moves a file into a table of its own in PostgreSQL. */
export async function intoPostgres(
  db: Database,
  { root, stream }: Moving,
  format: EncodingFormat,
): Promise<Left> {
  tables += 1;
  const name = `rows_${tables}`;
  const config = destinationConfig(db.url);
  const moved = async (): Promise<boolean> => {
    const plan = { key: name, table: { name } };
    const { offered, rejected } = await transfer({
      root,
      stream,
      destination: destinationPostgres,
      config,
      format,
      plan,
    });
    expect(rejected).toEqual([]);
    return offered;
  };
  return leftBy(moved, async () => {
    const found = await db.sql(
      `SELECT (to_jsonb(the_row) - '{_airbyte_raw_id,_airbyte_extracted_at,_airbyte_generation_id,_airbyte_meta}'::text[])::text
        || (the_row._airbyte_meta->'changes')::text AS row FROM ${name} AS the_row`,
    );
    await db.sql(`DROP TABLE ${name}`);
    return found.map(({ row }) => row ?? "");
  });
}
