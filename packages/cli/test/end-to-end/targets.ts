import { join } from "node:path";
import type { Change } from "@weir/protocol";
import { isObject, parseJson } from "@weir/protocol";
import { duckSql, newDatabase, type Row } from "./databases.ts";
import { type Endpoint, newFolder } from "./scene.ts";

/** A destination that is empty at first. Its rows are looked at with SQL that all of them understand. */
export interface Target {
  readonly endpoint: Endpoint;
  sql(text: string): Promise<readonly Row[]>;
}

export const TARGETS = ["destination-postgres", "destination-duckdb"] as const;

export async function newTarget(id: (typeof TARGETS)[number]): Promise<Target> {
  if (id === "destination-postgres") {
    const database = await newDatabase();
    return { endpoint: database.destination, sql: (text) => database.sql(text) };
  }
  const path = join(newFolder(), "warehouse.duckdb");
  return { endpoint: { id, config: { path } }, sql: (text) => duckSql(path, text) };
}

export interface ShownRow {
  readonly values: Row;
  readonly changes: readonly Change[];
}

/** The rows of a table by their ids, Weir's own columns apart; numbers without zeros at their end. */
export async function rowsOf(target: Target, table: string, order = "id"): Promise<readonly ShownRow[]> {
  const names = await columnsOf(target, table);
  const list = [...names.keys()].map((name) => `CAST("${name}" AS VARCHAR) AS "${name}"`);
  const rows = await target.sql(
    `SELECT CAST(_airbyte_meta AS VARCHAR) AS meta, ${list.join(", ")} FROM "${table}" AS t ORDER BY t."${order}", t._airbyte_raw_id`,
  );
  return rows.map(({ meta, ...values }) => {
    const parsed = parseJson(meta ?? "");
    if (!isObject(parsed)) throw new TypeError(`no object in _airbyte_meta: ${meta}`);
    const plain = Object.entries(values).map(([name, text]) => [
      name,
      text !== null && /^-?\d+\.\d*$/.test(text) ? text.replace(/\.?0*$/, "") : text,
    ]);
    return {
      values: Object.fromEntries(plain) as Row,
      changes: parsed["changes"] as unknown as readonly Change[],
    };
  });
}

/** Names and types of a table's columns, Weir's own apart; none where there is no table. */
export async function columnsOf(target: Target, table: string): Promise<ReadonlyMap<string, string>> {
  const rows = await target.sql(
    `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${table.replaceAll("'", "''")}'
      AND table_schema <> '_weir' AND column_name NOT LIKE '\\_airbyte\\_%' ESCAPE '\\' ORDER BY ordinal_position`,
  );
  return new Map(rows.map((row) => [row["column_name"] ?? "", row["data_type"] ?? ""]));
}
