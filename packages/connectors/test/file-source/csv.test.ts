import { describe, expect, it } from "vitest";
import { type CsvRecord, CsvScanner, type CsvSyntax } from "../../src/file/source/csv/scanner.ts";
import { plainRecords } from "./plain-csv.ts";
import { folderWith, kindsOf, put, read, readText, rowsOf } from "./scene.ts";

const RFC: CsvSyntax = { delimiter: ",", quote: '"', loneReturn: false };

/** Line, trouble and values of each record, the text given in pieces of this length. */
function scan(text: string, size: number, syntax = RFC): readonly unknown[] {
  const found: unknown[] = [];
  const scanner = new CsvScanner(syntax, (record: CsvRecord) => {
    const values = Array.from({ length: record.count }, (_, at) => [record.value(at), record.isQuoted(at)]);
    found.push(
      record.trouble === undefined ? [record.line, values] : [record.line, record.trouble, record.source()],
    );
  });
  for (let at = 0; at < text.length; at += size) scanner.push(text.slice(at, at + size), false);
  scanner.push("", true);
  return found;
}

describe("the scanner of CSV", () => {
  const hostile = [
    'a,b\r\n1,"x ""y"" z"\n2,"line\r\nbreak"\r\n,""\n"",\n',
    'a\n"never closed\n1,2\n',
    'a,b\n5" pipe,1\n"x"y,2\n"x" ,3\n1\r2,4\n5,6',
    '"a"\r\n"b"\r',
    ',\n,,\n\n"\n\n"\n',
    '"""",""""""\n',
    "\r\n\r\n",
    '"',
  ];
  it.each(hostile)("finds the same records wherever %j is cut", (text) => {
    const whole = scan(text, text.length);
    for (let size = 1; size < text.length; size++) expect(scan(text, size)).toEqual(whole);
  });

  it("tells what is wrong with a record, and goes on with the next", () => {
    expect(scan('5" pipe,1\n"x"y,2\n1\r2,4\n5,6', 3)).toEqual([
      [1, "stray_quote", '5" pipe,1'],
      [2, "text_after_quote", '"x"y,2'],
      [3, "stray_return", "1\r2,4"],
      [
        4,
        [
          ["5", false],
          ["6", false],
        ],
      ],
    ]);
  });

  it("counts the line ends inside quotes", () => {
    expect(scan('"a\nb\r\nc",1\nx,2\n', 4).map((record) => (record as readonly unknown[])[0])).toEqual([
      1, 4,
    ]);
  });

  it("reads lines that end in a carriage return alone", () => {
    expect(scan("a\rb\r", 1, { ...RFC, loneReturn: true })).toEqual([
      [1, [["a", false]]],
      [2, [["b", false]]],
    ]);
  });

  it("agrees with a reader written plainly, on random texts", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: random(40) }, () => 'a,"\n\r'[random(5)]).join("");
      const found = scan(text, 1 + random(7));
      const expected = plainRecords(text, RFC).map(({ line, trouble, text: source, values }) =>
        trouble === undefined ? [line, values] : [line, trouble, source],
      );
      expect(found, JSON.stringify(text)).toEqual(expected);
    }
  });
});

describe("a CSV file", () => {
  it("is read with its types", async () => {
    const text = [
      "id,name,zip,price,at,day,ok,clock,big,odd",
      "1,x,01234,1.50,2024-01-02T03:04:05Z,2024-02-29,true,12:30:00,9223372036854775807,1e5",
      '-2,"",99999,2,2024-01-02 03:04:05.5+02,2023-01-01,false,00:00:00,1,2',
      "3,,,,,,,,,",
    ].join("\n");
    const result = await readText("a.csv", text);
    expect(
      Object.entries(kindsOf(result)).map(([name, kind]) => [
        name,
        (kind as { format?: string; type: string[] }).format ?? (kind as { type: string[] }).type[1],
      ]),
    ).toEqual([
      ["id", "integer"],
      ["name", "string"],
      ["zip", "string"],
      ["price", "number"],
      ["at", "date-time"],
      ["day", "date"],
      ["ok", "boolean"],
      ["clock", "time"],
      ["big", "integer"],
      ["odd", "string"],
    ]);
    expect(rowsOf(result)).toEqual([
      {
        id: 1,
        name: "x",
        zip: "01234",
        price: 1.5,
        at: "2024-01-02T03:04:05Z",
        day: "2024-02-29",
        ok: true,
        clock: "12:30:00",
        big: 9223372036854775807n,
        odd: "1e5",
      },
      {
        id: -2,
        name: "",
        zip: "99999",
        price: 2,
        at: "2024-01-02 03:04:05.5+02",
        day: "2023-01-01",
        ok: false,
        clock: "00:00:00",
        big: 1,
        odd: "2",
      },
      {
        id: 3,
        name: null,
        zip: null,
        price: null,
        at: null,
        day: null,
        ok: null,
        clock: null,
        big: null,
        odd: null,
      },
    ]);
  });

  it.each([
    "+1",
    "007",
    "1_000",
    " 12 ",
    "1e5",
    "NaN",
    "inf",
    "0x1F",
    "today",
    "9223372036854775808",
    "1234567890123456789012345678901234567890",
    "2023-02-29",
    "2024/01/02",
    "24:00:00x",
    "1,5",
    "True",
    "-",
  ])("keeps %j as the text it is", async (value) => {
    const result = await readText("a.csv", `v;w\n"${value}";1\n`);
    expect(rowsOf(result)).toEqual([{ v: value, w: 1 }]);
    expect(kindsOf(result)["v"]).toEqual({ type: ["null", "string"] });
  });

  it("takes an offset without a colon for one, and writes UTC", async () => {
    const result = await readText("a.csv", "at,n\n2024-01-02 03:04:05+0230,1\n");
    expect(rowsOf(result)).toEqual([{ at: "2024-01-02 00:34:05+00", n: 1 }]);
  });

  it("sets ragged rows and wrong quotes aside, with their lines", async () => {
    const result = await readText("a.csv", 'a,b\n1,2\n1\n1,2,3\n"x\ny",4\n5" pipe,6\n"z"z,7\n\n8,9\n');
    expect(rowsOf(result)).toEqual([
      { a: "1", b: 2 },
      { a: "x\ny", b: 4 },
      { a: "8", b: 9 },
    ]);
    expect(result.rejected["rows"]?.map(({ code, record }) => [code, record])).toEqual([
      ["source.row_ragged", { file: "a.csv", line: 3, text: "1" }],
      ["source.row_ragged", { file: "a.csv", line: 4, text: "1,2,3" }],
      ["source.row_quotes", { file: "a.csv", line: 7, text: '5" pipe,6' }],
      ["source.row_quotes", { file: "a.csv", line: 8, text: '"z"z,7' }],
    ]);
  });

  it("sets a last row aside whose second value is a quote never closed", async () => {
    const result = await readText("a.csv", 'a,b\n1,2\n,"x\n');
    expect(rowsOf(result)).toEqual([{ a: 1, b: 2 }]);
    expect(result.rejected["rows"]).toMatchObject([
      { code: "source.row_quotes", record: { line: 3, text: ',"x\n' } },
    ]);
  });

  it("may have columns named as what every object has", async () => {
    const result = await readText("a.csv", "constructor,__proto__,toString\n1,x,true\n");
    expect(rowsOf(result)).toEqual([
      Object.fromEntries([
        ["constructor", 1],
        ["__proto__", "x"],
        ["toString", true],
      ]),
    ]);
    expect(kindsOf(result)["constructor"]).toEqual({ type: ["null", "integer"] });
  });

  it("gives a repeated name a number, and a missing one its place", async () => {
    const result = await readText("a.csv", "a,a,,a_2\n1,2,3,4\n");
    expect(rowsOf(result)).toEqual([{ a: 1, a_3: 2, column_3: 3, a_2: 4 }]);
  });

  it("mixes line ends", async () => {
    const result = await readText("a.csv", "a,b\r\n1,2\n3,4\r\n5,6");
    expect(rowsOf(result)).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
      { a: 5, b: 6 },
    ]);
    expect(rowsOf(await readText("a.csv", "a,b\r1,2\r3,4\r"))).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
  });

  it.each([
    ["a byte order mark", Buffer.from("\ufeffa,b\né,1\n"), {}],
    ["UTF-16 little end first", Buffer.from("\ufeffa,b\né,1\n", "utf16le"), {}],
    ["UTF-16 big end first", Buffer.from("\ufeffa,b\né,1\n", "utf16le").swap16(), {}],
    ["Latin 1", Buffer.from("a,b\né,1\n", "latin1"), { encoding: "iso-8859-1" }],
    [
      "Windows",
      Buffer.from([...Buffer.from("a,b\n"), 0xe9, ...Buffer.from(",1\n")]),
      { encoding: "windows-1252" },
    ],
  ])("is read from %s", async (_name, bytes, options) => {
    expect(rowsOf(await readText("a.csv", bytes, options))).toEqual([{ a: "é", b: 1 }]);
  });

  it("sets rows aside whose bytes are no text", async () => {
    const bytes = Buffer.concat([
      Buffer.from("a,b\nü,1\n"),
      Buffer.from([0xe9, 0x2c, 0x32, 0x0a]),
      Buffer.from("\ufffd,3\n"),
    ]);
    const result = await readText("a.csv", bytes);
    expect(rowsOf(result)).toEqual([
      { a: "ü", b: 1 },
      { a: "\ufffd", b: 3 },
    ]);
    expect(result.rejected["rows"]).toMatchObject([
      { code: "source.row_not_text", record: { line: 3, text: "\ufffd,2" } },
    ]);
  });

  it("with a header whose bytes are no text is refused", async () => {
    const bytes = Buffer.from("a,é\n1,2\n", "latin1");
    await expect(readText("a.csv", bytes)).rejects.toMatchObject({
      failure: { code: "source.not_text", recovery: "ask" },
    });
    expect(rowsOf(await readText("a.csv", bytes, { encoding: "iso-8859-1" }))).toEqual([{ a: 1, é: 2 }]);
  });

  it("says where values after the sample are not what the sample showed", async () => {
    const ones = "1,2024-01-01,5\n".repeat(75_000);
    const root = folderWith({ "a.csv": `n,d,x\n${ones}` });
    const first = await read({ root, files: ["*.csv"] });
    put(root, "a.csv", `n,d,x\n${ones}007,today,oops\n,,\n`);
    const batches = await read({ root, files: ["*.csv"] });
    expect(kindsOf(first)).toEqual(kindsOf(batches));
    expect(rowsOf(batches).slice(-2)).toEqual([
      { n: 7, d: null, x: null },
      { n: null, d: null, x: null },
    ]);
    expect(batches.changes["rows"]).toEqual([
      [
        { field: "n", change: "TRUNCATED", reason: "SOURCE_SERIALIZATION_ERROR" },
        { field: "d", change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" },
        { field: "x", change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" },
      ],
    ]);
  });

  it("with a first row longer than the sample has the types of that row", async () => {
    const result = await readText(
      "a.csv",
      `id,day,text\n1,2024-01-02,${"x".repeat(3_000_000)}\n2,2024-01-03,y\n`,
    );
    expect(rowsOf(result).map(({ id, day }) => [id, day])).toEqual([
      [1, "2024-01-02"],
      [2, "2024-01-03"],
    ]);
    expect(kindsOf(result)["id"]).toEqual({ type: ["null", "integer"] });
  });

  it("keeps a U+FEFF that does not begin the file", async () => {
    const result = await readText("a.csv", '\ufeff\ufeffa,b\n\ufeffx,\ufeff\n"\ufeff",""\n');
    expect(rowsOf(result)).toEqual([
      { "\ufeffa": "\ufeffx", b: "\ufeff" },
      { "\ufeffa": "\ufeff", b: "" },
    ]);
  });
});
