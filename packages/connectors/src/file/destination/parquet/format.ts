import { join } from "node:path";
import type { Measure, MeasureRequest, StreamPlan } from "@weir/protocol";
import { hasChange } from "../../../duckdb/destination/dedup.ts";
import type { Link } from "../../../duckdb/destination/link.ts";
import { keySums } from "../../../duckdb/destination/measure.ts";
import { EXTRACTED_AT, META, RAW_ID } from "../../../duckdb/destination/names.ts";
import { fold, identifier, literal } from "../../../duckdb/destination/sql.ts";
import { encodingsOf } from "../../../duckdb/destination/takes.ts";
import { parseType } from "../../../duckdb/destination/types.ts";
import type { FileSettings } from "../config.ts";
import { HIDDEN_SUFFIX } from "../names.ts";
import type { TableSchema } from "../schema-file.ts";
import type { FormatWriter, OverlapRequest, Rewritten } from "../target.ts";
import { copyFile } from "./copy.ts";
import { Engine } from "./engine.ts";
import { ParquetWriter, tableTarget } from "./writer.ts";

export function parquetFormat(settings: FileSettings, scratch: string): FormatWriter {
  const engine = new Engine(settings, scratch);
  const withLink = async <T>(act: (link: Link) => Promise<T>): Promise<T> => {
    const { link } = await engine.connect();
    try {
      return await act(link);
    } finally {
      link.close();
    }
  };
  return {
    // Each holds a row group for each thread, and buffers: of three, 256 MB are too few.
    parallel: 2,
    prepare: () => engine.prepare(),
    takes: (target) =>
      encodingsOf(tableTarget(target, { schema: "main", name: "none" }), engine.pipes !== undefined).filter(
        ({ format }) => !format.endsWith("-file"),
      ),
    writer: (folder, signal) => ParquetWriter.open(engine, { folder, settings, signal }),
    keepNewest: (request) => withLink((link) => keepNewest(link, request, settings)),
    measure: (plan, schema, files, request) =>
      withLink((link) => measure(link, { plan, schema, files }, request)),
    close: () => engine.close(),
  };
}

function fromFiles(files: readonly string[]): string {
  return `read_parquet([${files.map((path) => literal(path)).join(", ")}], union_by_name = true, hive_partitioning = false`;
}

async function measure(
  link: Link,
  {
    plan,
    schema,
    files,
  }: { readonly plan: StreamPlan; readonly schema: TableSchema; readonly files: readonly string[] },
  { key, signal }: MeasureRequest,
): Promise<Measure> {
  if (files.length === 0) return { rows: 0, ...(key.length === 0 ? {} : { checksum: "0" }) };
  const columns = new Map(schema.columns.map((column) => [fold(column.name), column]));
  const found = (name: string) => {
    const column = columns.get(fold(name));
    const type = column?.type === undefined ? undefined : parseType(column.type);
    return column === undefined || type === undefined ? undefined : { name: column.name, type };
  };
  const sums = keySums(plan, key, found, plan.table.name);
  const [row] = await link.rows(`SELECT ${sums.join(", ")} FROM ${fromFiles(files)})`, signal);
  return { rows: Number(row?.[0]), ...(key.length === 0 ? {} : { checksum: String(row?.[1]) }) };
}

/** Rows whose key is NULL or was changed on the way stay: nothing says that they are the same. */
async function keepNewest(
  link: Link,
  { target, files, folder, signal }: OverlapRequest,
  settings: FileSettings,
): Promise<readonly Rewritten[]> {
  const { plan, columns } = target;
  const nameOf = (field: string): string =>
    identifier(columns.find((column) => column.field.name === field)?.name ?? field);
  const key = plan.primaryKey.map(nameOf);
  const order = [
    ...(plan.cursor === undefined ? [] : [`${nameOf(plan.cursor)} DESC NULLS LAST`]),
    `${EXTRACTED_AT} DESC`,
    `${RAW_ID} DESC`,
  ];
  const isKnown = `${key.map((name) => `${name} IS NOT NULL`).join(" AND ")} AND NOT (${hasChange(META, plan.primaryKey)})`;
  const from = `${fromFiles(files)}, filename = '_weir_file')`;
  await link.run(
    `CREATE OR REPLACE TEMP TABLE _weir_older AS
     WITH keyed AS (SELECT * FROM ${from} WHERE ${isKnown}),
       twice AS (SELECT ${key.join(", ")} FROM keyed GROUP BY ALL HAVING count(*) > 1)
     SELECT _weir_file AS file, ${RAW_ID} AS id FROM keyed SEMI JOIN twice USING (${key.join(", ")})
     QUALIFY row_number() OVER (PARTITION BY ${key.join(", ")} ORDER BY ${order.join(", ")}) > 1`,
    signal,
  );
  const rows = await link.rows("SELECT DISTINCT file FROM _weir_older", signal);
  const rewritten: Rewritten[] = [];
  for (const [file] of rows) {
    const path = String(file);
    const written = join(folder, `${rewritten.length}${HIDDEN_SUFFIX}`);
    const select = `SELECT * FROM ${fromFiles([path])}) WHERE ${RAW_ID} NOT IN (SELECT id FROM _weir_older)`;
    await copyFile(link, select, written, settings, signal);
    rewritten.push({ path, written });
  }
  await link.run("DROP TABLE _weir_older", signal);
  return rewritten;
}
