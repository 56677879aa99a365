import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { ExactNumber } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { folderWith, kindsOf, put, read, rowsOf } from "./scene.ts";

/** A folder with `a.parquet` made of a query. */
async function parquetOf(query: string, options = ""): Promise<string> {
  const root = folderWith();
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(`COPY (${query}) TO '${join(root, "a.parquet")}' (FORMAT parquet${options})`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return root;
}

describe("a Parquet file", () => {
  it("is read value by value", async () => {
    const root = await parquetOf(`
      SELECT * FROM (VALUES (
        true, 1::TINYINT, (-9223372036854775808)::BIGINT, 18446744073709551615::UBIGINT,
        12345678901234567890.123456789012345678::DECIMAL(38,18), 0.1::FLOAT, 0.1::DOUBLE, 'ü'::VARCHAR, 'ab'::BLOB,
        DATE '2024-02-29', TIMESTAMP '2024-01-02 03:04:05.678901', TIMESTAMPTZ '2024-01-02 03:04:05+02',
        '2024-01-02 03:04:05.123456789'::TIMESTAMP_NS, TIME '10:11:12.5', [1, NULL], {'a': 1.50, 'b': [DATE '2024-01-01']},
        MAP {'k': 1}, '0c9d3c4e-0000-4000-8000-000000000001'::UUID
      ), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL))
      AS t (bool, tiny, big, ubig, dec, flt, dbl, txt, bin, day, ts, tz, ns, tm, list, obj, map, uid)`);
    const result = await read({ root, files: ["*.parquet"] });
    const [first, second] = rowsOf(result);
    expect(first).toEqual({
      bool: true,
      tiny: 1,
      big: -9223372036854775808n,
      ubig: 18446744073709551615n,
      dec: new ExactNumber("12345678901234567890.123456789012345678"),
      flt: 0.1,
      dbl: 0.1,
      txt: "ü",
      bin: "YWI=",
      day: "2024-02-29",
      ts: "2024-01-02 03:04:05.678901",
      tz: "2024-01-02 01:04:05+00",
      ns: "2024-01-02 03:04:05.123456",
      tm: "10:11:12.5",
      list: [1, null],
      obj: { a: 1.5, b: ["2024-01-01"] },
      map: { k: 1 },
      uid: "0c9d3c4e-0000-4000-8000-000000000001",
    });
    expect(new Set(Object.values(second ?? {}))).toEqual(new Set([null]));
    expect(result.changes["rows"]).toEqual([
      [{ field: "ns", change: "TRUNCATED", reason: "DESTINATION_FIELD_SIZE_LIMITATION" }],
    ]);
    expect(kindsOf(result)["dec"]).toMatchObject({ "x-weir": { precision: 38, scale: 18 } });
  });

  it("keeps endless dates and times, and dates no timestamp reaches", async () => {
    const root = await parquetOf(`
      SELECT * FROM (VALUES
        (1, DATE '5874897-12-31', TIMESTAMP '294247-01-10 04:00:54.775806', TIMESTAMPTZ '2024-01-01 00:00:00+00'),
        (2, DATE 'infinity', TIMESTAMP 'infinity', TIMESTAMPTZ '-infinity'),
        (3, DATE '-infinity', TIMESTAMP '-infinity', TIMESTAMPTZ 'infinity'),
        (4, DATE '4714-11-24 (BC)', TIMESTAMP '0044-03-15 (BC) 12:00:00.000001', NULL),
        (5, DATE '10000-01-01', NULL, NULL), (6, NULL, NULL, NULL)) AS t (id, d, ts, tz)`);
    const result = await read({ root, files: ["*.parquet"] });
    expect(rowsOf(result)).toEqual([
      {
        id: 1,
        d: "5874897-12-31",
        ts: "294247-01-10 04:00:54.775806",
        tz: "2024-01-01 00:00:00+00",
      },
      { id: 2, d: "infinity", ts: "infinity", tz: "-infinity" },
      { id: 3, d: "-infinity", ts: "-infinity", tz: "infinity" },
      { id: 4, d: "4714-11-24 BC", ts: "0044-03-15 12:00:00.000001 BC", tz: null },
      { id: 5, d: "10000-01-01", ts: null, tz: null },
      { id: 6, d: null, ts: null, tz: null },
    ]);
    expect(result.changes["rows"]).toEqual([]);
  });

  it("keeps a U+FEFF that begins a text or a name", async () => {
    const long = "x".repeat(40);
    const root = await parquetOf(`
      SELECT '\ufeffa' AS "\ufeffname", '\ufeff\ufeff${long}' AS long, '\ufeff' AS alone, '\ufeffe'::ENUM('\ufeffe') AS e`);
    expect(rowsOf(await read({ root, files: ["*.parquet"] }))).toEqual([
      { "\ufeffname": "\ufeffa", long: `\ufeff\ufeff${long}`, alone: "\ufeff", e: "\ufeffe" },
    ]);
  });

  it("is read in parts of row groups, with the rows' numbers", async () => {
    const root = await parquetOf(
      "SELECT range AS n, md5(range::VARCHAR) AS t FROM range(200000)",
      ", ROW_GROUP_SIZE 20480",
    );
    const result = await read({
      root,
      files: ["a.parquet"],
      options: { place: true },
      config: { part_megabytes: 1 },
    });
    expect(result.parts).toBeGreaterThan(4);
    expect(rowsOf(result)).toHaveLength(200_000);
    const off = rowsOf(result).filter(({ n, _weir_line }) => Number(_weir_line) !== Number(n) + 1);
    expect(off).toEqual([]);
  });

  it.each([
    ["its end", (bytes: Buffer) => bytes.subarray(0, -10)],
    ["its middle", (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4), bytes.subarray(-300)])],
    ["everything", () => Buffer.alloc(0)],
  ])("cut at %s is refused", async (_name, cut) => {
    const root = await parquetOf("SELECT range AS n, md5(range::VARCHAR) AS t FROM range(10000)");
    put(root, "a.parquet", cut(readFileSync(join(root, "a.parquet"))));
    await expect(read({ root, files: ["a.parquet"] })).rejects.toMatchObject({
      failure: { code: "source.parquet_unreadable", recovery: "ask" },
    });
  });

  it("is no pattern, whatever its name", async () => {
    const root = await parquetOf("SELECT 1 AS n");
    put(root, "x/a[1].parquet", readFileSync(join(root, "a.parquet")));
    put(root, "x/it's.parquet", readFileSync(join(root, "a.parquet")));
    expect(rowsOf(await read({ root, files: ["x/*.parquet"] }))).toEqual([{ n: 1 }, { n: 1 }]);
  });
});
