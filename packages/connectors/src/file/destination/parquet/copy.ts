import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFile, syncFolder } from "@weir/kit";
import type { RowMeta } from "@weir/protocol";
import type { Link } from "../../../duckdb/destination/link.ts";
import { META, META_COLUMNS } from "../../../duckdb/destination/names.ts";
import { identifier, literal, tableSql, type TableName } from "../../../duckdb/destination/sql.ts";
import { canonicalText } from "../../../duckdb/destination/widen.ts";
import { endingOf, type FileSettings } from "../config.ts";
import { unusable } from "../failures.ts";
import { dataFileName, partitionFolder } from "../names.ts";
import type { Target, WrittenFile } from "../target.ts";

const PARTITION = "_weir_partition";

/** Wide rows make smaller groups, each of which is held in memory; usual ones reach 122,880 rows first. */
const GROUP_BYTES = 16 * 1024 * 1024;

/** Options of COPY. What it writes ends in `.part`: some readers' patterns match hidden folders too. */
function optionsOf({ compression, fileBytes }: FileSettings, partitioned: boolean): string {
  const codec = compression === "none" ? "uncompressed" : compression;
  const parts = partitioned
    ? [`PARTITION_BY (${PARTITION})`, "WRITE_PARTITION_COLUMNS false"]
    : [`FILE_SIZE_BYTES ${fileBytes}`];
  return `(FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE_BYTES ${GROUP_BYTES}, FILE_EXTENSION 'part', ${parts.join(", ")})`;
}

function columnNamesOf({ columns }: Target): readonly string[] {
  return [...META_COLUMNS, ...columns.map(({ name }) => name)];
}

function datesOf({ columns }: Target): readonly string[] {
  return columns.filter(({ type }) => type.base === "DATE").map(({ name }) => identifier(name));
}

/**
 * COPY of a SELECT whose columns come in the target's order, straight into a folder. Parquet has no endless date, and
 * DuckDB would write a day in the year 5881580: such rows fail, and the part is read again the other way.
 */
export function copyDirect(target: Target, settings: FileSettings, folder: string) {
  const names = columnNamesOf(target).map(identifier);
  const dates = datesOf(target).map(
    (name) =>
      `CASE WHEN ${name} IS NULL OR isfinite(${name}) THEN ${name} ELSE error('endless date') END AS ${name}`,
  );
  const list = dates.length === 0 ? "*" : `* REPLACE (${dates.join(", ")})`;
  return (select: string): string =>
    `COPY (SELECT ${list} FROM (${select}) AS t(${names.join(", ")})) TO ${literal(folder)} ${optionsOf(settings, false)}`;
}

/** Endless dates become NULL, with a change. Returns how many rows had none before. */
export async function dropEndlessDates(link: Link, table: TableName, target: Target): Promise<number> {
  const dates = target.columns.filter(({ type }) => type.base === "DATE");
  if (dates.length === 0) return 0;
  const name = (column: (typeof dates)[number]): string => identifier(column.name);
  const isEndless = dates.map((column) => `NOT isfinite(${name(column)})`).join(" OR ");
  const [found] = await link.rows(
    `SELECT count(*) FROM ${tableSql(table)} WHERE (${isEndless}) AND json_array_length(${META}, '$.changes') = 0`,
  );
  const changes = dates.map((column) => {
    const change = {
      field: column.field.name,
      change: "NULLED",
      reason: "DESTINATION_FIELD_SIZE_LIMITATION",
    };
    return `CASE WHEN NOT isfinite(${name(column)}) THEN ${literal(JSON.stringify(change))}::JSON END`;
  });
  const all = `list_concat(CAST(json_extract(${META}, '$.changes') AS JSON[]), list_filter([${changes.join(", ")}], x -> x IS NOT NULL))`;
  const meta = `json_object('sync_id', json_extract(${META}, '$.sync_id'), 'changes', ${all})`;
  const nulls = dates.map(
    (column) => `${name(column)} = CASE WHEN isfinite(${name(column)}) THEN ${name(column)} END`,
  );
  await link.run(`UPDATE ${tableSql(table)} SET ${META} = ${meta}, ${nulls.join(", ")} WHERE ${isEndless}`);
  return Number(found?.[0]);
}

/** Writes a table's rows below `folder`, in a folder for each partition. Returns the partitions by folder name. */
export async function copyTable(
  link: Link,
  table: TableName,
  target: Target,
  copy: { readonly settings: FileSettings; readonly folder: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  const { settings, folder, signal } = copy;
  const names = columnNamesOf(target).map(identifier);
  const to = `TO ${literal(folder)}`;
  if (target.partition.length === 0) {
    await link.run(
      `COPY (SELECT ${names.join(", ")} FROM ${tableSql(table)}) ${to} ${optionsOf(settings, false)}`,
      signal,
    );
    return new Map([["", ""]]);
  }
  const columns = target.partition.flatMap((index) => target.columns[index] ?? []);
  const texts = columns.map(({ name, type }) => canonicalText(identifier(name), type));
  const parts: TableName = { schema: table.schema, name: `${table.name}_partitions` };
  const keys = columns.map((_, index) => `k${index}`);
  const made = texts.map((text, index) => `${text} AS k${index}`).join(", ");
  await link.run(
    `CREATE OR REPLACE TABLE ${tableSql(parts)} AS
     SELECT row_number() OVER () AS id, * FROM (SELECT DISTINCT ${made} FROM ${tableSql(table)})`,
    signal,
  );
  const rows = await link.rows(`SELECT id, ${keys.join(", ")} FROM ${tableSql(parts)}`, signal);
  const same = texts.map((text, index) => `${text} IS NOT DISTINCT FROM p.k${index}`).join(" AND ");
  const own = names.map((name) => `t.${name}`).join(", ");
  await link.run(
    `COPY (SELECT ${own}, p.id AS ${PARTITION} FROM ${tableSql(table)} AS t JOIN ${tableSql(parts)} AS p ON ${same}) ${to} ${optionsOf(settings, true)}`,
    signal,
  );
  await link.run(`DROP TABLE ${tableSql(parts)}`, signal);
  return new Map(
    rows.map(([id, ...values]) => [
      `${PARTITION}=${String(id)}`,
      partitionFolder(
        columns.map(({ name }) => name),
        values.map((value) => (value === null || value === undefined ? null : String(value))),
      ),
    ]),
  );
}

/** Makes the files of a COPY that wrote rows durable, and says where they belong. Fails where a partition has none. */
export async function collect(
  folder: string,
  partitions: ReadonlyMap<string, string>,
  target: Target,
  made: { readonly meta: RowMeta; readonly settings: FileSettings },
): Promise<readonly WrittenFile[]> {
  const { meta, settings } = made;
  const written: WrittenFile[] = [];
  await syncFolder(dirname(folder));
  for (const [place, partition] of partitions) {
    const home = join(folder, place);
    const files = await readdir(home).catch(() => []);
    if (files.length === 0) {
      throw unusable(
        `Rows were written below ${home}, and no file is there.`,
        "Look for what removes files in the folder of the destination; nothing of this part was committed.",
      );
    }
    for (const found of files) {
      const path = join(home, found);
      await syncFile(path);
      const label = { generation: meta.generation, sync: meta.sync };
      const rest = `${crypto.randomUUID().slice(0, 8)}${endingOf(settings)}`;
      written.push({
        target,
        path,
        partition,
        name: dataFileName(label, meta.rawIdPrefix.toLowerCase(), rest),
      });
    }
    await syncFolder(home);
  }
  return written;
}

/** Puts a file that COPY made of one SELECT at its place. */
export async function copyFile(
  link: Link,
  select: string,
  path: string,
  settings: FileSettings,
  signal: AbortSignal,
): Promise<void> {
  const codec = settings.compression === "none" ? "uncompressed" : settings.compression;
  const made = `${path}.new`;
  await rm(made, { force: true });
  await link.run(`COPY (${select}) TO ${literal(made)} (FORMAT parquet, COMPRESSION ${codec})`, signal);
  await rename(made, path);
  await syncFile(path);
}
