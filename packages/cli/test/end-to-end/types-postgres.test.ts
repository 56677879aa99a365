import type { Change, EncodingFormat } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { newDatabase, type Row } from "./databases.ts";
import { COLUMNS, type TypeColumn } from "./postgres-values.ts";
import { offering, type Synced, syncOnce } from "./scene.ts";
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

const fits: Fits = ({ jsonb }) => jsonb === undefined;

const database = await newDatabase();
await prepareTypes(database, fits);
await database.sql(`CREATE FUNCTION as_jsonb(given text) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RETURN given::jsonb::text; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$`);

/** Kept as text or JSON although `nativeTypes` asks: they name objects of one server, follow its locale, or hold JSON. */
const NEVER_NATIVE = (
  "money xid xid8 cid tid pg_snapshot txid_snapshot refcursor aclitem regclass regcollation regconfig regdictionary " +
  "regnamespace regoper regoperator regproc regprocedure regrole regtype"
)
  .split(" ")
  .flatMap((base) => [`c_${base}`, `list_${base}`])
  .concat(
    "c_pg_node_tree c_pg_ndistinct c_pg_dependencies c_pg_mcv_list c_gtsvector c_pg_brin_bloom_summary".split(
      " ",
    ),
    "list_jsonpath c_pg_brin_minmax_multi_summary json_array json_array_nul jsonb_array pair_array email_array int2vector oidvector".split(
      " ",
    ),
  );

/** Costs seconds each time: it goes by every route once. */
const LONG = "text_20_mb";

/** Types whose binary form is not the same on every server. */
const NOT_BINARY = new Set(
  "c_char list_char c_xml list_xml c_tsquery list_tsquery pair row_type float_range float_multirange moods mood_array".split(
    " ",
  ),
);

test("every type of the server that a column can have is among the columns", async () => {
  const rows = await database.sql(
    `SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace
      AND typtype IN ('b', 'd', 'e', 'm', 'r') AND NOT (typcategory = 'A' AND typname LIKE '\\_%')`,
  );
  const known = new Set(COLUMNS.flatMap(({ name, base }) => [name, base]));
  expect(rows.length).toBeGreaterThan(80);
  expect(rows.map(({ typname }) => typname).filter((name) => !known.has(name ?? ""))).toEqual([]);
});

interface Moved extends Synced {
  readonly rows: readonly Row[];
  readonly changes: readonly (readonly Change[])[];
  readonly types: ReadonlyMap<string, string>;
}

interface Way {
  readonly table: "every" | "fitting";
  readonly route: EncodingFormat;
  readonly nativeTypes: boolean;
  readonly columns?: readonly TypeColumn[];
}

/** The table by one route, as the destination shows it: by output functions. */
async function move({ table, route, nativeTypes, columns = COLUMNS }: Way): Promise<Moved> {
  const schema = `${table} ${route} ${nativeTypes}`;
  const synced = await syncOnce({
    source: { ...database.source, config: { ...database.source.config, schemas: [ORIGIN] } },
    destination: { ...database.destination, config: { ...database.destination.config, schema } },
    connection: {
      name: schema,
      nativeTypes,
      streams: [
        { name: table, mode: "full_refresh_append", fields: ["id", ...columns.map(({ name }) => name)] },
      ],
    },
    through: offering(route),
  });
  expect(synced.result.failure).toBeUndefined();
  const from = `"${schema}".${table}`;
  const rows = await database.sql(selectAll(from, columns, ({ name }) => outputOf(`"${name}"`)));
  const meta = await database.sql(
    `SELECT (_airbyte_meta -> 'changes')::text AS changes, count(*) OVER (PARTITION BY _airbyte_raw_id) AS same
      FROM ${from} ORDER BY id`,
  );
  expect(meta.map(({ same }) => same)).toEqual(meta.map(() => "1"));
  const types = await database.sql(
    `SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = '${from.replaceAll("'", "''")}'::regclass AND attnum > 0`,
  );
  return {
    ...synced,
    rows,
    changes: meta.map(({ changes }) => sorted(JSON.parse(changes ?? "") as readonly Change[])),
    types: new Map(types.map(({ attname, type }) => [attname ?? "", type ?? ""])),
  };
}

/** What the source itself says the rows are in columns of these types. */
async function truth(
  table: string,
  columns: readonly TypeColumn[],
  types: ReadonlyMap<string, string>,
): Promise<readonly Row[]> {
  const native = await nativeTypesOf(table);
  return database.sql(
    selectAll(`${ORIGIN}.${table}`, columns, ({ name }) => {
      const type = types.get(name);
      const column = `"${name}"`;
      if (type === native.get(name)) return outputOf(column);
      // Of an array, to_jsonb fails where its text as JSON is refused.
      if (type === "jsonb") return `as_jsonb(to_json(${column})::text)`;
      return type === "numeric" ? `(${outputOf(column)})::numeric::text` : outputOf(column);
    }),
  );
}

/** The types of the source's columns with every domain resolved. */
async function nativeTypesOf(table: string): Promise<ReadonlyMap<string, string>> {
  const rows = await database.sql(`WITH RECURSIVE base AS (
      SELECT attname, atttypid AS type, atttypmod AS modifier FROM pg_attribute
        WHERE attrelid = '${ORIGIN}.${table}'::regclass AND attnum > 0
      UNION ALL SELECT attname, typbasetype, typtypmod FROM base JOIN pg_type ON oid = type AND typtype = 'd')
    SELECT attname, format_type(type, modifier) AS type FROM base JOIN pg_type ON oid = type WHERE typtype <> 'd'`);
  return new Map(rows.map(({ attname, type }) => [attname ?? "", type ?? ""]));
}

const ROUTES = ["pg-binary", "pg-text", "batch"] as const;

describe.each([false, true])("nativeTypes %s", (nativeTypes) => {
  // A json column takes what a jsonb column does not.
  const lossOf: LossOf = ({ jsonb }, { type }) => (nativeTypes && type === "json" ? undefined : jsonb);

  test.each(ROUTES)("%s carries everything that fits, unchanged", async (route) => {
    const isSubset = nativeTypes && route === "pg-binary";
    const columns = fitting(fits).filter(
      ({ name }) => !(nativeTypes && name === LONG) && !(isSubset && NOT_BINARY.has(name)),
    );
    const moved = await move({ table: "fitting", route, nativeTypes, columns });
    const { result, rows, changes, types } = moved;
    expect([result.status, result.streams[0]?.route, isReplayed(moved)]).toEqual(["succeeded", route, false]);
    expectSame(
      rows,
      withLosses(await truth("fitting", columns, types), columns, () => undefined),
    );
    expect(changes.flat()).toEqual([]);
    expect(rowCounts(moved)).toEqual({ read: rows.length, committed: rows.length, rejected: 0, changed: 0 });
  });

  test.each(ROUTES)("by %s, what does not fit is NULL and said, as by batch alone", async (route) => {
    const isSubset = nativeTypes && route === "pg-binary";
    const columns = COLUMNS.filter(({ name }) => name !== LONG && !(isSubset && NOT_BINARY.has(name)));
    const moved = await move({ table: "every", route, nativeTypes, columns });
    const { rows, changes, types } = moved;
    expect(isReplayed(moved)).toBe(route !== "batch");
    expectSame(rows, withLosses(await truth("every", columns, types), columns, lossOf));
    expect(changes).toEqual(changesOf(rows.length, columns, lossOf));
    const changed = changes.filter((list) => list.length > 0).length;
    expect(rowCounts(moved)).toEqual({ read: rows.length, committed: rows.length, rejected: 0, changed });
  });
});

test("native types are kept except those that mean something else elsewhere", async () => {
  const columns = COLUMNS.filter(({ name }) => name !== LONG);
  const { types } = await move({ table: "fitting", route: "pg-text", nativeTypes: true, columns });
  const native = await nativeTypesOf("fitting");
  const others = columns.filter(({ name }) => types.get(name) !== native.get(name)).map(({ name }) => name);
  expect(others.toSorted()).toEqual(NEVER_NATIVE.toSorted());
});

test("types of the user's own that the destination has not are kept as text", async () => {
  const other = await newDatabase();
  const names = ["mood", "pair", "row_type", "float_range", "moods", "mood_array"];
  const { result } = await syncOnce({
    source: { ...database.source, config: { ...database.source.config, schemas: [ORIGIN] } },
    destination: other.destination,
    connection: {
      nativeTypes: true,
      streams: [{ name: "fitting", mode: "full_refresh_append", fields: ["id", ...names] }],
    },
  });
  expect(result).toMatchObject({
    status: "succeeded",
    streams: [{ route: "pg-binary", rows: { changed: 0 } }],
  });
  const columns = COLUMNS.filter(({ name }) => names.includes(name));
  const arrays = new Map([
    ["moods", "jsonb"],
    ["mood_array", "jsonb"],
  ]);
  const rows = await other.sql(selectAll("fitting", columns, ({ name }) => outputOf(`"${name}"`)));
  expectSame(rows, await truth("fitting", columns, arrays));
});
