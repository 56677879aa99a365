import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { seededRandom } from "@weir/kit/testing";
import type { EncodingFormat, FieldKind, JsonObject } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { destination } from "../../src/duckdb/destination.ts";
import { destination as files } from "../../src/file/destination.ts";
import type { Table } from "../../src/file/source/as-it-is/automaton.ts";
import { Check } from "../../src/file/source/as-it-is/check.ts";
import { csvTable } from "../../src/file/source/as-it-is/csv.ts";
import { jsonlTable } from "../../src/file/source/as-it-is/jsonl.ts";
import { transfer } from "./routes.ts";
import { folderWith } from "./scene.ts";

/** What lies in the table after the file went by a route, or the code of the refusal. */
async function after(
  name: string,
  text: string,
  format: EncodingFormat,
  stream: JsonObject = {},
): Promise<unknown> {
  const root = folderWith({ [name]: text });
  const path = join(root, "target.duckdb");
  try {
    const { offered, rejected } = await transfer({
      root,
      stream: { files: [name], ...stream },
      destination,
      config: { path },
      format,
    });
    if (!offered) return "not offered";
    if (rejected.length > 0) return "rejected";
  } catch (error) {
    const { code, recovery } = failureOf(error, "source");
    return `${recovery} ${code}`;
  }
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT COLUMNS(c -> c NOT LIKE '\\_airbyte\\_%' ESCAPE '\\')::VARCHAR, _airbyte_meta->>'changes' FROM rows ORDER BY _airbyte_raw_id`,
    );
    return reader.getRowsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

it("files do not go as they lie where the later of two rows with one key wins, nor into Parquet", async () => {
  const root = folderWith({ "a.csv": "id,v\n1,old\n1,new\n", "a.jsonl": '{"id":1,"v":"x"}\n' });
  for (const [name, format] of [
    ["a.csv", "csv-file"],
    ["a.jsonl", "jsonl-file"],
  ] as const) {
    const file = { root, stream: { files: [name] }, format };
    const duckdb = { destination, config: { path: join(root, "target.duckdb") } };
    const dedup = { mode: "append_dedup", primaryKey: ["id"] } as const;
    expect((await transfer({ ...file, ...duckdb, plan: dedup })).offered).toBe(false);
    const parquet = { destination: files, config: { folder: join(root, "out"), format: "parquet" } };
    expect((await transfer({ ...file, ...parquet })).offered).toBe(false);
    expect((await transfer({ ...file, ...parquet, format: "batch" })).offered).toBe(true);
  }
});

it("a text for NULL that holds the delimiter found is read by batches", async () => {
  const csv = { null_texts: ["N;A"] };
  const text = 'a;b\nx;"N;A"\ny;z\n';
  expect(await after("a.csv", text, "csv-file", { csv })).toMatch(/^skip /);
  expect(await after("a.csv", text, "batch", { csv })).toHaveLength(2);
});

/** More rows than one chunk of bytes and one vector hold. */
const FILL = 60_000;

const TYPES = {
  i: "integer",
  n: "number",
  s: "string",
  b: "boolean",
  d: "date",
  t: "timestamp_with_timezone",
  w: "timestamp_without_timezone",
  c: "time_without_timezone",
};
const PLAIN = [
  "1",
  "1.5",
  "x",
  "true",
  "2024-02-29",
  "2024-01-02T03:04:05Z",
  "2024-01-02 03:04:05.25",
  "10:11:12",
];

const DIALECT = { columns: Object.keys(TYPES), delimiter: ",", quote: '"', lineEnd: "\n", null: "" } as const;
const WIRE = Object.entries(TYPES).map(([name, kind]) => ({
  field: { name, kind: kind as FieldKind },
  type: kind === "number" ? "DECIMAL(38,9)" : "",
}));

/** Left to DuckDB: days that no month has, more digits than a column has, times it writes otherwise. */
const REFUSED = /2023-02-(?:29|30)|\d{30}|9223372036854775808|10:11:12\.50/;

const HOSTILE: readonly (readonly [column: number, value: string])[] = [
  ...[
    "today",
    "0x1F",
    "1_000",
    " 12 ",
    "1.5",
    "1e3",
    "inf",
    "NaN",
    "+1",
    "007",
    "-0",
    "--1",
    "9223372036854775808",
    "1234567890123456789012345678901234567890",
  ].map((value) => [0, value] as const),
  ...[
    "1e400",
    "Infinity",
    ".5",
    "5.",
    "1.1234567891",
    "-0.0",
    "123456789012345678901234567890",
    "0.1234567890",
    "12345678.123456789",
  ].map((value) => [1, value] as const),
  ...["", '""', "\\N", '"a""b"', '"a,b"', "null", "NULL", "ü", " x ", "'", "\\"].map(
    (value) => [2, value] as const,
  ),
  ...["t", "TRUE", "1", "yes", "False"].map((value) => [3, value] as const),
  ...[
    "2023-02-29",
    "2024-2-1",
    "2024/01/01",
    "0000-01-01",
    "10000-01-01",
    "0044-03-15 BC",
    "infinity",
    "epoch",
    "today",
  ].map((value) => [4, value] as const),
  ...[
    "2024-01-02",
    "2023-02-30T00:00:00Z",
    "2024-01-02T03:04:05",
    "2024-01-02 03:04:05+02",
    "2024-01-02 24:00:00Z",
    "2024-01-02 03:04:05.1234567Z",
    "2024-01-02 03:04:60Z",
    "2024-01-02 03:04:05+16",
  ].map((value) => [5, value] as const),
  ...["2023-02-30 00:00:00", "2024-01-02 03:04:05Z", "2024-01-02 03:04", "now"].map(
    (value) => [6, value] as const,
  ),
  ...["24:00:00", "1:2:3", "10:11:12.50", "10:11", "10:11:12+01"].map((value) => [7, value] as const),
];

describe("a CSV file as it is, into DuckDB", () => {
  const csv = (rows: readonly (readonly string[])[], end = "\n"): string =>
    [Object.keys(TYPES), ...rows].map((row) => row.join(",")).join(end) + end;
  const filler = `${PLAIN.join(",")}\n`;

  it("leaves what batches leave", async () => {
    const text = csv([
      PLAIN,
      PLAIN.map(() => ""),
      [
        "-5",
        "-0.25",
        '"a ""b"", c\nd"',
        "false",
        "1999-12-31",
        "1999-12-31 23:59:59.999999-03:30",
        "0001-01-01T00:00:00",
        "23:59:59.000001",
      ],
    ]);
    const found = await after("a.csv", text + filler.repeat(FILL / 6), "csv-file", { types: TYPES });
    expect(found).toHaveLength(FILL / 6 + 3);
    expect(sorted(found)).toEqual(
      sorted(await after("a.csv", text + filler.repeat(FILL / 6), "batch", { types: TYPES })),
    );
  }, 60_000);

  it("carries hostile values as batches do, or refuses them", async () => {
    const rows = HOSTILE.flatMap(([column, value]) =>
      (value.startsWith('"') ? [value] : [value, `"${value}"`]).map((written) => PLAIN.with(column, written)),
    );
    const [header = ""] = csv([]).split("\n");
    const good = rows.filter((row) => passes(csvTable(DIALECT, WIRE), `${row.join(",")}\n`));
    expect(good.length).toBeGreaterThan(10);
    expect(good.length).toBeLessThan(rows.length / 2);
    const impossible = good.filter((row) => row.some((value) => REFUSED.test(value)));
    const text = [
      header,
      ...good.filter((row) => !impossible.includes(row)).map((row) => row.join(",")),
      "",
    ].join("\n");
    const found = await after("a.csv", text, "csv-file", { types: TYPES });
    expect(sorted(found)).toEqual(sorted(await after("a.csv", text, "batch", { types: TYPES })));
    for (const row of impossible) {
      const refused = await after("a.csv", csv([row]), "csv-file", { types: TYPES });
      expect(refused, row.join()).toBe("skip destination.bytes_refused");
    }
  }, 120_000);

  it.each([
    ["CRLF", csv([PLAIN, PLAIN], "\r\n"), true],
    ["a last line without an end", csv([PLAIN, PLAIN]).slice(0, -1), true],
    ["mixed line ends", csv([PLAIN], "\r\n") + csv([PLAIN]).split("\n").slice(1).join("\n"), false],
    ["a ragged row", `${csv([PLAIN])}1,2\n`, false],
    ["a blank line", `${csv([PLAIN])}\n${PLAIN.join(",")}\n`, false],
    ["a stray quote", csv([PLAIN, PLAIN.with(2, '5"')]), false],
    ["a byte order mark", `\ufeff${csv([PLAIN])}`, false],
  ])("%s", async (_name, text, isCarried) => {
    const found = await after("a.csv", text, "csv-file", { types: TYPES });
    if (!isCarried) expect(found).toMatch(/^skip /);
    else expect(sorted(found)).toEqual(sorted(await after("a.csv", text, "batch", { types: TYPES })));
  });
});

describe("a file of JSON lines as it is, into DuckDB", () => {
  const names = Object.keys(TYPES);
  const line = (values: readonly (string | undefined)[]): string =>
    `{${values.flatMap((value, at) => (value === undefined ? [] : [`"${names[at]}":${value}`])).join(",")}}\n`;
  const usual = PLAIN.map((value, at) => (at === 0 || at === 1 || at === 3 ? value : JSON.stringify(value)));

  it("leaves what batches leave", async () => {
    const text =
      line(usual) +
      line(usual.map(() => "null")) +
      line([...usual.slice(0, 2), undefined, ...usual.slice(3)]) +
      "{}\n" +
      line(usual.with(2, '"\\"\\n\\\\ü"').with(1, "-123456.789")) +
      line(usual).repeat(FILL / 10);
    const found = await after("a.jsonl", text, "jsonl-file", { types: TYPES });
    expect(found).toHaveLength(FILL / 10 + 5);
    expect(sorted(found)).toEqual(sorted(await after("a.jsonl", text, "batch", { types: TYPES })));
  }, 60_000);

  it("is not taken for CSV, nor the other way", async () => {
    expect(await after("a.jsonl", line(usual), "csv-file", { types: TYPES })).toBe("not offered");
    expect(await after("a.csv", "i,n\n1,2\n", "jsonl-file")).toBe("not offered");
    expect(await after("data", line(usual), "csv-file")).toBe("not offered");
  });

  const values: readonly (readonly [number, string])[] = [
    ...HOSTILE.map(([column, value]) => [column, JSON.stringify(value)] as const),
    ...[
      "1e3",
      "1.0",
      "-0",
      "9007199254740993",
      "9223372036854775807",
      "1234567890123456789012345678901234567890",
      "1e400",
      "true",
      "[1]",
    ].map((value) => [0, value] as const),
    ...[
      "1e3",
      "0.1",
      "100000000.1",
      "12345678901234.5",
      "0.123456789",
      "1.1234567891",
      "1e400",
      "-0.0",
      "7",
    ].map((value) => [1, value] as const),
    ...[
      '"\\u0041"',
      '"\\ud83d\\ude00"',
      '"\\ud83d"',
      '"\\u0000"',
      '"\\/"',
      "1",
      "1.10",
      "true",
      '{"a":1}',
      '""',
    ].map((value) => [2, value] as const),
  ];
  it("carries hostile values as batches do, or refuses them", async () => {
    const rows = values.map(([column, value]) => line(usual.with(column, value)));
    const good = rows.filter((row) => passes(jsonlTable(WIRE), row));
    expect(good.length).toBeGreaterThan(10);
    expect(good.length).toBeLessThan(rows.length / 2);
    const text = good.filter((row) => !REFUSED.test(row)).join("");
    const found = await after("a.jsonl", line(usual) + text, "jsonl-file", { types: TYPES });
    expect(sorted(found)).toEqual(
      sorted(await after("a.jsonl", line(usual) + text, "batch", { types: TYPES })),
    );
  }, 120_000);

  it("carries decimals of up to 15 digits exactly", async () => {
    const random = seededRandom(3);
    const decimal = (): string => {
      const digits = String(Math.floor(random() * 9e14) + 1e14).slice(0, 1 + Math.floor(random() * 15));
      const scale = Math.min(9, Math.floor(random() * (digits.length + 1)));
      const whole = digits.slice(0, digits.length - scale) || "0";
      return `${random() < 0.5 ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
    };
    const edges = ["999999.999999999", "1000000", "1000000.00000001", "999999999999999", "0.000000001"];
    const numbers = [...edges, ...Array.from({ length: 20_000 }, decimal)];
    const text = numbers.map((number) => line(usual.with(1, number))).join("");
    const found = await after("a.jsonl", text, "jsonl-file", { types: TYPES });
    expect(found).toHaveLength(numbers.length);
    expect(sorted(found)).toEqual(sorted(await after("a.jsonl", text, "batch", { types: TYPES })));
  }, 60_000);

  it.each([
    ["many columns of common names", 60, "a_name_of_common_length_"],
    ["one name of 20,000 letters", 1, "x".repeat(20_000)],
  ])("with %s goes by batches", async (_name, count, stem) => {
    const row = Object.fromEntries(Array.from({ length: count }, (_, at) => [`${stem}${at}`, at]));
    const text = `${JSON.stringify(row)}\n`;
    expect(await after("a.jsonl", text, "jsonl-file")).toBe("not offered");
  });

  it.each(['{"i":1,"i":2}\n', '{"n":1,"i":2}\n', "\n", "[1]\n", '{"i":1\n', '{"I":1}\n'])(
    "refuses %j",
    async (text) => {
      expect(await after("a.jsonl", line(usual) + text, "jsonl-file", { types: TYPES })).toMatch(
        /^skip source\.|^not offered/,
      );
    },
  );
});

function passes(table: Table, row: string): boolean {
  const check = new Check("a", table, 0);
  try {
    check.push(Buffer.from(row));
    check.end();
    return true;
  } catch {
    return false;
  }
}

function sorted(rows: unknown): readonly string[] {
  if (!Array.isArray(rows)) throw new Error(`No rows but ${String(rows)}`);
  return rows.map((row) => JSON.stringify(row)).toSorted((a, b) => (a < b ? -1 : 1));
}
