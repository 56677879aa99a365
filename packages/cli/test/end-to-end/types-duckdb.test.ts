import { join } from "node:path";
import type { Change, EncodingFormat } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { duckSql, newDatabase, type Row } from "./databases.ts";
import { COLUMNS, type TypeColumn } from "./postgres-values.ts";
import { newFolder, offering, type Synced, syncOnce } from "./scene.ts";
import {
  changesOf,
  expectSame,
  type Fits,
  fitting,
  isReplayed,
  type LossOf,
  ORIGIN,
  outputOf,
  prepareTypes,
  rowCounts,
  selectAll,
  sorted,
  withLosses,
} from "./types.ts";

/** Dates and times outside the years 1 to 9999 go by the typed route, as DuckDB's CSV reader spells them otherwise. */
const fits: Fits = ({ sql, duckdb }, { type }) =>
  duckdb === undefined &&
  !(/^(?:date|timestamp)[^[]*$/.test(type) && /^'(?:\d{5}|0001-01-01 .*\+05|.* BC')/.test(sql));

const database = await newDatabase();
await prepareTypes(database, fits);

/** Longer than a line of CSV may be, and seconds of work each time. */
const LONG = "text_20_mb";

/** Numbers that may have more digits than the column: CSV would round them without a word. */
const NOT_CSV = new Set(
  "c_float4 c_float8 c_numeric decimal_5_minus_2 decimal_3_5 decimal_1000_1000".split(" "),
);
/** The column has the same type. */
const NATIVE_CSV = new Set(["c_float4", "c_float8"]);

interface Moved extends Synced {
  readonly rows: readonly Row[];
  readonly changes: readonly (readonly Change[])[];
  readonly types: ReadonlyMap<string, string>;
}

interface Way {
  readonly table: "every" | "fitting";
  readonly route: EncodingFormat;
  readonly nativeTypes: boolean;
  readonly columns: readonly TypeColumn[];
}

async function move({ table, route, nativeTypes, columns }: Way): Promise<Moved> {
  const path = join(newFolder(), "warehouse.duckdb");
  const synced = await syncOnce({
    source: { ...database.source, config: { ...database.source.config, schemas: [ORIGIN] } },
    destination: { id: "destination-duckdb", config: { path } },
    connection: {
      nativeTypes,
      streams: [
        { name: table, mode: "full_refresh_append", fields: ["id", ...columns.map(({ name }) => name)] },
      ],
    },
    through: offering(route),
  });
  expect(synced.result.failure).toBeUndefined();
  const described = await duckSql(path, `DESCRIBE ${table}`);
  const types = new Map(described.map((row) => [row["column_name"] ?? "", row["column_type"] ?? ""]));
  const found = await duckSql(
    path,
    selectAll(table, columns, ({ name }) => textOf(name, types)),
  );
  const rows = found.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, text]) => [name, asPostgres(types.get(name) ?? "", text)]),
    ),
  );
  const meta = await duckSql(
    path,
    `SELECT _airbyte_meta->'changes' AS changes, count(*) OVER (PARTITION BY _airbyte_raw_id) AS same FROM ${table} ORDER BY id`,
  );
  expect(meta.map(({ same }) => String(same))).toEqual(meta.map(() => "1"));
  const changes = meta.map((row) => sorted(JSON.parse(row["changes"] ?? "") as readonly Change[]));
  return { ...synced, rows, changes, types };
}

/** The instant's own text: DuckDB prints those in the last second it knows a millisecond late when a zone is in it. */
function textOf(name: string, types: ReadonlyMap<string, string>): string {
  const text = `CAST("${name}" AS VARCHAR)`;
  if (types.get(name) !== "TIMESTAMP WITH TIME ZONE") return text;
  return `CASE WHEN isinf("${name}") THEN ${text} ELSE CAST(make_timestamp(epoch_us("${name}")) AS VARCHAR) || '+00' END`;
}

/** DuckDB's text of a value as PostgreSQL spells it. */
function asPostgres(type: string, text: string | null): string | null {
  if (text === null) return null;
  if (type.startsWith("DECIMAL")) return text.replace(/^(-?)\./, "$10.");
  if (type === "FLOAT" || type === "DOUBLE") return floatText(text);
  return /^(?:DATE|TIMESTAMP)/.test(type) ? text.replace(/^(.*) \(BC\)(.*)$/, "$1$2 BC") : text;
}

/** One text for each float, whatever digits it came with. */
function floatText(text: string | null): string | null {
  if (text === null) return null;
  const words: Readonly<Record<string, string>> = { inf: "Infinity", "-inf": "-Infinity", nan: "NaN" };
  const value = Number(words[text] ?? text);
  return Object.is(value, -0) ? "-0" : String(value);
}

/** What the source itself says the rows are in columns of these types. */
async function truth(
  table: string,
  columns: readonly TypeColumn[],
  types: ReadonlyMap<string, string>,
): Promise<readonly Row[]> {
  const said = await database.sql(
    selectAll(`${ORIGIN}.${table}`, columns, ({ name }) => {
      const column = `"${name}"`;
      const type = types.get(name) ?? "";
      if (type === "BOOLEAN") return `${column}::text`;
      if (type === "JSON") return `to_json(${column})::text`;
      const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1];
      // Neither NaN nor the infinities can be cast to a limited numeric.
      return scale === undefined ? outputOf(column) : `round((${outputOf(column)})::numeric, ${scale})::text`;
    }),
  );
  const floats = columns.filter(({ name }) => /^(?:FLOAT|DOUBLE)$/.test(types.get(name) ?? ""));
  return said.map((row) => ({
    ...row,
    ...Object.fromEntries(floats.map(({ name }) => [name, floatText(row[name] ?? null)])),
  }));
}

/** Values of DECIMAL columns that rounding to the column's scale changes, as the source says. */
async function roundedIn(
  moved: Moved,
  table: string,
  columns: readonly TypeColumn[],
): Promise<readonly string[]> {
  const found = [];
  for (const { name } of columns) {
    const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(moved.types.get(name) ?? "")?.[1];
    if (scale === undefined) continue;
    const value = `(${outputOf(`"${name}"`)})::numeric`;
    const rows = await database.sql(
      `SELECT id FROM ${ORIGIN}.${table} WHERE ${value} <> round(${value}, ${scale}) ORDER BY id`,
    );
    found.push(...rows.map(({ id }) => `${name} ${id}`));
  }
  return found;
}

describe.each([false, true])("nativeTypes %s", (nativeTypes) => {
  const lossOf: LossOf = ({ duckdb }, { type }) =>
    nativeTypes && /^float[48]$/.test(type) ? undefined : duckdb;
  const columnsBy = (route: EncodingFormat, columns: readonly TypeColumn[]): readonly TypeColumn[] =>
    columns.filter(
      ({ name }) => route !== "csv" || !NOT_CSV.has(name) || (nativeTypes && NATIVE_CSV.has(name)),
    );

  test.each(["csv", "batch"] as const)("%s carries everything that fits, unchanged", async (route) => {
    const columns = columnsBy(route, fitting(fits)).filter(({ name }) => name !== LONG);
    const moved = await move({ table: "fitting", route, nativeTypes, columns });
    const { result, rows, changes, types } = moved;
    expect([result.status, result.streams[0]?.route, isReplayed(moved)]).toEqual(["succeeded", route, false]);
    expectSame(
      rows,
      withLosses(await truth("fitting", columns, types), columns, () => undefined),
    );
    expect(await roundedIn(moved, "fitting", columns)).toEqual([]);
    expect(changes.flat()).toEqual([]);
    expect(rowCounts(moved)).toEqual({ read: rows.length, committed: rows.length, rejected: 0, changed: 0 });
  });

  test.each(["csv", "batch"] as const)(
    "by %s, what does not fit is NULL or rounded, and said",
    async (route) => {
      const columns = columnsBy(route, COLUMNS).filter(({ name }) => name !== LONG);
      const moved = await move({ table: "every", route, nativeTypes, columns });
      const { rows, changes, types } = moved;
      expect(isReplayed(moved)).toBe(route === "csv");
      expectSame(rows, withLosses(await truth("every", columns, types), columns, lossOf));
      expect(changes).toEqual(changesOf(rows.length, columns, lossOf));
      const said = changes.flatMap((list, id) =>
        list.filter(({ change }) => change === "TRUNCATED").map(({ field }) => `${field} ${id}`),
      );
      const losses = (await roundedIn(moved, "every", columns)).filter((value) => {
        const [name = "", id = ""] = value.split(" ");
        return rows[Number(id)]?.[name] !== null;
      });
      expect(said.toSorted()).toEqual(losses.toSorted());
      const changed = changes.filter((list) => list.length > 0).length;
      expect(rowCounts(moved)).toEqual({ read: rows.length, committed: rows.length, rejected: 0, changed });
    },
  );
});

test("a text of 20 MB goes by the typed route where it is too long for CSV", async () => {
  const columns = COLUMNS.filter(({ name }) => name === LONG);
  const moved = await move({ table: "fitting", route: "csv", nativeTypes: false, columns });
  expect([isReplayed(moved), moved.result.status]).toEqual([true, "succeeded"]);
  expectSame(
    moved.rows,
    withLosses(await truth("fitting", columns, moved.types), columns, () => undefined),
  );
  expect(moved.changes.flat()).toEqual([]);
});

test("columns have Airbyte's types, and with nativeTypes the source's where DuckDB has them", async () => {
  const columns = COLUMNS.filter(({ name }) => /^(?:c_|decimal_)/.test(name));
  const typesBy = async (nativeTypes: boolean): Promise<ReadonlyMap<string, string>> =>
    (await move({ table: "fitting", route: "batch", nativeTypes, columns })).types;
  const usual = await typesBy(false);
  const special = [...usual].filter(([name, type]) => type !== "VARCHAR" && /^(?:c_|decimal_)/.test(name));
  expect(Object.fromEntries(special)).toEqual({
    c_bool: "BOOLEAN",
    c_date: "DATE",
    c_float4: "DECIMAL(38,9)",
    c_float8: "DECIMAL(38,9)",
    c_int2: "BIGINT",
    c_int4: "BIGINT",
    c_int8: "BIGINT",
    c_json: "JSON",
    c_jsonb: "JSON",
    c_numeric: "DECIMAL(38,9)",
    c_oid: "BIGINT",
    c_time: "TIME",
    c_timestamp: "TIMESTAMP",
    c_timestamptz: "TIMESTAMP WITH TIME ZONE",
    c_timetz: "TIME WITH TIME ZONE",
    decimal_1000_1000: "DECIMAL(38,9)",
    decimal_10_2: "DECIMAL(10,2)",
    decimal_18_4: "DECIMAL(18,4)",
    decimal_38_0: "DECIMAL(38,0)",
    decimal_38_38: "DECIMAL(38,38)",
    decimal_38_9: "DECIMAL(38,9)",
    decimal_38_9_nan: "DECIMAL(38,9)",
    decimal_39_1: "DECIMAL(38,9)",
    decimal_3_5: "DECIMAL(38,9)",
    decimal_4_2: "DECIMAL(4,2)",
    decimal_5_minus_2: "DECIMAL(38,9)",
  });
  const others = [...(await typesBy(true))].filter(([name, type]) => usual.get(name) !== type);
  expect(Object.fromEntries(others)).toEqual({
    id: "INTEGER",
    c_int2: "SMALLINT",
    c_int4: "INTEGER",
    c_float4: "FLOAT",
    c_float8: "DOUBLE",
    c_uuid: "UUID",
  });
});
