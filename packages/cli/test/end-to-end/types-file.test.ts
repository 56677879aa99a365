import { join } from "node:path";
import type { Change } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { duckSql, newDatabase, type Row } from "./databases.ts";
import { COLUMNS, type TypeColumn } from "./postgres-values.ts";
import { newFolder, offering, syncOnce } from "./scene.ts";
import { expectSame, isReplayed, ORIGIN, prepareTypes, rowCounts } from "./types.ts";

const database = await newDatabase();
await prepareTypes(database, () => true);
const source = { ...database.source, config: { ...database.source.config, schemas: [ORIGIN] } };

const stream = (columns: readonly TypeColumn[]) => ({
  name: "every",
  mode: "full_refresh_append" as const,
  fields: ["id", ...columns.map(({ name }) => name)],
});

/** The rows in a PostgreSQL of their own, however they came there. */
async function rowsIn(
  target: Awaited<ReturnType<typeof newDatabase>>,
  columns: readonly TypeColumn[],
): Promise<readonly Row[]> {
  const list = columns.map(({ name }) => `${shown(`"${name}"`)} AS "${name}"`);
  return target.sql(`SELECT id, ${list.join(", ")} FROM every ORDER BY id`);
}

/** Zeros at the end of a number say nothing in JSON: there `1.50` is 1.5, in JSON values too. */
function shown(column: string): string {
  const text = `regexp_replace(${column}::text, '(\\d)\\.0+(?!\\d)|(\\.\\d*?[1-9])0+(?!\\d)', '\\1\\2', 'g')`;
  return `CASE WHEN length(${text}) > 2000 THEN 'md5 ' || md5(${text}) ELSE ${text} END`;
}

/** A column that holds JSON can hold JSON's null, which a line of JSON cannot tell from none. */
const isJson = ({ type }: TypeColumn): boolean => /^jsonb?$/.test(type);

describe("every value of PostgreSQL goes into text files and comes back", () => {
  test.each([
    ["csv", "none"],
    ["csv", "zstd"],
    ["jsonl", "none"],
    ["jsonl", "gzip"],
  ] as const)("%s, %s", { timeout: 120_000 }, async (format, compression) => {
    const columns = COLUMNS;
    const folder = newFolder();
    const written = await syncOnce({
      source,
      destination: { id: "destination-file", config: { folder, format, compression } },
      connection: { streams: [stream(columns)] },
    });
    expect(written.result.failure).toBeUndefined();
    expect(rowCounts(written)?.changed).toBe(0);
    const [direct, back] = [await newDatabase(), await newDatabase()];
    await syncOnce({ source, destination: direct.destination, connection: { streams: [stream(columns)] } });
    const files = [`every/**/*.${format}*`];
    const read = await syncOnce({
      source: { id: "source-file", config: { root: folder, streams: [{ name: "every", files }] } },
      destination: back.destination,
      streams: ["every"],
      mode: "full_refresh_append",
    });
    expect(read.result.failure).toBeUndefined();
    const nullable = new Set(format === "jsonl" ? COLUMNS.filter(isJson).map(({ name }) => name) : []);
    const expected = (await rowsIn(direct, columns)).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, text]) => [
          name,
          nullable.has(name) && text === "null" ? null : text,
        ]),
      ),
    );
    expectSame(await rowsIn(back, columns), expected);
  });
});

/** Cells that Parquet holds otherwise than PostgreSQL: losses of DECIMAL(38,9) and of endless dates. */
function isOther(name: string, row: number): boolean {
  const { type, values } = COLUMNS.find((column) => column.name === name) ?? { type: "", values: [] };
  const value = values[row];
  if (value?.duckdb !== undefined) return true;
  return type === "date" && /infinity/.test(value?.sql ?? "");
}

describe("every value of PostgreSQL goes into Parquet and comes back", () => {
  test.each(["snappy", "zstd"])("%s", { timeout: 120_000 }, async (compression) => {
    const folder = newFolder();
    const config = { folder, format: "parquet", compression, memory_limit: "1GB" };
    const written = await syncOnce({
      source,
      destination: { id: "destination-file", config },
      connection: { streams: [stream(COLUMNS)] },
    });
    expect(written.result.failure).toBeUndefined();
    const [direct, back] = [await newDatabase(), await newDatabase()];
    await syncOnce({ source, destination: direct.destination, connection: { streams: [stream(COLUMNS)] } });
    const files = ["every/**/*.parquet"];
    const read = await syncOnce({
      source: { id: "source-file", config: { root: folder, streams: [{ name: "every", files }] } },
      destination: back.destination,
      streams: ["every"],
      mode: "full_refresh_append",
    });
    expect(read.result.failure).toBeUndefined();
    // JSON that jsonb does not take, and nothing else, is lost on the way back.
    const changes = await back.sql(
      "SELECT id, c->>'field' AS field FROM every, jsonb_array_elements(_airbyte_meta->'changes') AS c",
    );
    const unexpected = changes.filter(({ id, field }) => {
      const column = COLUMNS.find(({ name }) => name === field);
      return column?.values[Number(id)]?.jsonb === undefined;
    });
    expect(unexpected).toEqual([]);
    const held = (rows: readonly Row[], lost: boolean): readonly Row[] =>
      rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => isOther(name, Number(row["id"])) === lost)),
      );
    const [found, expected] = [await rowsIn(back, COLUMNS), await rowsIn(direct, COLUMNS)];
    expectSame(held(found, false), held(expected, false));
    // What is lost is told in the first sync's changes; it is NULL or rounded here as well.
    expect(held(found, true)).not.toEqual(held(expected, true));
  });
});

/** What Parquet has beside DuckDB's own tables, as SQL over both: no time with an offset, no endless dates. */
function comparable(column: string, type: string): readonly [table: string, file: string] {
  const text = (value: string): string =>
    `CASE WHEN length(CAST(${value} AS VARCHAR)) > 2000 THEN md5(CAST(${value} AS VARCHAR)) ELSE CAST(${value} AS VARCHAR) END`;
  if (type === "TIME WITH TIME ZONE") return [text(column), text(`CAST(${column} AS TIMETZ)`)];
  if (type === "DATE") return [text(`CASE WHEN isfinite(${column}) THEN ${column} END`), text(column)];
  return [text(column), text(column)];
}

/** Numbers that may have more digits than the column, times with an offset, a line too long for CSV. */
const NOT_CSV = new Set(
  "c_float4 c_float8 c_numeric decimal_5_minus_2 decimal_3_5 decimal_1000_1000 c_timetz timetz_3 text_20_mb".split(
    " ",
  ),
);

describe.each([false, true])("Parquet holds what DuckDB's tables hold, nativeTypes %s", (nativeTypes) => {
  test.each(["batch", "csv"] as const)("by %s", { timeout: 120_000 }, async (route) => {
    const columns = COLUMNS.filter(({ name }) => route !== "csv" || !NOT_CSV.has(name));
    const [folder, path] = [newFolder(), join(newFolder(), "warehouse.duckdb")];
    const move = (destination: Parameters<typeof syncOnce>[0]["destination"]) =>
      syncOnce({
        source,
        destination,
        connection: { nativeTypes, streams: [stream(columns)] },
        through: offering(route),
      });
    const table = await move({ id: "destination-duckdb", config: { path } });
    // A text of 20 MB is held several times while it is written.
    const config = { folder, format: "parquet", memory_limit: "1GB" };
    const files = await move({ id: "destination-file", config });
    expect([table.result.failure, files.result.failure]).toEqual([undefined, undefined]);
    // An endless date, among others, is not for CSV.
    expect(isReplayed(files)).toBe(route === "csv");
    const from = `read_parquet('${folder}/every/*.parquet')`;
    const described = await duckSql(path, "DESCRIBE every");
    const found = described.flatMap((row) => {
      const name = row["column_name"] ?? "";
      return name.startsWith("_airbyte") ? [] : [{ name, type: row["column_type"] ?? "" }];
    });
    const texts = found.map(({ name, type }) => ({ name, sql: comparable(`"${name}"`, type) }));
    const select = (at: 0 | 1, rows: string): string =>
      `SELECT ${texts.map(({ name, sql }) => `${sql[at]} AS "${name}"`).join(", ")} FROM ${rows} ORDER BY CAST(id AS BIGINT)`;
    expectSame(await duckSql(path, select(1, from)), await duckSql(path, select(0, "every")));
    const meta = (rows: string) =>
      duckSql(path, `SELECT _airbyte_meta->'changes' AS changes FROM ${rows} ORDER BY id`);
    const changes = (row: Row): readonly Change[] => JSON.parse(row["changes"] ?? "") as readonly Change[];
    const endless = (await duckSql(path, "SELECT NOT isfinite(c_date) AS lost FROM every ORDER BY id")).map(
      ({ lost }) => String(lost) === "true",
    );
    expect(endless.filter((lost) => lost).length).toBeGreaterThan(0);
    const [inTable, inFiles] = [(await meta("every")).map(changes), (await meta(from)).map(changes)];
    inFiles.forEach((list, row) => {
      const more = {
        field: "c_date",
        change: "NULLED",
        reason: "DESTINATION_FIELD_SIZE_LIMITATION",
      } as const;
      expect(list).toEqual([...(inTable[row] ?? []), ...(endless[row] === true ? [more] : [])]);
    });
    expect(rowCounts(files)?.changed).toBe(inFiles.filter((list) => list.length > 0).length);
  });
});
