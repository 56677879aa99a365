import { ExactNumber } from "@weir/protocol";
import { describe, expect, it } from "vitest";
import { folderWith, kindsOf, read, readText, rowsOf } from "./scene.ts";

describe("a file of JSON lines", () => {
  it("is read with exact numbers", async () => {
    const result = await readText(
      "a.jsonl",
      [
        '{"i":9007199254740993,"n":0.1,"s":"1","o":{"a":[1.10]},"l":[1],"b":true,"at":"2024-01-02T03:04:05Z","d":"2024-02-29"}',
        '{"i":1,"n":12345678901234567890.123456789,"constructor":null}\r',
        "  ",
        '{"i":null,"n":1e400}',
      ].join("\n"),
    );
    expect(rowsOf(result).map(({ i, n }) => [i, n])).toEqual([
      [9007199254740993n, 0.1],
      [1, new ExactNumber("12345678901234567890.123456789")],
      [null, new ExactNumber("1e400")],
    ]);
    expect(rowsOf(result)[0]).toMatchObject({
      s: "1",
      l: [1],
      b: true,
      at: "2024-01-02T03:04:05Z",
      d: "2024-02-29",
    });
    expect(rowsOf(result)[1]).toMatchObject({ s: null, constructor: null });
    expect(kindsOf(result)["s"]).toEqual({ type: ["null", "string"] });
  });

  it("keeps integers of any length", async () => {
    const digits = "1234567890123456789012345678901234567890";
    const result = await readText("a.jsonl", `{"n":${digits}}\n{"n":1}\n`);
    expect(kindsOf(result)["n"]).toEqual({ type: ["null", "number"] });
    expect(rowsOf(result)).toEqual([{ n: BigInt(digits) }, { n: 1 }]);
  });

  it("keeps texts and numbers of one column apart", async () => {
    const result = await readText("a.jsonl", '{"v":"1"}\n{"v":1}\n{"v":{"a":1}}\n');
    expect(rowsOf(result)).toEqual([{ v: "1" }, { v: 1 }, { v: { a: 1 } }]);
  });

  it("sets broken lines aside", async () => {
    const deep = `{"a":${"[".repeat(1500)}${"]".repeat(1500)}}`;
    const lines = ['{"a":1}', '{"a":2', "[3]", '{"a":4}', "null", '{"a":01}', deep, '{"a":5}'];
    const result = await readText("a.jsonl", lines.join("\n"));
    expect(rowsOf(result)).toEqual([{ a: 1 }, { a: 4 }, { a: 5 }]);
    expect(result.rejected["rows"]?.map(({ code, record }) => [code, record])).toEqual([
      ["source.row_not_json", { file: "a.jsonl", line: 2, text: '{"a":2' }],
      ["source.row_not_object", { file: "a.jsonl", line: 3, text: "[3]" }],
      ["source.row_not_object", { file: "a.jsonl", line: 5, text: "null" }],
      ["source.row_not_json", { file: "a.jsonl", line: 6, text: '{"a":01}' }],
      ["source.row_too_deep", { file: "a.jsonl", line: 7, text: deep }],
    ]);
  });

  it("says where a row has more than the sample showed", async () => {
    const first = '{"a":1}\n'.repeat(140_000);
    const result = await readText("a.jsonl", `${first}{"a":2,"later":"x","none":null}\n`);
    expect(rowsOf(result).at(-1)).toEqual({ a: 2 });
    expect(result.changes["rows"]).toEqual([
      [{ field: "later", change: "NULLED", reason: "SOURCE_RETRIEVAL_ERROR" }],
    ]);
  });

  it("is read in parts that begin where a line does, with the lines' numbers", async () => {
    const line = (at: number): string => `{"at":${at},"text":"${"ü".repeat(at % 90)}"}\n`;
    const rows = 60_000;
    const text = Array.from({ length: rows }, (_, at) => (at === 50_000 ? "broken\n" : line(at))).join("");
    const root = folderWith({ "a.jsonl": text });
    const result = await read({
      root,
      files: ["a.jsonl"],
      options: { place: true },
      config: { part_megabytes: 1 },
    });
    expect(Buffer.byteLength(text)).toBeGreaterThan(4 * 2 ** 20);
    expect(result.parts).toBeGreaterThan(4);
    const found = rowsOf(result).map(({ at, _weir_line }) => Number(_weir_line) - Number(at));
    expect(found).toHaveLength(rows - 1);
    expect(new Set(found)).toEqual(new Set([1]));
    expect(rowsOf(result)[0]?.["_weir_file"]).toBe("a.jsonl");
    expect(result.rejected["rows"]).toMatchObject([{ record: { line: 50_001, text: "broken" } }]);
  });

  it("with a first row longer than the sample is looked at until that row ends", async () => {
    const long = `{"id":1,"day":"2024-01-02","text":"${"x".repeat(3_000_000)}"}\n`;
    const result = await readText("a.jsonl", `${long}{"id":2,"day":null}\n`);
    expect(Object.keys(kindsOf(result))).toEqual(["id", "day", "text"]);
    expect(rowsOf(result).map(({ id, day }) => [id, day])).toEqual([
      [1, "2024-01-02"],
      [2, null],
    ]);
  });

  it("has the columns a schema file beside it declares, those no sample shows as well", async () => {
    const columns = [
      { name: "later", kind: "boolean" },
      { name: "id", kind: "number", precision: 10, scale: 2 },
      { name: "_airbyte_raw_id", kind: "string" },
    ];
    const root = folderWith({
      "a.jsonl": `${'{"id":1}\n'.repeat(140_000)}{"id":2,"later":true}\n`,
      "_schema.json": JSON.stringify({ weir: 1, format: "jsonl", columns }),
    });
    const result = await read({ root, files: ["*.jsonl"] });
    expect(Object.keys(kindsOf(result))).toEqual(["id", "later"]);
    expect(kindsOf(result)["id"]).toMatchObject({ "x-weir": { precision: 10, scale: 2 } });
    expect(rowsOf(result).at(-1)).toEqual({ id: 2, later: true });
    expect(result.changes["rows"]).toEqual([]);
  });

  it("has rows beside a broken line as long as the sample", async () => {
    const result = await readText("a.jsonl", `${"broken ".repeat(500_000)}\n{"id":2}\n`);
    expect(rowsOf(result)).toEqual([{ id: 2 }]);
    expect(result.rejected["rows"]).toMatchObject([{ code: "source.row_not_json", record: { line: 1 } }]);
  });

  it("takes a U+FEFF for a mark at the file's start only, however it is cut into parts", async () => {
    // The second part begins with the third line: its mark is no mark.
    const filled = (id: number): string => `{"id":${id},"text":"${"x".repeat(1_000_000)}"}\n`;
    const text = `\ufeff${filled(1)}${filled(2)}\ufeff${filled(3)}\ufeff\n${filled(4)}`;
    const root = folderWith({ "a.jsonl": text });
    for (const megabytes of [1, 2, 64]) {
      const config = { part_megabytes: megabytes };
      const result = await read({ root, files: ["a.jsonl"], config });
      expect(rowsOf(result).map(({ id }) => id)).toEqual([1, 2, 4]);
      expect(result.rejected["rows"]).toMatchObject([
        { code: "source.row_not_json", record: { line: 3 } },
        { code: "source.row_not_json", record: { line: 4 } },
      ]);
    }
  });
});
