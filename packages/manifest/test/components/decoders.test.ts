import { deflateRawSync, gzipSync } from "node:zlib";
import type { JsonValue } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import type { Node } from "../../src/component.ts";
import { all, chunks, scene } from "./scene.ts";

async function decode(node: Node, ...parts: readonly (string | Uint8Array)[]): Promise<readonly JsonValue[]> {
  const decoder = scene().scope.build("decoder", node);
  return all(decoder.decode(chunks(...parts.map((part) => Buffer.from(part as string))), {}));
}

test.each<readonly [string, readonly JsonValue[]]>([
  ['[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
  ['{"a":1}', [{ a: 1 }]],
  ["", [{}]],
  ["[]", [{}]],
  ["null", [{}]],
  ["no json", [{}]],
  ["5", [5]],
])("JSON %j", async (body, values) => {
  expect(await decode({ type: "JsonDecoder" }, body)).toEqual(values);
});

test("JSON lines over chunks that divide lines and characters", async () => {
  const text = Buffer.from('{"a":"ü"}\n{"a":1.0}\r\nno json\n{"a":3}');
  const values = await decode(
    { type: "JsonlDecoder" },
    text.subarray(0, 7),
    text.subarray(7, 12),
    text.subarray(12),
  );
  expect(values.map((value) => JSON.stringify(value))).toEqual(['{"a":"ü"}', '{"a":1.0}', '{"a":3}']);
});

test("lines", async () => {
  expect(await decode({ type: "IterableDecoder" }, "a\nb", "c\r\n\nd")).toEqual([
    { record: "a" },
    { record: "bc" },
    { record: "" },
    { record: "d" },
  ]);
});

describe("CSV", () => {
  test.each<readonly [string, Partial<Node>, string, readonly JsonValue[]]>([
    [
      "quotes, line breaks inside them, CRLF",
      {},
      'a,b\r\n"x, ""y""","1\r\n2"\r\n',
      [{ a: 'x, "y"', b: "1\r\n2" }],
    ],
    [
      "blank lines are no rows, a row of one empty cell with a quote is",
      {},
      'a\n\n""\n\nx',
      [{ a: "" }, { a: "x" }],
    ],
    [
      "short and long rows",
      {},
      "a,b\n1\n1,2,3\n",
      [
        { a: "1", b: null },
        { a: "1", b: "2" },
      ],
    ],
    ["a tab by its escape", { delimiter: "\\t" }, "a\tb\n1\t2", [{ a: "1", b: "2" }]],
    [
      "texts that mean null",
      { set_values_to_none: ["", "-"] },
      "a,b,c\n,-,0",
      [{ a: null, b: null, c: "0" }],
    ],
    ["a quote within a cell is a character", {}, 'a\nx"y\n', [{ a: 'x"y' }]],
  ])("%s", async (_name, fields, body, rows) => {
    const node = { type: "CsvDecoder", ...fields };
    expect(await decode(node, body)).toEqual(rows);
    expect(await decode(node, ...body.split(""))).toEqual(rows);
  });

  test("an encoding", async () => {
    expect(
      await decode({ type: "CsvDecoder", encoding: "iso-8859-1" }, Buffer.from("a\n\xfc", "latin1")),
    ).toEqual([{ a: "ü" }]);
    await expect(decode({ type: "CsvDecoder", encoding: "klingon" }, "a")).rejects.toThrow(/klingon/);
  });
});

describe("gzip", () => {
  const node: Node = { type: "GzipDecoder", decoder: { type: "JsonlDecoder" } };
  const packed = gzipSync('{"a":1}\n{"a":2}\n');

  test("packed, in single bytes, and not packed at all", async () => {
    const rows = [{ a: 1 }, { a: 2 }];
    expect(await decode(node, packed)).toEqual(rows);
    expect(await decode(node, ...Array.from(packed, (byte) => Buffer.of(byte)))).toEqual(rows);
    expect(await decode(node, '{"a":1}\n{"a":2}\n')).toEqual(rows);
    expect(await decode(node, "")).toEqual([]);
  });

  test("cut off", async () => {
    await expect(decode(node, packed.subarray(0, 15))).rejects.toMatchObject({
      failure: { code: "manifest.decode" },
    });
  });

  test("a bomb", async () => {
    const bomb = gzipSync(Buffer.alloc(96 * 1024 * 1024, "\n"));
    await expect(decode({ type: "GzipDecoder", decoder: { type: "CsvDecoder" } }, bomb)).rejects.toThrow(
      /more than any file should/,
    );
  });
});

describe("ZIP", () => {
  const node: Node = { type: "ZipfileDecoder", decoder: { type: "JsonlDecoder" } };

  test("each file, stored or packed", async () => {
    const zip = zipped([
      ["folder/", Buffer.alloc(0), 0],
      ["folder/a", Buffer.from('{"a":1}\n'), 0],
      ["b", Buffer.from('{"b":2}\n'), 8],
    ]);
    expect(await decode(node, zip)).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test("what is no ZIP, is cut off, or lies about its size", async () => {
    const zip = zipped([["a", Buffer.from('{"a":1}\n'.repeat(50)), 8]]);
    await expect(decode(node, "no zip")).rejects.toMatchObject({ failure: { code: "manifest.decode" } });
    await expect(decode(node, zip.subarray(20))).rejects.toMatchObject({
      failure: { code: "manifest.decode" },
    });
    const liar = Buffer.from(zip);
    liar.writeUInt32LE(10, liar.indexOf("PK\u0001\u0002") + 24);
    await expect(decode(node, liar)).rejects.toMatchObject({ failure: { code: "manifest.decode" } });
  });
});

function zipped(files: readonly (readonly [string, Uint8Array, 0 | 8])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content, method] of files) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const central = Buffer.alloc(46 + name.length);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(content.byteLength, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(at, 42);
    central.write(name, 46);
    parts.push(local, packed);
    directory.push(central);
    at += local.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
