import { createHash } from "node:crypto";
import type { ColumnBatch, Encoding } from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { attempt, bytesOf, configured, encoding, newDatabase, partsOf, readAll } from "./postgres-source.ts";

const database = await newDatabase();
const config = database.config({ part_megabytes: 1 });
const never = new AbortController().signal;

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
