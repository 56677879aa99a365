import type { SchemaPolicy } from "@weir/engine";
import { describe, expect, test } from "vitest";
import { type Database, newDatabase } from "./databases.ts";
import { type Synced, syncOnce, type SyncOptions } from "./scene.ts";
import { columnsOf, newTarget, rowsOf, type Target, TARGETS } from "./targets.ts";

type Move = (policy: SchemaPolicy, more?: Partial<SyncOptions>) => Promise<Synced>;

interface Scene {
  readonly source: Database;
  readonly target: Target;
  readonly move: Move;
}

/** A source with the table `orders`, moved once by cursor and key. */
async function scene(id: (typeof TARGETS)[number]): Promise<Scene> {
  const source = await newDatabase();
  const target = await newTarget(id);
  await source.sql(`CREATE TABLE orders (id int PRIMARY KEY, v int, amount int, gone text);
    INSERT INTO orders VALUES (1, 1, 10, 'a'), (2, 2, 2147483647, 'b')`);
  const move: Move = (schemaChanges, more = {}) =>
    syncOnce({
      source: source.source,
      destination: target.endpoint,
      ...more,
      connection: {
        streams: [{ name: "orders", mode: "incremental_append_deduped", cursor: "v", primaryKey: ["id"] }],
        ...more.connection,
        schemaChanges,
      },
    });
  expect((await move("propagate_columns")).result).toMatchObject({
    status: "succeeded",
    schemaNotes: [expect.anything()],
  });
  return { source, target, move };
}

/** A new column, a lost one, and one whose type grew, with rows that show it. */
async function change({ source }: Scene): Promise<void> {
  await source.sql(`ALTER TABLE orders ADD COLUMN note text, DROP COLUMN gone, ALTER COLUMN amount TYPE numeric(12,2);
    INSERT INTO orders VALUES (3, 3, 1234567890.55, 'new'); UPDATE orders SET v = 4, note = 'old' WHERE id = 2`);
}

describe.each(TARGETS)("%s, changes between syncs", (id) => {
  test.each(["propagate_columns", "propagate_fully"] as const)("%s follows them", async (policy) => {
    const here = await scene(id);
    await change(here);
    const { result } = await here.move(policy);
    expect(result).toMatchObject({ status: "succeeded", streams: [{ rows: { changed: 0 } }] });
    const notes = result.schemaNotes.join("\n");
    expect(notes).toContain("new field note (string)");
    expect(notes).toContain("field gone is gone; its column is kept");
    expect(notes).toMatch(/field amount changed from integer to number/);
    expect(notes).toMatch(/widened.* amount|amount.* (?:to|now) /);
    expect(await rowsOf(here.target, "orders")).toEqual([
      { values: { id: "1", v: "1", amount: "10", gone: "a", note: null }, changes: [] },
      { values: { id: "2", v: "4", amount: "2147483647", gone: "b", note: "old" }, changes: [] },
      { values: { id: "3", v: "3", amount: "1234567890.55", gone: null, note: "new" }, changes: [] },
    ]);
  });

  test("a new table joins under propagate_fully only, and each policy is told of it", async () => {
    const here = await scene(id);
    const all = { connection: { name: "all tables", streams: "all", prefix: "all_" } } as const;
    expect((await here.move("propagate_columns", all)).result.status).toBe("succeeded");
    await here.source.sql("CREATE TABLE later (id int PRIMARY KEY); INSERT INTO later VALUES (7)");
    for (const policy of ["propagate_columns", "ignore", "disable"] as const) {
      const { result } = await here.move(policy, all);
      expect([result.status, result.schemaNotes]).toEqual(["succeeded", [expect.stringContaining("later")]]);
      expect([...(await columnsOf(here.target, "all_later"))]).toEqual([]);
    }
    expect((await here.move("propagate_fully", all)).result.status).toBe("succeeded");
    expect(await rowsOf(here.target, "all_later")).toEqual([{ values: { id: "7" }, changes: [] }]);
  });

  test("ignore goes on with the columns it knows, and says what no longer fits", async () => {
    const here = await scene(id);
    await change(here);
    const { result } = await here.move("ignore");
    expect(result).toMatchObject({ status: "succeeded", streams: [{ rows: { changed: 1 } }] });
    expect(result.schemaNotes.join("\n")).toContain("new field note (string) (ignored)");
    expect(await rowsOf(here.target, "orders")).toEqual([
      { values: { id: "1", v: "1", amount: "10", gone: "a" }, changes: [] },
      { values: { id: "2", v: "4", amount: "2147483647", gone: "b" }, changes: [] },
      {
        values: { id: "3", v: "3", amount: null, gone: null },
        changes: [{ field: "amount", change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" }],
      },
    ]);
  });

  test("disable stops before anything is read, until the change is accepted", async () => {
    const here = await scene(id);
    const before = await rowsOf(here.target, "orders");
    await change(here);
    for (const attempts of [1, 1]) {
      const { result } = await here.move("disable");
      expect(result).toMatchObject({
        status: "failed",
        attempts,
        failure: { code: "source.schema_changed_refused", recovery: "ask" },
      });
      expect(await rowsOf(here.target, "orders")).toEqual(before);
    }
    const { result } = await here.move("disable", { request: { acceptSchema: true } });
    expect(result.status).toBe("succeeded");
    expect((await rowsOf(here.target, "orders")).map(({ values }) => values["amount"])).toEqual([
      "10",
      "2147483647",
      "1234567890.55",
    ]);
    expect((await here.move("disable")).result).toMatchObject({ status: "succeeded", schemaNotes: [] });
  });

  test("a column widens from int by numeric to text, and keeps every value", async () => {
    const here = await scene(id);
    const steps = [
      ["numeric(12,2)", "0.05"],
      ["numeric(20,6)", "-12345678901234.123456"],
      ["numeric", "0.000000001"],
      ["text", "a lot"],
    ] as const;
    for (const [at, [type, value]] of steps.entries()) {
      await here.source.sql(`ALTER TABLE orders ALTER COLUMN amount TYPE ${type};
        INSERT INTO orders VALUES (${at + 10}, ${at + 10}, '${value}')`);
      expect((await here.move("propagate_columns")).result).toMatchObject({
        status: "succeeded",
        streams: [{ rows: { changed: 0, rejected: 0 } }],
      });
    }
    const rows = await rowsOf(here.target, "orders");
    expect(rows.map(({ values }) => values["amount"])).toEqual([
      "10",
      "2147483647",
      ...steps.map(([, value]) => value),
    ]);
    // The way back changes no column: numbers are text from now on.
    await here.source.sql(
      "DELETE FROM orders WHERE id = 13; ALTER TABLE orders ALTER COLUMN amount TYPE int USING 5",
    );
    await here.source.sql("INSERT INTO orders VALUES (20, 20, 6)");
    expect((await here.move("propagate_columns")).result.status).toBe("succeeded");
    expect((await rowsOf(here.target, "orders")).at(-1)?.values).toMatchObject({ id: "20", amount: "6" });
  });

  test("a lost cursor or key stops the sync under every policy", async () => {
    const here = await scene(id);
    const before = await rowsOf(here.target, "orders");
    await here.source.sql("ALTER TABLE orders DROP COLUMN v; INSERT INTO orders VALUES (9, 9)");
    for (const policy of ["propagate_columns", "propagate_fully", "ignore", "disable"] as const) {
      const { result } = await here.move(policy);
      expect([result.status, result.failure?.recovery]).toEqual(["failed", "ask"]);
      expect(await rowsOf(here.target, "orders")).toEqual(before);
    }
  });
});
