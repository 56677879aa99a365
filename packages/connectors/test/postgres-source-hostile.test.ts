import { testContext } from "@weir/kit/testing";
import type { Failure } from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { sourcePostgres } from "../src/postgres/source.ts";
import {
  attempt,
  bytesOf,
  configFor,
  configured,
  encoding,
  newDatabase,
  partsOf,
  readAll,
  rowsOf,
} from "./postgres-source.ts";

const database = await newDatabase();
const config = database.config({ part_megabytes: 1 });
const never = new AbortController().signal;

describe("names", () => {
  const long = `${"ä".repeat(31)}x`;
  const columns = [
    "select",
    "UPPER",
    "with space",
    'q"uote',
    "it's",
    "back\\slash",
    "🎉",
    long,
    "__proto__",
    "1",
    "ctid_",
    "a.b",
    "%s",
    "$1",
  ];

  test("schemas, tables and columns of every spelling are discovered and read", async () => {
    for (const schema of ["Odd Schema", 'q"s', "🐘"]) {
      const list = columns.map((name) => `"${name.replaceAll('"', '""')}" int4`);
      const where = `"${schema.replaceAll('"', '""')}"`;
      await database.sql(`CREATE SCHEMA ${where}; CREATE TABLE ${where}."user" (${list.join(", ")});
        INSERT INTO ${where}."user" VALUES (${columns.map((_, n) => n).join(", ")})`);
      const one = database.config({ schemas: [schema] });
      const stream = await configured(one, "user");
      expect(stream.stream.namespace).toBe(schema);
      expect(
        fieldsOf(stream.stream.json_schema)
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(columns.toSorted());
      for (const format of ["pg-binary", "pg-text", "csv"] as const) {
        const rows = await attempt(one, stream, null, async (reader) => {
          const [part] = await partsOf(reader);
          return part === undefined ? 0 : (await bytesOf(part, encoding(stream, format))).rows;
        });
        expect(rows).toBe(1);
      }
      const { rows } = await readAll(one, stream);
      expect(columns.map((name) => Object.entries(rows[0] ?? {}).find(([key]) => key === name)?.[1])).toEqual(
        columns.map((_, n) => String(n)),
      );
    }
  });
});

describe("discovery", () => {
  test("offers tables, views and parents, never partitions, system or temporary tables; keys in their order", async () => {
    const own = await newDatabase();
    await own.sql(`
      CREATE SCHEMA other; CREATE SCHEMA _weir; CREATE TABLE _weir.checkpoints (id int4);
      CREATE TABLE keyed (b int4, a int4, c text, PRIMARY KEY (a, b) INCLUDE (c));
      CREATE TABLE other.elsewhere (id int4);
      CREATE TABLE parent (id int4 PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE partition PARTITION OF parent FOR VALUES FROM (0) TO (10);
      CREATE VIEW shown AS SELECT * FROM keyed; CREATE MATERIALIZED VIEW stored AS SELECT * FROM keyed;
      CREATE TEMP TABLE passing (id int4);
      CREATE EXTENSION IF NOT EXISTS plpgsql;
      CREATE TABLE docs_only (doc jsonb); ALTER TABLE keyed ADD COLUMN d text; ALTER TABLE keyed DROP COLUMN d;
      ALTER TABLE keyed ADD COLUMN d int4`);
    const { streams } = await sourcePostgres.discover(own.config(), testContext());
    expect(streams.map(({ namespace, name }) => `${namespace}.${name}`)).toEqual([
      "other.elsewhere",
      "public.docs_only",
      "public.keyed",
      "public.parent",
      "public.shown",
      "public.stored",
    ]);
    const byName = Object.fromEntries(streams.map((stream) => [stream.name, stream]));
    expect(byName["keyed"]?.source_defined_primary_key).toEqual([["a"], ["b"]]);
    expect(fieldsOf(byName["keyed"]?.json_schema ?? {}).map(({ name }) => name)).toEqual([
      "b",
      "a",
      "c",
      "d",
    ]);
    expect(byName["docs_only"]?.supported_sync_modes).toEqual(["full_refresh"]);
    expect([
      byName["shown"]?.is_resumable,
      byName["stored"]?.is_resumable,
      byName["parent"]?.is_resumable,
    ]).toEqual([false, true, true]);
    const some = await sourcePostgres.discover(own.config({ schemas: ["other", "_weir"] }), testContext());
    expect(some.streams.map(({ name }) => name)).toEqual(["checkpoints", "elsewhere"]);
  });

  test("500 tables in three queries", async () => {
    const own = await newDatabase();
    await own.sql(`DO $$ BEGIN FOR n IN 1..500 LOOP
      EXECUTE format('CREATE TABLE t%s (id int4 PRIMARY KEY, a text, b numeric(10,2), c timestamptz)', n); END LOOP; END $$`);
    const begun = performance.now();
    const { streams } = await sourcePostgres.discover(own.config(), testContext());
    expect(streams.length).toBe(500);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

describe("permissions", () => {
  test("only what the user may read is offered; column grants, row security and missing rights are said", async () => {
    const own = await newDatabase();
    const role = `reader_${process.pid}_${Date.now()}`;
    await own.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'readers secret';
      CREATE TABLE open (id int4); INSERT INTO open VALUES (1), (2);
      CREATE TABLE closed (id int4);
      CREATE TABLE half (id int4 PRIMARY KEY, secret text, shown text); INSERT INTO half VALUES (1, 's', 'x');
      CREATE TABLE guarded (id int4, owner text); INSERT INTO guarded VALUES (1, '${role}'), (2, 'else');
      ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON guarded USING (owner = current_user);
      CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int4);
      GRANT SELECT ON open, guarded TO ${role}; GRANT SELECT (id, shown) ON half TO ${role}`);
    const theirs = configFor(own.url, { username: role, password: "readers secret" });
    const { streams } = await sourcePostgres.discover(theirs, testContext());
    expect(streams.map(({ name }) => name)).toEqual(["guarded", "half", "open"]);
    const half = await configured(theirs, "half");
    expect(fieldsOf(half.stream.json_schema).map(({ name }) => name)).toEqual(["id", "shown"]);
    const read = await readAll(theirs, half);
    expect(read.rows).toEqual([{ id: "1", shown: "x" }]);
    expect(read.notices.join()).toMatch(/may not read all of its columns/);
    const guarded = await readAll(theirs, await configured(theirs, "guarded"));
    expect(guarded.rows.length).toBe(1);
    expect(guarded.notices.join()).toMatch(/Row security is active/);

    const hidden = await sourcePostgres.check({ ...theirs, schemas: ["hidden", "nowhere"] }, testContext());
    expect(hidden.status).toBe("FAILED");
    expect(hidden.failures.map(({ code, path }) => [code, path])).toEqual([
      ["source.permission_denied", "schemas.0"],
      ["source.schema_missing", "schemas.1"],
    ]);
    const open = await configured(theirs, "open");
    await own.sql(`REVOKE SELECT ON open FROM ${role}`);
    await expect(readAll(theirs, open)).rejects.toMatchObject({
      failure: { code: "source.table_missing", recovery: "ask" },
    });
    await own.sql(
      `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role}; REVOKE SELECT (id, shown) ON half FROM ${role}`,
    );
    const nothing = await sourcePostgres.check(theirs, testContext());
    expect(nothing.failures[0]).toMatchObject({
      code: "source.nothing_readable",
      next: expect.stringContaining("GRANT SELECT"),
    });
  });

  test("rights taken away while a sync runs", async () => {
    const own = await newDatabase();
    const role = `leaver_${process.pid}_${Date.now()}`;
    await own.sql(
      `CREATE ROLE ${role} LOGIN PASSWORD 'x'; CREATE TABLE t (id int4); GRANT SELECT ON t TO ${role}`,
    );
    const theirs = configFor(own.url, { username: role, password: "x" });
    const stream = await configured(theirs, "t");
    const read = attempt(theirs, stream, null, async (reader) => {
      await own.sql(`REVOKE SELECT ON t FROM ${role}`);
      const [part] = await partsOf(reader);
      return part === undefined ? [] : rowsOf(part, stream);
    });
    await expect(read).rejects.toMatchObject({
      failure: { code: "source.permission_denied", recovery: "ask", stream: "public.t" },
    });
  });
});

describe("check", () => {
  async function failuresOf(overrides: Parameters<typeof database.config>[0]): Promise<readonly Failure[]> {
    const result = await sourcePostgres.check(database.config(overrides), testContext());
    expect(result.status).toBe("FAILED");
    expect(JSON.stringify(result)).not.toContain("never to be seen");
    return result.failures;
  }

  test("says what it found", async () => {
    const result = await sourcePostgres.check(config, testContext());
    expect(result).toMatchObject({
      status: "SUCCEEDED",
      failures: [],
      message: expect.stringMatching(/^PostgreSQL 1\d\..* can be read\.$/),
    });
  });

  test.each([
    ["nothing listens", { port: 1 }, "source.unreachable", /nothing listens/],
    ["an unknown host", { host: "no-such-host.invalid" }, "source.unreachable", /host name is unknown/],
    [
      "a wrong password",
      { password: "never to be seen" },
      "source.credentials_refused",
      /password authentication failed/,
    ],
    [
      "an unknown user",
      { username: "nobody", password: "never to be seen" },
      "source.credentials_refused",
      /refused user nobody/,
    ],
    ["no password", { password: "" }, "source.credentials_refused", /password/],
    ["an unknown database", { database: "nowhere" }, "source.database_missing", /no database nowhere/],
    [
      "a server without TLS",
      { ssl_mode: { mode: "require" } },
      "source.tls_unavailable",
      /does not support SSL/,
    ],
    ["an empty schema", { schemas: ["pg_toast"] }, "source.nothing_readable", /can read no table/],
  ])("%s", async (_name, overrides, code, message) => {
    const [failure] = await failuresOf(overrides);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(failure?.next.length).toBeGreaterThan(20);
  });
});

describe("changes while a sync runs", () => {
  test("a dropped column fails with schema_changed, to be tried again", async () => {
    await database.sql("CREATE TABLE shrinking (id int4, name text); INSERT INTO shrinking VALUES (1, 'x')");
    const stream = await configured(config, "shrinking");
    const read = attempt(config, stream, null, async (reader) => {
      await database.sql("ALTER TABLE shrinking DROP COLUMN name");
      const [part] = await partsOf(reader);
      return part === undefined ? [] : rowsOf(part, stream);
    });
    await expect(read).rejects.toMatchObject({
      failure: { code: "source.schema_changed", recovery: "retry", stream: "public.shrinking" },
    });
    await expect(readAll(config, stream)).rejects.toMatchObject({
      failure: { code: "source.schema_changed", path: "public.shrinking.name" },
    });
  });

  test("a dropped table fails, in the middle to be tried again, then as missing", async () => {
    await database.sql("CREATE TABLE leaving (id int4); INSERT INTO leaving VALUES (1)");
    const stream = await configured(config, "leaving");
    const read = attempt(config, stream, null, async (reader) => {
      await database.sql("DROP TABLE leaving");
      const [part] = await partsOf(reader);
      return part === undefined ? [] : rowsOf(part, stream);
    });
    await expect(read).rejects.toMatchObject({
      failure: { code: "source.schema_changed", recovery: "retry" },
    });
    await expect(readAll(config, stream)).rejects.toMatchObject({
      failure: { code: "source.table_missing", recovery: "ask" },
    });
  });

  test("between parts no lock is held: an ALTER goes through at once", async () => {
    await database.sql("CREATE TABLE altered (id int4); INSERT INTO altered VALUES (1)");
    const stream = await configured(config, "altered");
    await attempt(config, stream, null, async (reader) => {
      for await (const part of reader.parts(never)) expect((await rowsOf(part, stream)).length).toBe(1);
      await database.sql(
        "SET lock_timeout = '2s'; ALTER TABLE altered ADD COLUMN more int4; RESET lock_timeout",
      );
    });
  });
});
