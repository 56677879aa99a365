import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { testContext } from "@weir/kit/testing";
import type { ColumnBatch, Encoding, Failure } from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { sourcePostgres } from "../src/postgres/source.ts";
import {
  attempt,
  bytesOf,
  configFor,
  configure,
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

describe("values that cannot go every way", () => {
  test("a row of 100 MB goes every way", async () => {
    await database.sql(
      "CREATE TABLE wide (id int4, body text); INSERT INTO wide VALUES (1, repeat('0123456789', 10000000)), (2, 'é')",
    );
    const stream = await configured(config, "wide");
    const [row] = (await readAll(config, stream)).rows;
    expect(row?.["body"]?.length).toBe(100_000_000);
    for (const format of ["pg-binary", "pg-text", "csv"] as const) {
      const { bytes, rows } = await attempt(config, stream, null, async (reader) => {
        const [part] = await partsOf(reader);
        if (part === undefined) throw new Error("no part");
        return bytesOf(part, encoding(stream, format));
      });
      expect([rows, bytes.length > 100_000_000]).toEqual([2, true]);
    }
  });

  test("json that jsonb refuses fails the byte route with skip and comes as text by batch", async () => {
    await database.sql(
      `CREATE TABLE documents (id int4, doc json); INSERT INTO documents VALUES (1, '{"a":"\\u0000"}')`,
    );
    const stream = await configured(config, "documents");
    const read = attempt(config, stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      return part === undefined ? undefined : bytesOf(part, encoding(stream, "pg-binary"));
    });
    await expect(read).rejects.toMatchObject({ failure: { code: "source.data_refused", recovery: "skip" } });
    expect((await readAll(config, stream)).rows).toEqual([{ id: "1", doc: '{"a":"\\u0000"}' }]);
  });

  test("a database without an encoding: bytes that are no UTF-8 become NULL and say so, the rest of the row stays", async () => {
    await database.sql(
      `CREATE DATABASE raw_${process.pid} ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
    );
    const raw = await newDatabase(database.url.replace(/\/[^/]*$/, `/raw_${process.pid}`));
    await raw.sql(`CREATE TABLE bytes (id int4, t text, u text); SET client_encoding = 'SQL_ASCII';
      INSERT INTO bytes VALUES (1, E'caf\\xe9', 'fine'), (2, E'caf\\xc3\\xa9\\t', NULL), (3, 'plain', E'\\\\N')`);
    const stream = await configured(raw.config(), "bytes");
    for (const format of ["pg-binary", "pg-text", "csv"] as const) {
      const read = attempt(raw.config(), stream, null, async (reader) => {
        const [part] = await partsOf(reader);
        return part === undefined ? undefined : bytesOf(part, encoding(stream, format));
      });
      await expect(read).rejects.toMatchObject({
        failure: { code: "source.data_refused", recovery: "skip" },
      });
    }
    const batches = await attempt(raw.config(), stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      const read = part?.read(encoding(stream, "batch"), never);
      const all: ColumnBatch[] = [];
      if (read?.form === "batches") for await (const batch of read.chunks) all.push(batch);
      return all;
    });
    expect(batches.map((batch) => batch.columns.map((column) => column.values))).toEqual([
      [
        ["1", "2", "3"],
        [null, "café\t", "plain"],
        ["fine", null, "\\N"],
      ],
    ]);
    expect([...(batches[0]?.changes ?? [])]).toEqual([
      [0, [{ field: "t", change: "NULLED", reason: "SOURCE_SERIALIZATION_ERROR" }]],
    ]);
  });

  test("a LATIN1 database comes as UTF-8, checksum included", async () => {
    await database.sql(
      `CREATE DATABASE latin_${process.pid} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
    );
    const latin = await newDatabase(database.url.replace(/\/[^/]*$/, `/latin_${process.pid}`));
    await latin.sql("CREATE TABLE words (id text PRIMARY KEY); INSERT INTO words VALUES ('café'), ('Ä')");
    const stream = await configured(latin.config(), "words");
    expect((await readAll(latin.config(), stream)).rows).toEqual([{ id: "café" }, { id: "Ä" }]);
    const measured = await attempt(latin.config(), stream, null, async (reader) =>
      reader.measure?.({ key: ["id"], signal: never }),
    );
    expect(measured).toEqual({ rows: 2, checksum: checksum([["café"], ["Ä"]]) });
  });

  test("csv is given only where the destination's decimal holds every digit", async () => {
    await database.sql(
      "CREATE TABLE decimals (a numeric(10,2), b numeric, c float8, d int8, e numeric(10,6))",
    );
    const stream = await configured(config, "decimals");
    const fields = fieldsOf(stream.stream.json_schema);
    const given = await attempt(config, stream, null, async (reader) =>
      fields.map((field) =>
        ["DECIMAL(38,4)", "DECIMAL(10,2)", ""].map((type) =>
          reader.gives({ format: "csv", columns: [{ field, type }], cost: 1 }),
        ),
      ),
    );
    expect(given).toEqual([
      [true, true, true],
      [false, false, true],
      [false, false, true],
      [true, true, true],
      [false, false, true],
    ]);
  });

  test("casts that could change a value are not given", async () => {
    await database.sql(
      "CREATE TABLE casts (f8 float8, i8 int8, n numeric(12,4), d date, b bool, t timestamptz)",
    );
    const stream = await configured(config, "casts");
    const fields = Object.fromEntries(
      fieldsOf(stream.stream.json_schema).map((field) => [field.name, field]),
    );
    const pairs = [
      ["f8", "float4"],
      ["i8", "int4"],
      ["n", "numeric(10,2)"],
      ["n", "float8"],
      ["d", "timestamp"],
      ["b", "varchar"],
      ["t", "timestamp"],
      ["t", "timestamptz(0)"],
    ] as const;
    const refused = await attempt(config, stream, null, async (reader) =>
      pairs.filter(([name, type]) => {
        const field = fields[name];
        if (field === undefined) throw new Error(name);
        const columns: Encoding["columns"] = [{ field, type }];
        return (
          reader.gives({ format: "pg-binary", columns, cost: 1 }) ||
          reader.gives({ format: "pg-text", columns, cost: 1 })
        );
      }),
    );
    expect(refused).toEqual([]);
  });
});

/** As the contract defines it, computed here. */
function checksum(rows: readonly (readonly (string | null)[])[]): string {
  let sum = 0n;
  for (const row of rows) {
    const text = row.map((value) => value ?? "\\N").join("\x1f");
    sum += BigInt(`0x${createHash("md5").update(text).digest("hex").slice(0, 15)}`);
  }
  return sum.toString();
}

describe("measure", () => {
  test("counts and sums as the contract says, in the snapshot of the attempt", async () => {
    await database.sql(`CREATE TABLE measured (a int8, b text, c timestamptz, d numeric(10,2), e char(4), f inet);
      INSERT INTO measured VALUES (1, 'é', '2024-01-01 12:00:00.5+00', 1.50, 'x', '10.0.0.1'), (NULL, '', NULL, NULL, NULL, NULL)`);
    const stream = await configured(config, "measured");
    const key = ["a", "b", "c", "d", "e", "f"];
    const measured = await attempt(config, stream, null, async (reader) => {
      await database.sql("INSERT INTO measured VALUES (3)");
      return [
        await reader.measure?.({ key, signal: never }),
        await reader.measure?.({ key: [], signal: never }),
      ];
    });
    const rows = [
      ["1", "é", "2024-01-01 12:00:00.5+00", "1.50", "x   ", "10.0.0.1"],
      [null, "", null, null, null, null],
    ];
    expect(measured).toEqual([{ rows: 2, checksum: checksum(rows) }, { rows: 2 }]);
  });
});

describe("ending", () => {
  async function busy(name: string): Promise<number> {
    const [row] = await database.sql(
      `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'weir' AND datname = current_database() AND query LIKE '%${name}%'`,
    );
    return Number(row?.["n"]);
  }

  async function settled(name: string): Promise<void> {
    for (let n = 0; n < 50 && (await busy(name)) > 0; n += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await busy(name)).toBe(0);
  }

  test("an abort ends a slow read within a second, at the server too", async () => {
    await database.sql("CREATE VIEW sleepy AS SELECT pg_sleep(100)::text AS slept");
    const stream = await configured(config, "sleepy");
    const controller = new AbortController();
    const read = attempt(config, stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      return part === undefined ? [] : rowsOf(part, stream, controller.signal);
    });
    setTimeout(() => controller.abort(new Error("the user said stop")), 200);
    const begun = performance.now();
    await expect(read).rejects.toThrow("the user said stop");
    expect(performance.now() - begun).toBeLessThan(1_200);
    await settled("sleepy");
  });

  test("an abort of the whole attempt too, also while it connects", async () => {
    const stream = await configured(config, "sleepy");
    const controller = new AbortController();
    const read = attempt(
      config,
      stream,
      null,
      async (reader) => {
        const [part] = await partsOf(reader);
        return part === undefined ? [] : rowsOf(part, stream);
      },
      controller.signal,
    );
    setTimeout(() => controller.abort(new Error("stop all")), 200);
    await expect(read).rejects.toThrow("stop all");
    await settled("sleepy");
    await expect(
      attempt(config, stream, null, async () => 0, AbortSignal.abort(new Error("at once"))),
    ).rejects.toThrow("at once");
  });

  test("a consumer that stops early frees the server", async () => {
    await database.sql(
      "CREATE TABLE lengthy AS SELECT i AS id, repeat('x', 500) AS pad FROM generate_series(1, 200000) i",
    );
    const stream = await configured(config, "lengthy");
    await attempt(database.config({ part_megabytes: 10_000 }), stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      const read = part?.read(encoding(stream, "pg-text"), never);
      if (read?.form !== "bytes") throw new Error("bytes");
      for await (const chunk of read.chunks) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      await settled("lengthy");
    });
  });

  test("a slow consumer holds the server back; memory stays bounded", async () => {
    const stream = await configured(config, "lengthy");
    await attempt(database.config({ part_megabytes: 10_000 }), stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      const read = part?.read(encoding(stream, "pg-text"), never);
      if (read?.form !== "bytes") throw new Error("bytes");
      const before = process.memoryUsage().arrayBuffers;
      let pauses = 0;
      for await (const chunk of read.chunks) {
        expect(chunk).toBeInstanceOf(Buffer);
        if (pauses++ < 5) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
        }
      }
      expect(read.rows()).toBe(200_000);
    });
  });

  test("closing leaves no session behind", async () => {
    const stream = await configured(config, "lengthy");
    await attempt(config, stream, null, async (reader) => {
      const parts = (await partsOf(reader)).slice(0, 4);
      await Promise.all(parts.map((part) => rowsOf(part, stream)));
    });
    await settled("");
  });

  test("a stream of another namespace, or none, is found by the configuration's schemas", async () => {
    await database.sql(
      "CREATE SCHEMA apart; CREATE TABLE apart.here (id int4); INSERT INTO apart.here VALUES (1)",
    );
    const stream = configure({
      name: "here",
      json_schema: { type: "object", properties: { id: { type: "integer" } } },
      supported_sync_modes: [],
    });
    expect((await readAll(database.config({ schemas: ["apart"] }), stream)).rows).toEqual([{ id: "1" }]);
  });
});
