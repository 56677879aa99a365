import { seededRandom } from "@weir/kit/testing";
import type { JsonValue } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { tooOld } from "../src/postgres/source/resume.ts";
import { attempt, ids, incremental, newDatabase, partsOf, readAll, rowsOf } from "./postgres-source.ts";

const database = await newDatabase();
const byCursor = database.config({ part_megabytes: 1 });
const byXmin = database.config({ part_megabytes: 1, replication_method: "xmin" });
const PAD = "repeat(md5(random()::text), 34)";

/** Something unrelated is written: transaction ids move on. */
async function elsewhere(): Promise<void> {
  await database.sql("CREATE TABLE IF NOT EXISTS elsewhere (n int4); INSERT INTO elsewhere VALUES (1)");
}

describe("by cursor", () => {
  test("first load, then only what is above; nothing new gives one empty part with the same state", async () => {
    await database.sql(`CREATE TABLE plain (id int4 PRIMARY KEY, at timestamptz);
      INSERT INTO plain SELECT i, '2024-01-01'::timestamptz + i * interval '1 s' FROM generate_series(1, 100) i`);
    const stream = await incremental(byCursor, "plain", "at");
    const first = await readAll(byCursor, stream);
    expect(ids(first.rows)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(first.state).toMatchObject({
      kind: "cursor",
      column: "at",
      type: "timestamptz",
      value: "2024-01-01 00:01:40+00",
    });
    const same = await readAll(byCursor, stream, first.state);
    expect(same).toMatchObject({ rows: [], parts: 1, state: first.state });
    await elsewhere();
    const still = await readAll(byCursor, stream, first.state);
    expect(still).toMatchObject({ rows: [], parts: 1, state: first.state });
    await database.sql(
      "INSERT INTO plain VALUES (101, '2024-02-01'), (102, NULL); UPDATE plain SET at = '2024-02-02' WHERE id = 5",
    );
    const second = await readAll(byCursor, stream, first.state);
    expect(ids(second.rows)).toEqual([5, 101]);
    expect((await readAll(byCursor, stream, second.state)).rows).toEqual([]);
  });

  test("a row that comes later with the very value last seen is read, and no row twice", async () => {
    await database.sql(
      "CREATE TABLE tied (id int4, day date); INSERT INTO tied VALUES (1, '2024-01-01'), (2, '2024-01-01')",
    );
    const stream = await incremental(byCursor, "tied", "day");
    const first = await readAll(byCursor, stream);
    await database.sql("INSERT INTO tied VALUES (3, '2024-01-01')");
    const second = await readAll(byCursor, stream, first.state);
    expect(ids(second.rows)).toEqual([3]);
    await database.sql("INSERT INTO tied VALUES (4, '2024-01-01'), (5, '2024-01-02')");
    const third = await readAll(byCursor, stream, second.state);
    expect(ids(third.rows)).toEqual([4, 5]);
    expect((await readAll(byCursor, stream, third.state)).rows).toEqual([]);
  });

  test("partitioned tables and parents that inherit: ties are told apart there too", async () => {
    await database.sql(`CREATE TABLE parted (id int4, c int4) PARTITION BY HASH (id); CREATE INDEX ON parted (c);
      CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      CREATE TABLE heir (id int4, c int4); CREATE TABLE heir_child () INHERITS (heir)`);
    for (const [table, child] of [
      ["parted", "parted"],
      ["heir", "heir_child"],
    ] as const) {
      await database.sql(
        `INSERT INTO ${table} SELECT i, 5 FROM generate_series(1, 20) i; INSERT INTO ${child} VALUES (21, 5)`,
      );
      const stream = await incremental(byCursor, table, "c");
      const first = await readAll(byCursor, stream);
      expect(first.rows.length).toBe(21);
      await database.sql(`INSERT INTO ${child} VALUES (22, 5), (23, 6); INSERT INTO ${table} VALUES (24, 5)`);
      const second = await readAll(byCursor, stream, first.state);
      expect(ids(second.rows)).toEqual([22, 23, 24]);
      await elsewhere();
      expect((await readAll(byCursor, stream, second.state)).rows).toEqual([]);
    }
  });

  test("views: a later row with the last value makes its whole tie come again, documented", async () => {
    await database.sql("CREATE VIEW tied_view AS SELECT * FROM tied");
    const stream = await incremental(byCursor, "tied_view", "day");
    const first = await readAll(byCursor, stream);
    expect(ids(first.rows)).toEqual([1, 2, 3, 4, 5]);
    expect(first.state).toMatchObject({ value: "2024-01-02", ties: 1 });
    expect((await readAll(byCursor, stream, first.state)).rows).toEqual([]);
    await database.sql("INSERT INTO tied VALUES (6, '2024-01-02')");
    const second = await readAll(byCursor, stream, first.state);
    expect(ids(second.rows)).toEqual([5, 6]);
    await database.sql("INSERT INTO tied VALUES (7, '2024-01-03')");
    const third = await readAll(byCursor, stream, second.state);
    expect(ids(third.rows)).toEqual([7]);
    expect((await readAll(byCursor, stream, third.state)).rows).toEqual([]);
  });

  test.each([
    ["date", "'infinity'"],
    ["timestamp", "'infinity'"],
    ["float8", "'NaN'"],
    ["numeric", "'Infinity'"],
  ])("endless values of %s come once and never hold the cursor up", async (type, value) => {
    const table = `endless_${type}`;
    const finite = (n: number): string =>
      type === "date" || type === "timestamp" ? `'2024-01-0${n}'` : String(n);
    await database.sql(
      `CREATE TABLE ${table} (id int4, c ${type}); INSERT INTO ${table} VALUES (1, ${finite(1)}), (2, ${value})`,
    );
    const stream = await incremental(byCursor, table, "c");
    const first = await readAll(byCursor, stream);
    expect(ids(first.rows)).toEqual([1, 2]);
    await database.sql(`INSERT INTO ${table} VALUES (3, ${finite(2)}), (4, ${value})`);
    const second = await readAll(byCursor, stream, first.state);
    expect(ids(second.rows)).toEqual([3, 4]);
    await elsewhere();
    expect((await readAll(byCursor, stream, second.state)).rows).toEqual([]);
    await database.sql(`INSERT INTO ${table} VALUES (5, ${value})`);
    const third = await readAll(byCursor, stream, second.state);
    expect(ids(third.rows)).toEqual([5]);
  });

  test("an empty table, and one with NULL only, become a state that later sees what comes", async () => {
    await database.sql("CREATE TABLE sparse (id int4, c int8)");
    const stream = await incremental(byCursor, "sparse", "c");
    const first = await readAll(byCursor, stream);
    expect(first).toMatchObject({ rows: [], parts: 1, state: { kind: "cursor", value: null } });
    await database.sql("INSERT INTO sparse VALUES (1, NULL)");
    const second = await readAll(byCursor, stream, first.state);
    expect(second.rows).toEqual([]);
    await database.sql("INSERT INTO sparse VALUES (2, -5), (3, 7)");
    expect(ids((await readAll(byCursor, stream, second.state)).rows)).toEqual([2, 3]);
  });

  test("with an index the range is cut into parts, equal values never apart; each part can be resumed from", async () => {
    await database.sql(`CREATE TABLE ranged (id int4 PRIMARY KEY, c int4, pad text); CREATE INDEX ON ranged (c);
      INSERT INTO ranged SELECT i, 0, ${PAD} FROM generate_series(1, 10) i; ANALYZE ranged`);
    const stream = await incremental(byCursor, "ranged", "c");
    const { state } = await readAll(byCursor, stream);
    await database.sql(
      `INSERT INTO ranged SELECT i, i / 7, ${PAD} FROM generate_series(11, 8000) i; ANALYZE ranged`,
    );
    const whole = await readAll(byCursor, stream, state);
    expect(whole.parts).toBeGreaterThan(5);
    expect(ids(whole.rows)).toEqual(Array.from({ length: 7990 }, (_, i) => i + 11));
    for (let cut = 1; cut < whole.parts; cut += 2) {
      const { rows, kept } = await attempt(byCursor, stream, state, async (reader) => {
        const parts = (await partsOf(reader)).slice(0, cut);
        const lists = await Promise.all(parts.map((part) => rowsOf(part, stream)));
        const tops = lists.map((list) => new Set(list.map((row) => row["c"])));
        for (const [n, list] of tops.entries()) expect(tops[n + 1]?.intersection(list).size ?? 0).toBe(0);
        return { rows: lists.flat(), kept: parts.at(-1)?.state ?? null };
      });
      const rest = await readAll(byCursor, stream, kept);
      expect(ids([...rows, ...rest.rows])).toEqual(ids(whole.rows));
      expect(rest.state).toEqual(whole.state);
    }
  });

  test.each([
    ["text", ['""', '"a b"', '"Ä"', '"z"', '"ä"', '"\\\\"', '"quote\'"']],
    ['text COLLATE "C"', ['"A"', '"a"', '"Ä"']],
    ["varchar(10)", ['"a"', '"b"']],
    ["char(4)", ['"a"', '"ab"']],
    ["uuid", ['"00000000-0000-0000-0000-000000000001"', '"f0000000-0000-0000-0000-000000000001"']],
    ["numeric", ['"-1.50"', '"12345678901234567890.123"']],
    ["float8", ['"-1e300"', '"0.1"', '"0.30000000000000004"']],
    [
      "timestamp",
      ['"4714-11-24 00:00:00 BC"', '"2024-01-01 00:00:00.000001"', '"294276-12-31 23:59:59.999999"'],
    ],
    ["time", ['"00:00:00"', '"24:00:00"']],
    ["interval", ['"-1 year"', '"1 mon 2 days"']],
    ["bytea", ['"\\\\x00"', '"\\\\xff"']],
    ["pg_lsn", ['"0/1"', '"FF/0"']],
  ])("a cursor of type %s reads each value once, one sync after the other", async (type, values) => {
    const table = `cursor_${type.replaceAll(/\W+/g, "_").toLowerCase()}`;
    await database.sql(`CREATE TABLE ${table} (id serial, c ${type})`);
    const stream = await incremental(byCursor, table, "c");
    await database.sql(
      `CREATE TEMP TABLE queue_${table} AS SELECT v::${type} AS v FROM json_array_elements_text($1::json) v`,
      [`[${values.join(",")}]`],
    );
    const order = await database.sql(`SELECT v::text AS v FROM queue_${table} ORDER BY v`);
    let { state } = await readAll(byCursor, stream);
    for (const [n] of order.entries()) {
      await database.sql(
        `INSERT INTO ${table} (c) SELECT v FROM queue_${table} ORDER BY v OFFSET ${n} LIMIT 1`,
      );
      const read = await readAll(byCursor, stream, state);
      expect(ids(read.rows), `value ${n}`).toEqual([n + 1]);
      state = read.state;
    }
    await elsewhere();
    expect((await readAll(byCursor, stream, state)).rows).toEqual([]);
  });

  test("an interrupted first load goes on by blocks and ends as a cursor; changes between attempts are in it", async () => {
    await database.sql(`CREATE TABLE loading (id int4 PRIMARY KEY, c int8, pad text);
      INSERT INTO loading SELECT i, i, ${PAD} FROM generate_series(1, 5000) i`);
    const stream = await incremental(byCursor, "loading", "c");
    const begun = await attempt(byCursor, stream, null, async (reader) => {
      const parts = (await partsOf(reader)).slice(0, 3);
      const rows = await Promise.all(parts.map((part) => rowsOf(part, stream)));
      return { rows: rows.flat(), state: parts.at(-1)?.state ?? null };
    });
    expect(begun.state).toMatchObject({ kind: "blocks", loaded: false });
    await database.sql(
      "UPDATE loading SET c = 10000 + id WHERE id IN (1, 4999); INSERT INTO loading VALUES (5001, 3, 'x')",
    );
    const rest = await readAll(byCursor, stream, begun.state);
    expect(rest.overlap).toBe(true);
    expect(rest.state).toMatchObject({ kind: "cursor", value: "14999" });
    const kept = new Map([...begun.rows, ...rest.rows].map((row) => [row["id"], row["c"]]));
    expect(kept.size).toBe(5001);
    expect([kept.get("1"), kept.get("4999"), kept.get("5001")]).toEqual(["10001", "14999", "3"]);
    await elsewhere();
    expect((await readAll(byCursor, stream, rest.state)).rows).toEqual([]);
  });

  test.each([0, 1, 2, 3])(
    "seed %i: sync after sync, with failures in between, the newest of each key is the table",
    async (seed) => {
      const random = seededRandom(seed);
      const below = (limit: number): number => Math.floor(random() * limit);
      const table = `living_${seed}`;
      await database.sql(`CREATE TABLE ${table} (id int4 PRIMARY KEY, c int8, pad text);
      CREATE SEQUENCE ${table}_c; ${seed % 2 ? `CREATE INDEX ON ${table} (c);` : ""}
      INSERT INTO ${table} SELECT i, nextval('${table}_c'), ${PAD} FROM generate_series(1, 3000) i; ANALYZE ${table}`);
      const stream = await incremental(byCursor, table, "c");
      const kept = new Map<string | null | undefined, string | null | undefined>();
      let state: JsonValue | null = null;
      for (let sync = 0; sync < 8; sync += 1) {
        const limit = sync % 3 === 2 ? Infinity : below(4);
        state = await attempt(byCursor, stream, state, async (reader) => {
          let last: JsonValue | null = state;
          for (const part of (await partsOf(reader)).slice(0, limit)) {
            for (const row of await rowsOf(part, stream)) kept.set(row["id"], row["c"]);
            last = part.state;
          }
          return last;
        });
        const from = below(3000);
        await database.sql(`UPDATE ${table} SET c = nextval('${table}_c') WHERE id BETWEEN ${from} AND ${from + below(2000)};
        INSERT INTO ${table} SELECT max(id) + 1, nextval('${table}_c'), 'new' FROM ${table}`);
      }
      for (const row of (await readAll(byCursor, stream, state)).rows) kept.set(row["id"], row["c"]);
      const content = await database.sql(`SELECT id::text, c::text FROM ${table}`);
      expect(new Map(content.map((row) => [row["id"], row["c"]]))).toEqual(kept);
    },
  );

  test("a cursor that cannot be one is refused with the names of those that can", async () => {
    await database.sql("CREATE TABLE odd (id int4, doc jsonb, at timestamptz)");
    for (const [cursor, message] of [
      [undefined, /needs a cursor column/],
      ["doc", /no order/],
      ["gone", /no column gone/],
    ] as const) {
      const read = readAll(byCursor, await incremental(byCursor, "odd", cursor));
      await expect(read).rejects.toMatchObject({
        failure: {
          code: "source.cursor_unusable",
          recovery: "ask",
          message: expect.stringMatching(message),
          next: expect.stringContaining("id, at"),
        },
      });
    }
  });

  test("another cursor column, or one of another order, starts again; a widened one goes on", async () => {
    await database.sql(
      "CREATE TABLE shifting (id int4, c int4, d int4); INSERT INTO shifting VALUES (1, 1, 1)",
    );
    const stream = await incremental(byCursor, "shifting", "c");
    const { state } = await readAll(byCursor, stream);
    const other = await readAll(byCursor, await incremental(byCursor, "shifting", "d"), state);
    expect(other.restart).toMatch(/was c and is d/);
    expect(other.rows.length).toBe(1);
    await database.sql("ALTER TABLE shifting ALTER c TYPE int8; INSERT INTO shifting VALUES (2, 2, 2)");
    const widened = await readAll(byCursor, await incremental(byCursor, "shifting", "c"), state);
    expect(widened.restart).toBeUndefined();
    // A rewrite is a new version of every row: the tie comes again.
    expect(ids(widened.rows)).toEqual([1, 2]);
    await database.sql("ALTER TABLE shifting ALTER c TYPE text");
    expect((await readAll(byCursor, await incremental(byCursor, "shifting", "c"), state)).restart).toMatch(
      /int4 and is text/,
    );
  });
});

describe("by xmin", () => {
  test("inserts and updates of any column are seen, and only they", async () => {
    await database.sql(`CREATE TABLE seen (id int4 PRIMARY KEY, val int4, pad text);
      INSERT INTO seen SELECT i, 0, ${PAD} FROM generate_series(1, 4000) i`);
    const stream = await incremental(byXmin, "seen");
    expect(stream.stream.source_defined_cursor).toBe(true);
    const first = await readAll(byXmin, stream);
    expect(first.rows.length).toBe(4000);
    expect(first.parts).toBeGreaterThan(3);
    const same = await readAll(byXmin, stream, first.state);
    expect(same).toMatchObject({ rows: [], parts: 1, state: first.state });
    await database.sql(
      "UPDATE seen SET val = 1 WHERE id % 1000 = 7; INSERT INTO seen VALUES (9000, 1, 'x'); DELETE FROM seen WHERE id = 3",
    );
    await database.sql("VACUUM FREEZE seen");
    const second = await readAll(byXmin, stream, first.state);
    expect(ids(second.rows)).toEqual([7, 1007, 2007, 3007, 9000]);
    expect(second.overlap).toBe(false);
    expect((await readAll(byXmin, stream, second.state)).rows).toEqual([]);
    await database.sql("VACUUM FULL seen");
    await database.sql("UPDATE seen SET val = 2 WHERE id = 1");
    const third = await readAll(byXmin, stream, second.state);
    expect(third.restart).toBeUndefined();
    expect(ids(third.rows)).toEqual([1]);
  });

  test("a transaction open at the time of a sync is not lost, subtransactions included", async () => {
    await database.sql(
      "CREATE TABLE slow (id int4 PRIMARY KEY, val int4); INSERT INTO slow SELECT i, 0 FROM generate_series(1, 10) i",
    );
    const stream = await incremental(byXmin, "slow");
    const writer = await database.connect();
    await writer.query(
      "BEGIN; UPDATE slow SET val = 1 WHERE id = 1; SAVEPOINT s; UPDATE slow SET val = 1 WHERE id = 2; RELEASE s",
    );
    const first = await readAll(byXmin, stream);
    await database.sql("UPDATE slow SET val = 5 WHERE id = 5");
    const second = await readAll(byXmin, stream, first.state);
    expect(ids(second.rows)).toEqual([5]);
    await writer.query("SAVEPOINT t; UPDATE slow SET val = 1 WHERE id = 3; RELEASE t; COMMIT");
    await writer.end();
    const third = await readAll(byXmin, stream, second.state);
    expect(ids(third.rows)).toEqual([1, 2, 3]);
    const came = new Map(
      [...first.rows, ...second.rows, ...third.rows].map((row) => [Number(row["id"]), row["val"]]),
    );
    expect([came.get(1), came.get(2), came.get(3), came.get(5)]).toEqual(["1", "1", "1", "5"]);
    expect(came.size).toBe(10);
    expect((await readAll(byXmin, stream, third.state)).rows).toEqual([]);
  });

  test("resumes from every part of a change scan", async () => {
    await database.sql(`CREATE TABLE scanned (id int4 PRIMARY KEY, val int4, pad text);
      INSERT INTO scanned SELECT i, 0, ${PAD} FROM generate_series(1, 20000) i`);
    const stream = await incremental(byXmin, "scanned");
    const { state } = await readAll(byXmin, stream);
    await database.sql("UPDATE scanned SET val = 1 WHERE id % 100 = 0");
    const whole = await readAll(byXmin, stream, state);
    expect(whole.parts).toBeGreaterThan(1);
    expect(ids(whole.rows)).toEqual(Array.from({ length: 200 }, (_, i) => (i + 1) * 100));
    for (let cut = 1; cut < whole.parts; cut += 1) {
      const begun = await attempt(byXmin, stream, state, async (reader) => {
        const parts = (await partsOf(reader)).slice(0, cut);
        return {
          rows: (await Promise.all(parts.map((part) => rowsOf(part, stream)))).flat(),
          state: parts.at(-1)?.state ?? null,
        };
      });
      const rest = await readAll(byXmin, stream, begun.state);
      expect(ids([...begun.rows, ...rest.rows])).toEqual(ids(whole.rows));
    }
  });

  test("two billion transactions later everything is read again", () => {
    const then = { xmin: 900n, xmax: 1000n, open: [] };
    expect(tooOld(then, { xmin: 2n ** 31n, xmax: 900n + 2_000_000_000n - 1n, open: [] })).toBeUndefined();
    expect(tooOld(then, { xmin: 2n ** 31n, xmax: 900n + 2_000_000_000n, open: [] })).toMatch(/two billion/);
    expect(tooOld(then, { xmin: 5n, xmax: 999n, open: [] })).toMatch(/another server/);
  });

  test("views cannot be read so", async () => {
    await database.sql("CREATE VIEW slow_view AS SELECT * FROM slow");
    const view = await incremental(byXmin, "slow_view");
    expect(view.stream.supported_sync_modes).toEqual(["full_refresh"]);
    await expect(readAll(byXmin, view)).rejects.toMatchObject({
      failure: { code: "source.xmin_unsupported", recovery: "ask" },
    });
  });

  test("a change of method: from xmin to cursor goes on, from cursor to xmin starts again", async () => {
    await database.sql(
      "CREATE TABLE changed (id int4 PRIMARY KEY); INSERT INTO changed SELECT generate_series(1, 10)",
    );
    const xmin = await readAll(byXmin, await incremental(byXmin, "changed"));
    await database.sql("INSERT INTO changed VALUES (11)");
    const cursor = await readAll(byCursor, await incremental(byCursor, "changed", "id"), xmin.state);
    expect(ids(cursor.rows)).toEqual([11]);
    expect(cursor.state).toMatchObject({ kind: "cursor", value: "11" });
    const back = await readAll(byXmin, await incremental(byXmin, "changed"), cursor.state);
    expect(back.restart).toMatch(/another sync mode or replication method/);
    expect(back.rows.length).toBe(11);
  });
});
