import { seededRandom } from "@weir/kit/testing";
import type { ConfiguredStream, JsonObject, JsonValue } from "@weir/protocol";
import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import { attempt, configured, newDatabase, partsOf, readAll, type Row, rowsOf } from "./postgres-source.ts";

const database = await newDatabase();
const config = database.config({ part_megabytes: 1 });

/** About 1.1 kB a row, in the table itself. */
const PAD = "repeat(md5(random()::text), 34)";
const shape = (name: string, key: string, tail = ""): string =>
  `CREATE TABLE ${name} (id int8 ${key}, shard int4 NOT NULL DEFAULT 0, val int4 NOT NULL, pad text)${tail}`;

const never = new AbortController().signal;

interface Delivered {
  readonly rows: Row[];
  state: JsonValue | null;
  notices: readonly string[];
  restart?: string | undefined;
  complete: boolean;
}

/** An attempt that commits at most `limit` parts and then fails. `meanwhile` runs after its snapshot is taken. */
async function attemptParts(
  stream: ConfiguredStream,
  into: Delivered,
  limit: number,
  { meanwhile, using = config }: { meanwhile?: (() => Promise<void>) | undefined; using?: JsonObject } = {},
): Promise<number> {
  return attempt(using, stream, into.state, async (reader) => {
    await meanwhile?.();
    into.notices = reader.notices;
    into.restart = reader.restart?.reason;
    let parts = 0;
    for await (const part of reader.parts(never)) {
      if (parts === limit) return parts;
      into.rows.push(...(await rowsOf(part, stream)));
      into.state = part.state;
      parts += 1;
    }
    into.complete = true;
    return parts;
  });
}

function delivered(): Delivered {
  return { rows: [], state: null, notices: [], complete: false };
}

/** The newest row of each key: what a destination keeps. */
function newest(rows: readonly Row[]): Map<string, string> {
  return new Map(rows.map((row) => [row["id"] ?? "", JSON.stringify(row)]));
}

async function truth(table: string): Promise<readonly Row[]> {
  return database.sql(`SELECT id::text, shard::text, val::text, pad FROM ${table} ORDER BY id`);
}

function sorted(rows: readonly Row[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

describe("full refresh, source unchanged", () => {
  test("resumes from every part without a row lost or doubled, key or no key", async () => {
    await database.sql(
      `${shape("still", "")}; INSERT INTO still SELECT i, 0, i, ${PAD} FROM generate_series(1, 6000) i`,
    );
    const stream = await configured(config, "still");
    const all = sorted(await truth("still"));
    const whole = await readAll(config, stream);
    expect(whole.parts).toBeGreaterThanOrEqual(6);
    expect(sorted(whole.rows)).toEqual(all);
    for (let cut = 1; cut < whole.parts; cut += 1) {
      const into = delivered();
      await attemptParts(stream, into, cut);
      await attemptParts(stream, into, Infinity);
      expect(sorted(into.rows), `after part ${cut}`).toEqual(all);
      expect(into.notices).toEqual([]);
    }
    const one = delivered();
    let attempts = 0;
    for (; !one.complete; attempts += 1) await attemptParts(stream, one, 1);
    expect(attempts).toBeGreaterThanOrEqual(6);
    expect(sorted(one.rows)).toEqual(all);
  });

  test("a transaction open elsewhere, older than the rows, does not double them", async () => {
    await database.sql("CREATE TABLE bystander (n int4)");
    const idler = await database.connect();
    await idler.query(
      "BEGIN; INSERT INTO bystander VALUES (1); SAVEPOINT s; INSERT INTO bystander VALUES (2)",
    );
    await database.sql(
      `${shape("beside", "")}; INSERT INTO beside SELECT i, 0, i, ${PAD} FROM generate_series(1, 4000) i`,
    );
    const stream = await configured(config, "beside");
    const into = delivered();
    await attemptParts(stream, into, 2);
    await attemptParts(stream, into, 1);
    await idler.query("RELEASE s; COMMIT");
    await idler.end();
    await attemptParts(stream, into, Infinity);
    expect(sorted(into.rows)).toEqual(sorted(await truth("beside")));
  });

  test("a part read again gives the same rows, although the table has changed", async () => {
    await database.sql(
      `${shape("again", "PRIMARY KEY")}; INSERT INTO again SELECT i, 0, i, ${PAD} FROM generate_series(1, 3000) i`,
    );
    const stream = await configured(config, "again");
    await attempt(config, stream, null, async (reader) => {
      const parts = await partsOf(reader);
      const first = await Promise.all(parts.map((part) => rowsOf(part, stream)));
      await database.sql("UPDATE again SET val = -val; DELETE FROM again WHERE id % 3 = 0");
      const second = await Promise.all(parts.map((part) => rowsOf(part, stream)));
      expect(second).toEqual(first);
      expect(first.flat().length).toBe(3000);
    });
  });

  test("a complete state yields one empty part with the same state", async () => {
    const stream = await configured(config, "still");
    const first = await readAll(config, stream);
    const second = await readAll(config, stream, first.state);
    expect(second).toMatchObject({ rows: [], parts: 1, state: first.state, overlap: false });
  });

  test("an empty table and one without partitions still yield one part with a state", async () => {
    await database.sql(`CREATE TABLE nothing (id int4); CREATE TABLE no_partitions (id int4) PARTITION BY RANGE (id);
      CREATE TABLE no_columns ()`);
    await database.sql("INSERT INTO no_columns SELECT FROM generate_series(1, 3)");
    for (const name of ["nothing", "no_partitions"]) {
      const read = await readAll(config, await configured(config, name));
      expect(read).toMatchObject({ rows: [], parts: 1, state: { kind: "blocks", loaded: true } });
    }
    const stream = {
      stream: { name: "no_columns", namespace: "public", json_schema: {}, supported_sync_modes: [] },
    };
    const read = await readAll(config, {
      ...stream,
      sync_mode: "full_refresh",
      destination_sync_mode: "append",
    });
    expect(read.rows.length).toBe(3);
  });
});

/** One random change, in one transaction, some of it in subtransactions. */
async function change(
  client: Client,
  table: string,
  random: () => number,
  deleted: Set<string>,
): Promise<void> {
  const below = (limit: number): number => Math.floor(random() * limit);
  const start = below(4000);
  switch (below(7)) {
    case 0:
      await client.query(
        `UPDATE ${table} SET val = val + 1 WHERE id BETWEEN ${start} AND ${start + below(300)}`,
      );
      return;
    case 1:
      await client.query(
        `INSERT INTO ${table} SELECT max(id) + n, 0, 0, ${PAD} FROM ${table}, generate_series(1, ${1 + below(300)}) n WHERE id < 1000000 GROUP BY n`,
      );
      return;
    case 2: {
      const gone = await client.query<{ id: string }>(
        `DELETE FROM ${table} WHERE id BETWEEN ${start} AND ${start + below(200)} RETURNING id`,
      );
      for (const { id } of gone.rows) deleted.add(id);
      return;
    }
    case 3:
      await client.query(`VACUUM ${table}`);
      return;
    case 4:
      await client.query(`UPDATE ${table} SET shard = (shard + 1) % 3 WHERE id % 17 = ${below(17)}`);
      return;
    case 5:
      await client.query(`BEGIN; SAVEPOINT a; UPDATE ${table} SET val = val + 10 WHERE id % 29 = ${below(29)};
        RELEASE a; SAVEPOINT b; DELETE FROM ${table}; ROLLBACK TO b; COMMIT`);
      return;
    default: {
      // A key moves to another number: the old one is gone as if deleted.
      const moved = await client.query<{ old: string }>(
        `UPDATE ${table} t SET id = t.id + 1000000 FROM (SELECT id FROM ${table} WHERE id % 97 = ${below(97)} AND id < 1000000) o
          WHERE t.id = o.id RETURNING o.id AS old`,
      );
      for (const { old } of moved.rows) deleted.add(old);
    }
  }
}

describe("full refresh, source changed between attempts and while they run", () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed))(
    "seed %i: with a key, nothing is lost and the newest stays",
    async (seed) => {
      const random = seededRandom(seed);
      const table = `moving_${seed}`;
      const partitioned = seed % 2 === 1;
      await database.sql(
        partitioned
          ? `${shape(table, "", " PARTITION BY LIST (shard)")};
           ALTER TABLE ${table} ADD PRIMARY KEY (id, shard);
           CREATE TABLE ${table}_0 PARTITION OF ${table} FOR VALUES IN (0);
           CREATE TABLE ${table}_1 PARTITION OF ${table} FOR VALUES IN (1);
           CREATE TABLE ${table}_2 PARTITION OF ${table} FOR VALUES IN (2) PARTITION BY HASH (id);
           CREATE TABLE ${table}_2a PARTITION OF ${table}_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
           CREATE TABLE ${table}_2b PARTITION OF ${table}_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)`
          : shape(table, "PRIMARY KEY", " WITH (fillfactor = 80)"),
      );
      await database.sql(`INSERT INTO ${table} SELECT i, i % 3, i, ${PAD} FROM generate_series(1, 5000) i`);
      const stream = await configured(config, table);
      const writer = await database.connect();
      const slow = await database.connect();
      const deleted = new Set<string>();
      const changes = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n += 1) await change(writer, table, random, deleted);
      };
      // Open, with subtransactions, while the first snapshots are taken; commits later.
      await slow.query(`BEGIN; SAVEPOINT s; INSERT INTO ${table} SELECT 5000000 + n, 0, n, ${PAD} FROM generate_series(1, 50) n;
      RELEASE s; SAVEPOINT s; INSERT INTO ${table} SELECT 6000000 + n, 1, n, ${PAD} FROM generate_series(1, 50) n; RELEASE s`);
      const into = delivered();
      const attempts = 2 + Math.floor(random() * 4);
      for (let n = 0; n < attempts && !into.complete; n += 1) {
        await attemptParts(stream, into, Math.floor(random() * 4), { meanwhile: () => changes(2) });
        expect(into.restart).toBeUndefined();
        if (n === 1) await slow.query("COMMIT");
        await changes(2);
      }
      await attemptParts(stream, into, Infinity);
      await writer.end();
      await slow.end();
      const kept = newest(into.rows);
      const rows = await truth(table);
      for (const row of rows) {
        const id = row["id"] ?? "";
        expect(kept.get(id), `row ${id}`).toBe(JSON.stringify(row));
        kept.delete(id);
      }
      const left = [...kept.keys()].filter((id) => !deleted.has(id));
      expect(left, "rows that never were, or were not deleted").toEqual([]);
    },
  );

  test("without a key every row of the last snapshot comes at least once, and the user is told", async () => {
    await database.sql(
      `${shape("keyless", "")}; INSERT INTO keyless SELECT i, 0, i, ${PAD} FROM generate_series(1, 5000) i`,
    );
    const stream = await configured(config, "keyless");
    const into = delivered();
    await attemptParts(stream, into, 3);
    await database.sql("DELETE FROM keyless WHERE id % 5 = 0; UPDATE keyless SET val = -1 WHERE id % 7 = 0");
    await database.sql("VACUUM keyless");
    await database.sql("UPDATE keyless SET val = -2 WHERE id % 11 = 0");
    await attemptParts(stream, into, Infinity);
    const came = new Set(sorted(into.rows));
    for (const row of sorted(await truth("keyless"))) expect(came.has(row)).toBe(true);
    expect(into.notices.join()).toMatch(/without a primary key.*may appear twice/);
  });

  test("with a key the notice says what holds; parts of the resumed read overlap", async () => {
    const stream = await configured(config, "moving_0");
    const into = delivered();
    await attemptParts(stream, into, 2);
    await database.sql("UPDATE moving_0 SET val = 0 WHERE id = 1");
    const rest = await readAll(config, stream, into.state);
    expect(rest.overlap).toBe(true);
    expect(rest.notices.join()).toMatch(/newest kept; rows deleted .* may remain/);
  });

  test.each([
    ["TRUNCATE", "TRUNCATE %", /truncated or rewritten/],
    ["VACUUM FULL", "VACUUM FULL %", /truncated or rewritten/],
    ["a new type", "ALTER TABLE % ALTER val TYPE int8", /truncated or rewritten/],
    [
      "DROP and CREATE",
      "DROP TABLE %; CREATE TABLE % (id int8, shard int4, val int4, pad text)",
      /dropped and made again/,
    ],
  ])("%s between attempts starts the generation again", async (name, sql, reason) => {
    const table = `rewritten_${name.replaceAll(" ", "_").toLowerCase()}`;
    await database.sql(
      `${shape(table, "PRIMARY KEY")}; INSERT INTO ${table} SELECT i, 0, i, ${PAD} FROM generate_series(1, 3000) i`,
    );
    const stream = await configured(config, table);
    const into = delivered();
    await attemptParts(stream, into, 1);
    await database.sql(sql.replaceAll("%", table));
    const again = await readAll(config, stream, into.state);
    expect(again.restart).toMatch(reason);
    expect(sorted(again.rows)).toEqual(sorted(await truth(table)));
  });

  test("a table truncated or rewritten while it is read fails the attempt; the rows are not taken for gone", async () => {
    await database.sql(
      `${shape("pulled", "PRIMARY KEY")}; INSERT INTO pulled SELECT i, 0, i, ${PAD} FROM generate_series(1, 3000) i`,
    );
    const stream = await configured(config, "pulled");
    const into = delivered();
    const read = attemptParts(stream, into, Infinity, {
      meanwhile: async () => {
        await database.sql("TRUNCATE pulled; INSERT INTO pulled VALUES (1, 1, 1, 'x')");
      },
    });
    await expect(read).rejects.toMatchObject({
      failure: { code: "source.table_rewritten", recovery: "retry", stream: "public.pulled" },
    });
    expect(into.state).toBeNull();
  });

  test("a partition made between attempts is read; one that is dropped does not stop the rest", async () => {
    await database.sql(`${shape("grown", "", " PARTITION BY LIST (shard)")};
      CREATE TABLE grown_0 PARTITION OF grown FOR VALUES IN (0); CREATE TABLE grown_1 PARTITION OF grown FOR VALUES IN (1);
      INSERT INTO grown SELECT i, i % 2, i, ${PAD} FROM generate_series(1, 4000) i`);
    const stream = await configured(config, "grown");
    const into = delivered();
    await attemptParts(stream, into, 3);
    await database.sql(`CREATE TABLE grown_2 PARTITION OF grown FOR VALUES IN (2);
      INSERT INTO grown SELECT i, 2, i, ${PAD} FROM generate_series(10001, 12000) i; DROP TABLE grown_0`);
    await attemptParts(stream, into, 1);
    await attemptParts(stream, into, Infinity);
    const kept = newest(into.rows);
    for (const row of await truth("grown")) expect(kept.get(row["id"] ?? "")).toBe(JSON.stringify(row));
  });

  test("a state from another server, or from long ago, or of unknown shape, starts again", async () => {
    const stream = await configured(config, "still");
    const { state } = await readAll(config, stream);
    const moved = JSON.parse(
      JSON.stringify(state)
        .replace(/"snapshot":"[^"]*"/, '"snapshot":"99999999:99999999:"')
        .replace('"loaded":true', '"loaded":false'),
    );
    expect((await readAll(config, stream, moved)).restart).toMatch(/another server/);
    expect((await readAll(config, stream, { cursor: "1", version: 2 })).restart).toMatch(
      /not written by this version/,
    );
    expect((await readAll(config, stream, { kind: "blocks", version: 1, relation: 7 })).restart).toMatch(
      /not written by/,
    );
  });
});

describe("relations without blocks of their own", () => {
  test("views and foreign tables come whole in one part, with a notice", async () => {
    await database.sql(
      "CREATE VIEW seen AS SELECT * FROM still WHERE id <= 4000; CREATE MATERIALIZED VIEW stored AS SELECT * FROM still",
    );
    const view = await readAll(config, await configured(config, "seen"));
    expect(view).toMatchObject({ parts: 1, notices: [expect.stringMatching(/one query \(it is a view\)/)] });
    expect(view.rows.length).toBe(4000);
    const stored = await readAll(config, await configured(config, "stored"));
    expect(stored.notices).toEqual([]);
    expect(stored.parts).toBeGreaterThan(5);
    expect(stored.rows.length).toBe(6000);
  });

  test("a materialized view that was never refreshed is a clear error", async () => {
    await database.sql("CREATE MATERIALIZED VIEW unready AS SELECT 1 AS id WITH NO DATA");
    const read = readAll(config, await configured(config, "unready"));
    await expect(read).rejects.toMatchObject({
      failure: { code: "source.not_ready", recovery: "ask", next: expect.stringMatching(/REFRESH/) },
    });
  });

  test("children that inherit are read with their parent", async () => {
    await database.sql(`CREATE TABLE parent (id int4); CREATE TABLE child (extra text) INHERITS (parent);
      INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 'x')`);
    const read = await readAll(config, await configured(config, "parent"));
    expect(read.rows.map((row) => row["id"])).toEqual(["1", "2"]);
  });
});
