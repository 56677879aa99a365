import { Readable } from "node:stream";
import { testPostgres } from "@weir/kit/testing";
import type { EncodingFormat } from "@weir/protocol";
import { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { beforeAll, describe, expect, test } from "vitest";
import { begin, bytes, load, openSession, planOf } from "./scene.ts";

const stream = planOf([{ name: "a", kind: "string" }], { primaryKey: [] });

const session = await openSession("none");
await begin(session, stream);

async function count(format: EncodingFormat, ...chunks: readonly Uint8Array[]) {
  const transaction = await session.transaction(new AbortController().signal);
  let told = 0;
  const result = await load(transaction, {
    stream,
    read: bytes(...chunks),
    format,
    progress: (rows) => void (told += rows),
  });
  expect(told).toBe(result.received);
  expect(result.bytes).toBe(chunks.reduce((sum, { length }) => sum + length, 0));
  return result.received;
}

/** Counts the bytes whole, in single bytes and cut at every place. */
async function countEveryWay(format: EncodingFormat, all: Uint8Array): Promise<number> {
  const whole = await count(format, all);
  expect(await count(format, ...Array.from(all, (byte) => Uint8Array.of(byte)))).toBe(whole);
  for (let cut = 0; cut <= Math.min(all.length, 400); cut++) {
    expect(await count(format, all.subarray(0, cut), all.subarray(cut))).toBe(whole);
  }
  return whole;
}

const utf8 = new TextEncoder();

describe("CSV", () => {
  test.each([
    ["", 0],
    ["a\n", 1],
    ['1,"two\nlines"\n2,"say ""hi""\n\n"\n', 2],
    ['\\N,"\\N",\n,,\n', 2],
    ['"é\u{1f600}\n"\n', 1],
    ['""\n"""\n"""\n', 2],
  ])("%j has %i rows", async (text, rows) => {
    expect(await countEveryWay("csv", utf8.encode(text))).toBe(rows);
  });

  test.each(["a", 'a\n"b', 'a\n"b\n'])("%j ends inside a row", async (text) => {
    await expect(count("csv", utf8.encode(text))).rejects.toMatchObject({
      failure: { code: "destination.bytes_unreadable" },
    });
  });
});

describe("COPY of a real server", () => {
  let url = "";
  beforeAll(async () => {
    url = await testPostgres();
  });

  async function copy(query: string, format: string): Promise<Uint8Array> {
    const client = new Client(url);
    await client.connect();
    try {
      const chunks = await Readable.from(
        client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT ${format})`)),
      ).toArray();
      return Buffer.concat(chunks as Buffer[]);
    } finally {
      await client.end();
    }
  }

  const QUERIES: readonly (readonly [string, number])[] = [
    ["SELECT 1 WHERE false", 0],
    ["SELECT n FROM generate_series(1, 37) AS n", 37],
    ["SELECT n, NULL::text, '', E'line\\nquote\"\\t\\\\.', NULL::int FROM generate_series(1, 9) AS n", 9],
    ["SELECT NULL::text FROM generate_series(1, 5)", 5],
    ["SELECT E'\\\\.'", 1],
    ["SELECT FROM generate_series(1, 3)", 3],
    ["SELECT repeat(E'x\\n\"', 100000), decode('0affff0affffffff', 'hex')", 1],
  ];

  test.each(QUERIES)("in binary: %s", async (query, rows) => {
    const all = await copy(query, "binary");
    expect(all.length > 1000 ? await count("pg-binary", all) : await countEveryWay("pg-binary", all)).toBe(
      rows,
    );
  });

  test.each(QUERIES)("as text: %s", async (query, rows) => {
    const all = await copy(query, "text");
    expect(all.length > 1000 ? await count("pg-text", all) : await countEveryWay("pg-text", all)).toBe(rows);
  });

  test("cut short or followed by more, binary is refused", async () => {
    const all = await copy("SELECT n, 'text' FROM generate_series(1, 3) AS n", "binary");
    const unreadable = { failure: { code: "destination.bytes_unreadable" } };
    for (let end = 0; end < all.length; end++) {
      await expect(count("pg-binary", all.subarray(0, end))).rejects.toMatchObject(unreadable);
    }
    await expect(count("pg-binary", all, Uint8Array.of(0))).rejects.toMatchObject(unreadable);
    await expect(count("pg-binary", utf8.encode("1\tone\n2\ttwo\n"))).rejects.toMatchObject(unreadable);
  });
});
