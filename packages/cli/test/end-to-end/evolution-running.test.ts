import type { SchemaPolicy } from "@weir/engine";
import type { DestinationConnector } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { type Database, newDatabase } from "./databases.ts";
import { overridden, type Synced, syncOnce } from "./scene.ts";
import { columnsOf, newTarget, rowsOf, type ShownRow, type Target, TARGETS } from "./targets.ts";

const ROWS = 3000;

/** A table of several parts, read one after the other. */
async function parts(): Promise<Database> {
  const source = await newDatabase();
  await source.sql(`CREATE TABLE orders (id int PRIMARY KEY, amount int, gone text, pad text);
    ALTER TABLE orders ALTER COLUMN pad SET STORAGE PLAIN;
    INSERT INTO orders SELECT i, i, 'g' || i, repeat('x', 1000) FROM generate_series(1, ${ROWS}) AS i`);
  return source;
}

/** Does something once, when the first part has been committed. */
function afterFirstPart(
  act: () => Promise<unknown>,
): (connector: DestinationConnector) => DestinationConnector {
  let done = false;
  return (connector) => ({
    ...connector,
    open: async (request) => {
      const session = await connector.open(request);
      return overridden(session, {
        transaction: async (signal) => {
          const transaction = await session.transaction(signal);
          return overridden(transaction, {
            commit: async (checkpoints) => {
              await transaction.commit(checkpoints);
              if (done) return;
              done = true;
              await act();
            },
          });
        },
      });
    },
  });
}

interface Running {
  readonly source: Database;
  readonly target: Target;
  readonly policy?: SchemaPolicy;
  readonly mode?: "full_refresh_append" | "full_refresh_overwrite";
  readonly change?: string;
  readonly acceptSchema?: boolean;
}

async function run(running: Running): Promise<Synced> {
  const { source, target, policy = "propagate_columns", mode, change, acceptSchema } = running;
  return syncOnce({
    source: { ...source.source, config: { ...source.source.config, part_megabytes: 1, parallel: 1 } },
    destination: target.endpoint,
    streams: ["orders"],
    mode: mode ?? "full_refresh_append",
    connection: { schemaChanges: policy },
    request: { acceptSchema },
    ...(change === undefined ? {} : { through: afterFirstPart(() => source.sql(change)) }),
  });
}

const ids = (rows: readonly ShownRow[]): readonly number[] => rows.map(({ values }) => Number(values["id"]));
const all = Array.from({ length: ROWS }, (_, at) => at + 1);

describe.each(TARGETS)("%s, changes while a sync runs", (id) => {
  test.each(["propagate_columns", "ignore"] as const)(
    "a column dropped: %s goes on without it",
    async (policy) => {
      const source = await parts();
      const target = await newTarget(id);
      const { result, events } = await run({
        source,
        target,
        policy,
        change: "ALTER TABLE orders DROP COLUMN gone",
      });
      expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
      expect(events.find(({ type }) => type === "attempt-failed")).toMatchObject({
        failure: { code: "source.schema_changed", recovery: "retry" },
        partial: true,
      });
      const rows = await rowsOf(target, "orders");
      expect(ids(rows)).toEqual(all);
      const early = rows.filter(({ values }) => values["gone"] !== null);
      expect(early.length).toBeGreaterThan(0);
      expect(early.length).toBeLessThan(ROWS);
      expect(early.every(({ values }) => values["gone"] === `g${values["id"]}`)).toBe(true);
      expect(
        rows.every(({ values, changes }) => values["amount"] === values["id"] && changes.length === 0),
      ).toBe(true);
      expect(result.streams[0]?.rows).toMatchObject({ read: ROWS, committed: ROWS, rejected: 0, changed: 0 });
    },
  );

  test("a column dropped: disable stops, and goes on once the change is accepted", async () => {
    const source = await parts();
    const target = await newTarget(id);
    const change = "ALTER TABLE orders DROP COLUMN gone";
    const { result } = await run({ source, target, policy: "disable", change });
    expect(result).toMatchObject({ status: "failed", failure: { code: "source.schema_changed_refused" } });
    const before = await rowsOf(target, "orders");
    expect(result.streams[0]?.rows).toMatchObject({ read: before.length, committed: before.length });
    expect(before.length).toBeGreaterThan(0);
    expect(ids(before)).toEqual(all.slice(0, before.length));
    expect((await run({ source, target, policy: "disable" })).result.status).toBe("failed");
    expect((await run({ source, target, policy: "disable", acceptSchema: true })).result.status).toBe(
      "succeeded",
    );
    expect(ids(await rowsOf(target, "orders"))).toEqual(all);
  });

  test("a column dropped while a table is replaced: the old rows stay until all of the new are there", async () => {
    const source = await parts();
    const target = await newTarget(id);
    const mode = "full_refresh_overwrite";
    expect((await run({ source, target, mode })).result.status).toBe("succeeded");
    await source.sql("UPDATE orders SET amount = amount + 1");
    const { result } = await run({ source, target, mode, change: "ALTER TABLE orders DROP COLUMN gone" });
    expect([result.status, result.attempts]).toEqual(["succeeded", 2]);
    const rows = await rowsOf(target, "orders");
    expect(ids(rows)).toEqual(all);
    expect(rows.every(({ values }) => Number(values["amount"]) === Number(values["id"]) + 1)).toBe(true);
    expect(rows.filter(({ values }) => values["gone"] !== null)).toEqual([]);
  });

  test("a column added: this sync does not see it, the next one does", async () => {
    const source = await parts();
    const target = await newTarget(id);
    const mode = "full_refresh_overwrite";
    const change = "ALTER TABLE orders ADD COLUMN note text DEFAULT 'n'";
    const { result } = await run({ source, target, mode, change });
    expect([result.status, result.attempts]).toEqual(["succeeded", 1]);
    expect([...(await columnsOf(target, "orders")).keys()]).toEqual(["id", "amount", "gone", "pad"]);
    const next = await run({ source, target, mode });
    expect(next.result.schemaNotes.join()).toContain("new field note (string)");
    const rows = await rowsOf(target, "orders");
    expect(ids(rows)).toEqual(all);
    expect(rows.filter(({ values }) => values["note"] !== "n")).toEqual([]);
  });

  test("a column of another type: the table is read again, and every row is there once", async () => {
    const source = await parts();
    const target = await newTarget(id);
    const change = "ALTER TABLE orders ALTER COLUMN amount TYPE text USING 'a' || amount";
    const { result } = await run({ source, target, change });
    expect(result.status).toBe("succeeded");
    const rows = await rowsOf(target, "orders");
    expect(ids(rows)).toEqual(all);
    expect(
      rows.filter(({ values, changes }) => values["amount"] !== `a${values["id"]}` || changes.length > 0),
    ).toEqual([]);
  });

  test("the table dropped: the sync fails and shows nothing, and the next one takes the table made anew", async () => {
    const source = await parts();
    const target = await newTarget(id);
    const mode = "full_refresh_overwrite";
    expect((await run({ source, target, mode })).result.status).toBe("succeeded");
    const { result } = await run({ source, target, mode, change: "DROP TABLE orders" });
    expect(result).toMatchObject({ status: "failed", failure: { code: "config.stream_unknown" } });
    expect(ids(await rowsOf(target, "orders"))).toEqual(all);
    await source.sql(
      "CREATE TABLE orders (id int PRIMARY KEY, amount int); INSERT INTO orders VALUES (7, 8)",
    );
    expect((await run({ source, target, mode })).result.status).toBe("succeeded");
    expect((await rowsOf(target, "orders")).map(({ values }) => values)).toEqual([
      { id: "7", amount: "8", gone: null, pad: null },
    ]);
  });
});
