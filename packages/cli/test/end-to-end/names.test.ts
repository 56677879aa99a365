import { describe, expect, test } from "vitest";
import { newDatabase } from "./databases.ts";
import { syncOnce } from "./scene.ts";
import { newTarget, type Target, TARGETS } from "./targets.ts";

const NAMES = [
  "select",
  "order",
  "UPPER",
  "upper",
  "Upper",
  'q"uote',
  "it's",
  "back\\slash",
  "dotted.name",
  " blanks ",
  "line\nfeed",
  "naïve 🎉",
  "🎉",
  "%s $1 {} ${x}",
  "; DROP TABLE t; --",
  "_airbyte_raw_id",
  "_airbyte_meta",
  "_weir",
  "rowid",
  "__proto__",
  "constructor",
  "1",
  `${"n".repeat(62)}x`,
  `${"n".repeat(62)}y`,
  "é".repeat(31),
];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Weir's own columns, whose names a field's column cannot have. */
const META = ["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id"];

interface Found {
  readonly schema: string;
  readonly table: string;
  /** Columns of the only row by their values. */
  readonly columns: ReadonlyMap<string, string>;
}

async function tablesOf(target: Target): Promise<readonly Found[]> {
  const tables = await target.sql(
    `SELECT table_schema, table_name FROM information_schema.tables
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema', '_weir') ORDER BY table_schema, table_name`,
  );
  const found = [];
  for (const row of tables) {
    const [schema, table] = [row["table_schema"] ?? "", row["table_name"] ?? ""];
    const rows = await target.sql(`SELECT * FROM ${quoted(schema)}.${quoted(table)}`);
    expect(rows.length).toBe(1);
    const own = Object.entries(rows[0] ?? {}).filter(([name]) => !META.includes(name));
    found.push({ schema, table, columns: new Map(own.map(([name, value]) => [value ?? "", name])) });
  }
  return found;
}

describe.each(TARGETS)("names, %s", (id) => {
  // DuckDB's names differ in more than capitals.
  const fold = (name: string): string => (id === "destination-duckdb" ? name.toLowerCase() : name);

  test("schemas, tables and columns of every spelling arrive, and stay where they are", async () => {
    const source = await newDatabase();
    const target = await newTarget(id);
    const schemas = ["Odd 🎉 schema", `s'${"c".repeat(60)}`, "select"];
    const columns = NAMES.map((name) => `${quoted(name)} text`).join(", ");
    for (const schema of schemas)
      await source.sql(
        `CREATE SCHEMA ${quoted(schema)}; CREATE TABLE ${quoted(schema)}."table" (${columns})`,
      );
    for (const round of [1, 2]) {
      const values = NAMES.map((_, at) => `'value ${at}'`).join(", ");
      for (const schema of schemas)
        await source.sql(
          `TRUNCATE ${quoted(schema)}."table"; INSERT INTO ${quoted(schema)}."table" VALUES (${values})`,
        );
      const { result } = await syncOnce({
        source: source.source,
        destination: target.endpoint,
        connection: { streams: "all", namespace: { kind: "source" } },
      });
      expect(result).toMatchObject({ status: "succeeded", sync: round });
      const found = await tablesOf(target);
      expect(found.map(({ schema, table }) => `${schema} ${table}`)).toEqual(
        schemas.map((schema) => `${schema} table`),
      );
      for (const { columns: names } of found) {
        expect(names.size).toBe(NAMES.length);
        const taken = new Set(META);
        for (const [at, name] of NAMES.entries()) {
          const column = names.get(`value ${at}`) ?? "";
          if (taken.has(fold(name))) expect(column.replace(/_[0-9a-f]{8}$/, "")).toBe(name);
          else expect(column).toBe(name);
          taken.add(fold(name));
        }
      }
    }
  });

  test("tables whose names differ after 200 characters stay apart", async () => {
    const source = await newDatabase();
    const target = await newTarget(id);
    await source.sql(
      "CREATE TABLE a (v text); INSERT INTO a VALUES ('of a'); CREATE TABLE b (v text); INSERT INTO b VALUES ('of b')",
    );
    for (const round of [1, 2]) {
      const { result } = await syncOnce({
        source: source.source,
        destination: target.endpoint,
        connection: { streams: "all", prefix: "p".repeat(200) },
      });
      expect(result).toMatchObject({ status: "succeeded", sync: round });
      const found = await tablesOf(target);
      expect(found.map(({ columns }) => [...columns.keys()].join()).toSorted()).toEqual(["of a", "of b"]);
      expect(found.every(({ table }) => table.startsWith("p".repeat(40)))).toBe(true);
    }
  });

  test("streams that would share a table are refused before anything is read, those that fold to one too", async () => {
    const source = await newDatabase();
    const target = await newTarget(id);
    await source.sql(`CREATE SCHEMA one; CREATE TABLE one."Orders" (v text); INSERT INTO one."Orders" VALUES ('a');
      CREATE SCHEMA two; CREATE TABLE two."Orders" (v text); CREATE TABLE one.orders (v text); INSERT INTO one.orders VALUES ('b')`);
    const both = { source: source.source, destination: target.endpoint };
    const shared = await syncOnce({
      ...both,
      connection: { streams: "all", namespace: { kind: "custom", format: "raw" } },
    });
    expect(shared.result).toMatchObject({
      status: "failed",
      attempts: 1,
      failure: {
        code: "config.streams_share_table",
        recovery: "ask",
        message: expect.stringMatching(/one\.Orders.*two\.Orders/),
      },
    });
    const folded = await syncOnce({
      ...both,
      connection: {
        streams: [
          { name: "Orders", namespace: "one" },
          { name: "orders", namespace: "one" },
        ],
      },
    });
    const tables = await tablesOf(target);
    if (id === "destination-postgres") {
      expect(folded.result.status).toBe("succeeded");
      expect(tables.map(({ table, columns }) => [table, ...columns.keys()])).toEqual([
        ["Orders", "a"],
        ["orders", "b"],
      ]);
      return;
    }
    expect(folded.result).toMatchObject({
      status: "failed",
      attempts: 1,
      failure: {
        code: "destination.names_collide",
        recovery: "ask",
        message: expect.stringMatching(/one\.Orders.*one\.orders/),
      },
    });
    expect(tables).toEqual([]);
  });
});
