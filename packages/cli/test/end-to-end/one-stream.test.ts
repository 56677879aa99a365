import type { StreamSelection, SyncResult } from "@weir/engine";
import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../../src/exit-code.ts";
import { newDatabase } from "./databases.ts";
import { syncOnce } from "./scene.ts";
import { newTarget, rowsOf, TARGETS } from "./targets.ts";

function fates({ streams }: SyncResult): Readonly<Record<string, string>> {
  return Object.fromEntries(
    streams.map(({ stream, status, failure }) => [stream.replace("public.", ""), failure?.code ?? status]),
  );
}

/** A source of `orders` and `users` with a row each, and a wide table that only a source can have. */
async function scene(id: (typeof TARGETS)[number], names: readonly string[]) {
  const source = await newDatabase();
  const target = await newTarget(id);
  await source.sql("CREATE TABLE orders (id int PRIMARY KEY, v int); INSERT INTO orders VALUES (1, 1)");
  await source.sql("CREATE TABLE users (id int PRIMARY KEY, v int); INSERT INTO users VALUES (1, 1)");
  const move = async (choice: Partial<StreamSelection> = {}): Promise<SyncResult> => {
    const streams = names.map((name): StreamSelection => ({
      name,
      mode: "incremental_append_deduped",
      cursor: "v",
      ...(name === "orders" ? choice : {}),
    }));
    const ends = { source: source.source, destination: target.endpoint };
    return (await syncOnce({ ...ends, connection: { streams } })).result;
  };
  const ids = async (table: string): Promise<readonly unknown[]> =>
    (await rowsOf(target, table)).map(({ values }) => values["id"]);
  return { source, target, move, ids };
}

describe.each(TARGETS)("%s, one stream of several fails before it moves", (id) => {
  test("a cursor that is no field: the others run, its rows come when it is mended", async () => {
    const { source, move, ids } = await scene(id, ["users", "orders"]);
    await move();
    await source.sql("INSERT INTO users VALUES (2, 2); INSERT INTO orders VALUES (2, 2)");
    const result = await move({ cursor: "w" });
    expect(fates(result)).toEqual({ users: "complete", orders: "config.field_unknown" });
    expect(result.failure === undefined ? 0 : exitCodeOf(result.failure)).toBe(1);
    expect([await ids("users"), await ids("orders")]).toEqual([["1", "2"], ["1"]]);
    expect((await move()).status).toBe("succeeded");
    expect(await ids("orders")).toEqual(["1", "2"]);
  });

  test("a view where its table should be: the others run, and it starts when the view is gone", async () => {
    const { target, move, ids } = await scene(id, ["users", "orders"]);
    await target.sql("CREATE VIEW orders AS SELECT 1 AS id");
    const result = await move();
    expect(fates(result)).toMatchObject({
      users: "complete",
      orders: expect.stringMatching(/not_a_table|table_taken/),
    });
    expect(result.failure === undefined ? 0 : exitCodeOf(result.failure)).toBe(1);
    expect(result.schemaNotes.join("\n")).toMatch(/users.*created|created.*users/);
    expect(await ids("users")).toEqual(["1"]);
    await target.sql("DROP VIEW orders");
    expect((await move()).status).toBe("succeeded");
    expect(await ids("orders")).toEqual(["1"]);
  });
});

describe("destination-postgres, one stream of several fails before it moves", () => {
  test("a table with more columns than a table can have, and one that may not be made", async () => {
    const { source, target, move, ids } = await scene("destination-postgres", ["users", "wide", "orders"]);
    const columns = Array.from({ length: 1596 }, (_, at) => `c${at} int`);
    await source.sql(`CREATE TABLE wide (id int PRIMARY KEY, v int, ${columns.join(", ")})`);
    await target.sql(`CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.orders')
      THEN RAISE EXCEPTION 'no table of this name here'; END IF; END $$;
      CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION refuse()`);
    const result = await move();
    expect(fates(result)).toEqual({
      users: "complete",
      wide: "destination.table_too_wide",
      orders: "destination.data_refused",
    });
    expect(result.schemaNotes.filter((note) => note.includes("created"))).toEqual([
      expect.stringContaining("users"),
    ]);
    expect(await ids("users")).toEqual(["1"]);
  });
});
