import { describe, expect, test } from "vitest";
import type { StreamPlan } from "@weir/protocol";
import {
  codeOf,
  fields,
  finishStream,
  loadPart,
  openDestination,
  planOf,
  syncStream,
  type Database,
  newDatabase,
} from "./postgres-destination.ts";

const plan = (generation: number): StreamPlan =>
  planOf({
    table: { name: "t" },
    fields: fields({ id: "integer", note: "string" }),
    mode: "overwrite",
    generation,
    minimumGeneration: generation,
  });

const oid = async (db: Database): Promise<string> =>
  (await db.sql("SELECT 't'::regclass::oid AS oid"))[0]?.["oid"] ?? "";
const ids = async (db: Database): Promise<readonly (string | null | undefined)[]> =>
  (await db.sql("SELECT id FROM t ORDER BY id")).map(({ id }) => id);

describe("an overwrite", () => {
  test("swaps tables where nothing hangs on the old one", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan(1), [{ id: 1 }]);
    const before = await oid(db);
    await syncStream(db.url, plan(2), [{ id: 2 }], { sync: 2 });
    expect(await oid(db)).not.toBe(before);
    expect(await ids(db)).toEqual(["2"]);
    expect(await db.sql("SELECT obj_description('t'::regclass) AS said")).toEqual([{ said: null }]);
    expect(
      await db.sql(
        "SELECT relname FROM pg_class WHERE relnamespace = '_weir'::regnamespace AND relkind = 'r' ORDER BY 1",
      ),
    ).toEqual([{ relname: "checkpoints" }, { relname: "fences" }]);
  });

  test.each<[string, string, string]>([
    ["a view", "CREATE VIEW v AS SELECT count(*) FROM t", "SELECT count FROM v"],
    [
      "a materialized view",
      "CREATE MATERIALIZED VIEW v AS SELECT 1 AS count FROM t LIMIT 1",
      "SELECT count FROM v",
    ],
    [
      "a grant",
      "GRANT SELECT ON t TO public",
      "SELECT (relacl::text LIKE '%{=r/%' OR relacl::text LIKE '%,=r/%')::int AS count FROM pg_class WHERE oid = 't'::regclass",
    ],
    [
      "a grant on a column",
      "GRANT SELECT (id) ON t TO public",
      "SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attacl IS NOT NULL",
    ],
    ["an index", "CREATE INDEX own ON t (note)", "SELECT count(*) FROM pg_indexes WHERE indexname = 'own'"],
    [
      "a primary key",
      "ALTER TABLE t ADD PRIMARY KEY (id)",
      "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = 't'::regclass",
    ],
    [
      "a comment",
      "COMMENT ON COLUMN t.id IS 'the id'",
      "SELECT count(*) FROM pg_description WHERE description = 'the id'",
    ],
    [
      "a trigger",
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
      "SELECT count(*) FROM pg_trigger WHERE tgname = 'g'",
    ],
    [
      "row security",
      "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (true)",
      "SELECT count(*) FROM pg_policy",
    ],
    [
      "a publication",
      "CREATE PUBLICATION p FOR TABLE t; ALTER TABLE t REPLICA IDENTITY FULL",
      "SELECT count(*) FROM pg_publication_rel",
    ],
    ["statistics", "CREATE STATISTICS s ON id, note FROM t", "SELECT count(*) FROM pg_statistic_ext"],
    [
      "storage options",
      "ALTER TABLE t SET (fillfactor = 50)",
      "SELECT count(*) FROM pg_class WHERE reloptions IS NOT NULL AND oid = 't'::regclass",
    ],
    [
      "a default",
      "ALTER TABLE t ALTER note SET DEFAULT 'x'",
      "SELECT count(*) FROM pg_attrdef WHERE adrelid = 't'::regclass",
    ],
    [
      "a column of its row type",
      "CREATE TABLE holder (one t)",
      "SELECT count(*) FROM pg_class WHERE relname = 'holder'",
    ],
    [
      "a function on its rows",
      "CREATE FUNCTION f(t) RETURNS bigint LANGUAGE sql AS 'SELECT $1.id'",
      "SELECT count(*) FROM pg_proc WHERE proname = 'f'",
    ],
    [
      "a foreign key to a key that stays",
      "ALTER TABLE t ADD PRIMARY KEY (id); CREATE TABLE child (parent bigint REFERENCES t); INSERT INTO child VALUES (1)",
      "SELECT count(*) FROM child",
    ],
    ["a child table", "CREATE TABLE child () INHERITS (t)", "SELECT count(*) FROM pg_inherits"],
  ])("keeps the table where %s hangs on it, and replaces its rows", async (_what, sql, proof) => {
    const db = await newDatabase();
    await syncStream(db.url, plan(1), [
      { id: 1, note: "old" },
      { id: 2, note: "old" },
    ]);
    await db.sql(sql);
    const before = await oid(db);
    await syncStream(
      db.url,
      plan(2),
      [
        { id: 1, note: "new" },
        { id: 3, note: "new" },
      ],
      { sync: 2 },
    );
    expect(await oid(db)).toBe(before);
    expect(await db.sql("SELECT id, note FROM t ORDER BY id")).toEqual([
      { id: "1", note: "new" },
      { id: "3", note: "new" },
    ]);
    const [found] = await db.sql(proof);
    expect(Number(found?.["count"])).toBeGreaterThan(0);
    expect(await db.sql("SELECT relname FROM pg_class WHERE relname ~ '_g2$'")).toEqual([]);
  });

  test("gives a table the schema's default privileges", async () => {
    const db = await newDatabase();
    await db.sql("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO public");
    await syncStream(db.url, plan(1), [{ id: 1 }]);
    await syncStream(db.url, plan(2), [{ id: 2 }], { sync: 2 });
    const [found] = await db.sql("SELECT relacl::text AS acl FROM pg_class WHERE oid = 't'::regclass");
    expect(found?.["acl"]).toContain("=r/");
    expect(await ids(db)).toEqual(["2"]);
  });

  test("widens a kept table for what it is to hold", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan(1), [{ id: 1, note: "x" }]);
    await db.sql("CREATE VIEW v AS SELECT note FROM t");
    const next = { ...plan(2), fields: fields({ id: "object", note: "string", more: "integer" }) };
    await syncStream(db.url, next, [{ id: { a: 1 }, note: "y", more: 3 }], { sync: 2 });
    expect(await db.sql("SELECT id, note, more FROM t")).toEqual([{ id: '{"a": 1}', note: "y", more: "3" }]);
  });

  test("writes into a kept wider column what the stage holds in a narrower one", async () => {
    const db = await newDatabase();
    await syncStream(db.url, { ...plan(1), fields: fields({ id: "unknown", note: "string" }) }, [
      { id: { a: 1 } },
    ]);
    await db.sql("CREATE VIEW v AS SELECT id FROM t");
    await syncStream(db.url, plan(2), [{ id: 7, note: "y" }], { sync: 2 });
    expect(await db.sql("SELECT id, note FROM t")).toEqual([{ id: "7", note: "y" }]);
  });

  test("readers who keep the table locked see old rows until they are done, and Weir does not wait for them", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan(1), [{ id: 1 }]);
    const reader = await db.connect();
    await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t");
    await syncStream(db.url, plan(2), [{ id: 2 }], { sync: 2 });
    const seen = await reader.query<{ id: string }>("SELECT id FROM t");
    expect(seen.rows).toEqual([{ id: "1" }]);
    await reader.query("COMMIT");
    expect(await ids(db)).toEqual(["2"]);
  });

  test("a foreign key to a row that goes away fails with words, and the staged rows stay", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan(1), [{ id: 1 }]);
    await db.sql(
      "ALTER TABLE t ADD PRIMARY KEY (id); CREATE TABLE child (parent bigint REFERENCES t); INSERT INTO child VALUES (1)",
    );
    expect(await codeOf(syncStream(db.url, plan(2), [{ id: 2 }], { sync: 2 }))).toBe(
      "destination.rows_refused",
    );
    expect(await ids(db)).toEqual(["1"]);
    await db.sql("DROP TABLE child");
    const session = await openDestination(db.url);
    const next = { ...plan(2), fresh: false };
    await session.begin({ token: { sync: 2, attempt: 2 }, streams: [next], checkpoints: [] });
    await finishStream(session, next);
    await session.close();
    expect(await ids(db)).toEqual(["2"]);
  });
});

test("a published table without a replica identity says what it needs", async () => {
  const db = await newDatabase();
  await syncStream(db.url, plan(1), [{ id: 1 }]);
  await db.sql("CREATE PUBLICATION p FOR TABLE t");
  await expect(syncStream(db.url, plan(2), [{ id: 2 }], { sync: 2 })).rejects.toMatchObject({
    failure: {
      code: "destination.rows_refused",
      next: expect.stringContaining("REPLICA IDENTITY") as unknown,
    },
  });
});

test("an incremental load into an empty table is swapped in, into one with rows it is merged", async () => {
  const db = await newDatabase();
  const dedup = { ...plan(1), mode: "append_dedup" as const, primaryKey: ["id"], minimumGeneration: 0 };
  const session = await openDestination(db.url);
  await session.begin({ token: { sync: 1, attempt: 1 }, streams: [dedup], checkpoints: [] });
  const made = await oid(db);
  await loadPart(session, dedup, [{ id: 1 }, { id: 1 }]);
  await finishStream(session, dedup);
  await session.close();
  const swapped = await oid(db);
  expect(swapped).not.toBe(made);
  await syncStream(db.url, dedup, [{ id: 2 }], { sync: 2 });
  expect(await oid(db)).toBe(swapped);
  expect(await ids(db)).toEqual(["1", "2"]);
  const indexes = await db.sql("SELECT indexdef FROM pg_indexes WHERE tablename = 't'");
  expect(indexes).toEqual([{ indexdef: expect.stringContaining("USING btree (id)") as unknown }]);
});
