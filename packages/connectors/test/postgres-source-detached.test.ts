import { describe, expect, test } from "vitest";
import type { Leaf } from "../src/postgres/source/leaves.ts";
import { resume } from "../src/postgres/source/resume.ts";
import type { BlocksState } from "../src/postgres/source/state.ts";
import { attempt, ids, incremental, newDatabase, readAll, type Row, rowsOf } from "./postgres-source.ts";

const database = await newDatabase();
const config = database.config({ part_megabytes: 1, replication_method: "xmin" });

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

interface Way {
  readonly name: string;
  /** SQL that makes the table and its children `_1` (ids below 10,000) and `_2`. */
  readonly make: (table: string) => string;
  readonly leave: (table: string) => string;
  readonly comeBack: (table: string) => string;
}

const WAYS: readonly Way[] = [
  {
    name: "a partition",
    make: (table) => `CREATE TABLE ${table} (id int4 PRIMARY KEY, v text) PARTITION BY RANGE (id);
      CREATE TABLE ${table}_1 PARTITION OF ${table} FOR VALUES FROM (0) TO (10000);
      CREATE TABLE ${table}_2 PARTITION OF ${table} FOR VALUES FROM (10000) TO (20000)`,
    leave: (table) => `ALTER TABLE ${table} DETACH PARTITION ${table}_2`,
    comeBack: (table) =>
      `ALTER TABLE ${table} ATTACH PARTITION ${table}_2 FOR VALUES FROM (10000) TO (20000)`,
  },
  {
    name: "a child",
    make: (table) => `CREATE TABLE ${table} (id int4 PRIMARY KEY, v text);
      CREATE TABLE ${table}_1 () INHERITS (${table}); CREATE TABLE ${table}_2 () INHERITS (${table})`,
    leave: (table) => `ALTER TABLE ${table}_2 NO INHERIT ${table}`,
    comeBack: (table) => `ALTER TABLE ${table}_2 INHERIT ${table}`,
  },
];

describe.each(WAYS)("$name that leaves and comes back", ({ name, make, leave, comeBack }) => {
  const prefix = name.replace(" ", "_");

  test("brings all that was written meanwhile, and nothing twice", async () => {
    const table = `${prefix}_whole`;
    await database.sql(`${make(table)}; INSERT INTO ${table}_1 SELECT i, 'x' FROM generate_series(1, 100) i;
      INSERT INTO ${table}_2 SELECT i, 'x' FROM generate_series(10001, 10100) i`);
    const stream = await incremental(config, table);
    const first = await readAll(config, stream);
    expect(first.rows.length).toBe(200);
    await database.sql(leave(table));
    await database.sql(`INSERT INTO ${table}_2 SELECT i, 'y' FROM generate_series(10101, 10200) i;
      UPDATE ${table}_2 SET v = 'y' WHERE id = 10007; INSERT INTO ${table}_1 VALUES (101, 'y')`);
    const without = await readAll(config, stream, first.state);
    expect(ids(without.rows)).toEqual([101]);
    await database.sql(`INSERT INTO ${table}_1 VALUES (102, 'z')`);
    const still = await readAll(config, stream, without.state);
    expect(ids(still.rows)).toEqual([102]);
    await database.sql(comeBack(table));
    const back = await readAll(config, stream, still.state);
    expect(back.restart).toBeUndefined();
    expect(ids(back.rows)).toEqual([10007, ...range(10101, 10200)]);
    expect((await readAll(config, stream, back.state)).rows).toEqual([]);
  });

  test.each(range(1, 7))(
    "during a first load that fails after part %i: the rest of it comes when it is back",
    async (cut) => {
      const table = `${prefix}_cut_${cut}`;
      const pad = "repeat(md5(random()::text), 34)";
      await database.sql(`${make(table)}; INSERT INTO ${table}_1 SELECT i, ${pad} FROM generate_series(1, 3000) i;
        INSERT INTO ${table}_2 SELECT i, ${pad} FROM generate_series(10001, 13000) i`);
      const stream = await incremental(config, table);
      const begun = await attempt(config, stream, null, async (reader) => {
        const rows: Row[] = [];
        let parts = 0;
        for await (const part of reader.parts(new AbortController().signal)) {
          rows.push(...(await rowsOf(part, stream)));
          parts += 1;
          if (parts === cut) return { rows, state: part.state };
        }
        throw new Error(`only ${parts} parts`);
      });
      await database.sql(leave(table));
      await database.sql(`INSERT INTO ${table}_2 VALUES (19999, 'new')`);
      const rest = await readAll(config, stream, begun.state);
      expect(rest.state).toMatchObject({ loaded: true });
      await database.sql(comeBack(table));
      const back = await readAll(config, stream, rest.state);
      expect(back.restart).toBeUndefined();
      expect(ids([...begun.rows, ...rest.rows, ...back.rows])).toEqual([
        ...range(1, 3000),
        ...range(10001, 13000),
        19999,
      ]);
      expect((await readAll(config, stream, back.state)).rows).toEqual([]);
    },
  );
});

test("a table that is gone does not age the state; one that comes back after two billion transactions does", () => {
  const old = { xmin: 900n, xmax: 1000n, open: [] };
  const recent = { xmin: 2_000_001_000n, xmax: 2_000_001_000n, open: [] };
  const state: BlocksState = {
    kind: "blocks",
    relation: "1",
    leaves: [
      { oid: "2", file: "2" },
      { oid: "3", file: "3" },
    ],
    read: [
      { until: { leaf: 1, block: 0 }, snapshot: recent },
      { until: { leaf: 2, block: 0 }, snapshot: old },
    ],
    loaded: true,
  };
  const leaf = (oid: string): Leaf => ({
    oid,
    file: oid,
    from: "t",
    heap: true,
    blocks: 1,
    bytes: 8192,
    rows: 1,
  });
  const now = { xmin: 2_000_002_000n, xmax: 2_000_002_000n, open: [] };
  expect(resume(state, "1", [leaf("2")], now)).toMatchObject({ read: state.read });
  expect(resume(state, "1", [leaf("2"), leaf("3")], now)).toMatch(/two billion/);
  expect(resume(state, "1", [], { xmin: 5n, xmax: 999n, open: [] })).toMatch(/another server/);
});
