import { existsSync, mkdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Field, PartRead } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import {
  begin,
  bytes,
  loadPart,
  loadRequest,
  never,
  newPath,
  openSession,
  planOf,
  query,
} from "./duckdb-scene.ts";

const TEXTS: readonly Field[] = [
  { name: "a", kind: "string" },
  { name: "b", kind: "string" },
];

function plan(fields: readonly Field[] = TEXTS) {
  return planOf({ fields, primaryKey: [] });
}

/** Chunks as they come; `rows` once they have ended. */
function stream(chunks: () => AsyncGenerator<Uint8Array>, rows = 0): PartRead {
  return { form: "bytes", chunks: chunks(), rows: () => rows };
}

async function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "nothing was thrown",
    (error: unknown) => error,
  );
}

describe("the csv route", () => {
  test("is not offered for what it could change", async () => {
    const session = await openSession(newPath());
    const offered = async (...fields: readonly Field[]): Promise<readonly string[]> => {
      const some = planOf({
        key: "s",
        table: { name: `t${fields.map(({ kind }) => kind).join("_")}` },
        fields,
      });
      await begin(session, some);
      return session
        .takes(some)
        .map(({ format }) => format)
        .filter((format) => !format.endsWith("-file"));
    };
    expect(await offered({ name: "a", kind: "number" })).toEqual(["batch"]);
    expect(await offered({ name: "a", kind: "integer" }, { name: "b", kind: "number" })).toEqual(["batch"]);
    expect(await offered()).toEqual(["batch"]);
    expect(await offered({ name: "a", kind: "number", precision: 12, scale: 3 })).toEqual(["csv", "batch"]);
    const [csv] = session.takes(planOf({ key: "s", table: { name: "tnumber" } }));
    expect(csv?.columns[0]).toMatchObject({ type: "DECIMAL(38,9)" });
  });

  test("is not offered for columns narrower or of another type than the field", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan([{ name: "a", kind: "string" }]));
    const narrower = plan([{ name: "a", kind: "integer" }]);
    await begin(session, narrower);
    expect(session.takes(narrower).map(({ format }) => format)).toEqual(["batch"]);
  });

  test("keeps NULL, empty, quoted, broken over lines, and chunks cut anywhere", async () => {
    const rows: readonly (readonly [string | null, string | null])[] = [
      [null, "\\N"],
      ["", null],
      ["a\nb", 'say "hi"'],
      ["x\r\ny", "\r"],
      [" lead", "trail "],
      ["é😀", "naïve"],
      ["#no comment", ",comma,"],
      ["\\.", "NULL"],
      ["mark\ufeff", "\0"],
    ];
    const quote = (value: string | null): string =>
      value === null ? "\\N" : `"${value.replaceAll('"', '""')}"`;
    const text = rows.map(([a, b]) => `${quote(a)},${quote(b)}\n`).join("");
    const all = Buffer.from(text);
    const cuts = Array.from(all, (_, at) => all.subarray(at, at + 1));
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan());
    expect(await loadPart(session, { plan: plan(), read: bytes(cuts, rows.length) })).toEqual({
      received: rows.length,
      written: rows.length,
      rejected: 0,
      changed: 0,
      bytes: all.byteLength,
    });
    const found = await query(path, "SELECT a, b FROM orders");
    const key = (a: unknown, b: unknown): string => JSON.stringify([a, b]);
    expect(found.map(({ a, b }) => key(a, b)).toSorted()).toEqual(rows.map(([a, b]) => key(a, b)).toSorted());
  });

  test("keeps a byte order mark that begins the first value", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan());
    await loadPart(session, { plan: plan(), read: bytes(["\ufeffa,b\n"], 1) });
    // The driver drops a mark from what it reads; the file has it.
    expect(await query(path, "SELECT hex(a) AS a FROM orders")).toEqual([{ a: "EFBBBF61" }]);
  });

  test("loads nothing when nothing comes", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan());
    expect(await loadPart(session, { plan: plan(), read: bytes([], 0) })).toMatchObject({
      received: 0,
      written: 0,
    });
    expect(await session.held()).toMatchObject({ checkpoints: [{ document: { rows: 0 } }] });
  });

  test("numbers rows from 0, each once, over many buffers and threads", async () => {
    const path = newPath();
    const session = await openSession(path, { config: { threads: 4 } });
    const fields: readonly Field[] = [
      { name: "a", kind: "integer" },
      { name: "b", kind: "string" },
    ];
    await begin(session, plan(fields));
    const rows = 400_000;
    const chunk = (from: number): string =>
      Array.from({ length: 10_000 }, (_, row) => `${from + row},${"text ".repeat(20)}${from + row}\n`).join(
        "",
      );
    const chunks = Array.from({ length: rows / 10_000 }, (_, index) => chunk(index * 10_000));
    const seen: number[] = [];
    await loadPart(session, {
      plan: plan(fields),
      read: bytes(chunks, rows),
      progress: (count, size) => void seen.push(count, size),
    });
    const [row] = await query(
      path,
      `SELECT count(*) AS n, count(DISTINCT a) AS a, sum(a) AS total, count(DISTINCT _airbyte_raw_id) AS ids,
       count(*) FILTER (regexp_full_match(_airbyte_raw_id,
         '0190a000-[0-9a-f]{4}-7000-[89ab][0-9a-f]{3}-[0-9a-f]{12}')) AS shaped FROM orders`,
    );
    expect(row).toEqual({
      n: String(rows),
      a: String(rows),
      total: String((rows * (rows - 1)) / 2),
      ids: String(rows),
      shaped: String(rows),
    });
    const counted = seen.filter((_, index) => index % 2 === 0).reduce((sum, value) => sum + value, 0);
    const size = seen.filter((_, index) => index % 2 === 1).reduce((sum, value) => sum + value, 0);
    expect({ counted, size }).toEqual({
      counted: rows,
      size: chunks.reduce((sum, text) => sum + text.length, 0),
    });
  });

  for (const [name, lines] of Object.entries({
    "a line with too many columns": "a,b\nc,d,e\n",
    "a line with too few": "a,b\nc\n",
    "a quote that is never closed": 'a,b\n"c,d\n',
    "a line longer than 16 MB": `a,b\n"${"x".repeat(17_000_000)}",b\n`,
    "a row more than the source counted": "a,b\nc,d\ne,f\n",
  })) {
    test(`refuses ${name}, so that the typed route takes over`, async () => {
      const session = await openSession(newPath());
      await begin(session, plan());
      const error = await caught(loadPart(session, { plan: plan(), read: bytes([lines], 2) }));
      expect(error).toBeInstanceOf(WeirError);
      expect((error as WeirError).failure).toMatchObject({
        code: "destination.bytes_refused",
        recovery: "skip",
      });
    });
  }

  test("refuses bytes that are no UTF-8", async () => {
    const session = await openSession(newPath());
    await begin(session, plan());
    const error = await caught(
      loadPart(session, { plan: plan(), read: bytes([Uint8Array.of(0x61, 0xff, 0x2c, 0x62, 0x0a)], 1) }),
    );
    expect((error as WeirError).failure).toMatchObject({ code: "destination.bytes_refused" });
  });

  test("takes lines of several megabytes", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan());
    const lines = `"${"x".repeat(9_000_000)}",b\nc,"${"é".repeat(3_000_000)}"\n`;
    await loadPart(session, { plan: plan(), read: bytes([lines], 2) });
    expect(await query(path, "SELECT length(a) AS a, length(b) AS b FROM orders ORDER BY length(a)")).toEqual(
      [
        { a: "1", b: "3000000" },
        { a: "9000000", b: "1" },
      ],
    );
  });
});

describe("a load that ends early", () => {
  test("a source that dies in the middle leaves nothing, and the session goes on", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan());
    const dying = stream(async function* () {
      for (let index = 0; index < 50; index++) yield Buffer.from("some,row\n".repeat(20_000));
      throw new Error("the source died");
    });
    expect(await caught(loadPart(session, { plan: plan(), read: dying }))).toMatchObject({
      message: "the source died",
    });
    await loadPart(session, { plan: plan(), read: bytes(["a,b\n"], 1) });
    expect(await query(path, "SELECT a FROM orders")).toEqual([{ a: "a" }]);
  });

  test("a source that dies before its first byte does not hang", async () => {
    const session = await openSession(newPath());
    await begin(session, plan());
    const dead = stream(async function* () {
      await sleep(50);
      if (performance.now() > 0) throw new Error("the source never lived");
      yield Buffer.from("never");
    });
    expect(await caught(loadPart(session, { plan: plan(), read: dead }))).toMatchObject({
      message: "the source never lived",
    });
  });

  test("an abort ends a load within a second, whether bytes come or not", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan());
    for (const pause of [0, 60_000]) {
      const controller = new AbortController();
      const endless = stream(async function* () {
        try {
          for (;;) {
            yield Buffer.from("some,row\n".repeat(10_000));
            if (pause > 0) await sleep(pause, undefined, { signal: controller.signal });
          }
        } finally {
          // The source sees the end too.
        }
      });
      const transaction = await session.transaction(controller.signal);
      const loading = caught(
        transaction.load({
          ...loadRequest(session, { plan: plan(), read: endless }),
          signal: controller.signal,
        }),
      );
      await sleep(300);
      const started = performance.now();
      controller.abort(new Error("cancelled"));
      expect(await loading).toMatchObject({ message: "cancelled" });
      await transaction.rollback();
      expect(performance.now() - started).toBeLessThan(1000);
    }
    expect(await query(path, "SELECT count(*) AS n FROM orders")).toEqual([{ n: "0" }]);
  });

  test("an abort while the pipe is being opened ends the load too", async () => {
    const session = await openSession(newPath());
    await begin(session, plan());
    for (let nth = 0; nth < 150; nth++) {
      const controller = new AbortController();
      const slow = stream(async function* () {
        yield Buffer.from("some,row\n");
        await sleep(60_000, undefined, { signal: controller.signal });
      });
      const transaction = await session.transaction(controller.signal);
      const loading = caught(
        transaction.load({
          ...loadRequest(session, { plan: plan(), read: slow }),
          signal: controller.signal,
        }),
      );
      setTimeout(() => controller.abort(new Error("cancelled")), (nth % 30) / 4);
      const answer = await Promise.race([loading, sleep(5000, "hangs")]);
      expect(answer).toMatchObject({ message: "cancelled" });
      await transaction.rollback();
    }
  });

  test("an abort before the load begins opens nothing", async () => {
    const session = await openSession(newPath());
    await begin(session, plan());
    const controller = new AbortController();
    const transaction = await session.transaction(controller.signal);
    controller.abort(new Error("cancelled"));
    const load = transaction.load({
      ...loadRequest(session, { plan: plan(), read: bytes(["a,b\n"], 1) }),
      signal: controller.signal,
    });
    expect(await caught(load)).toMatchObject({ message: "cancelled" });
    await transaction.rollback();
    expect(await caught(session.transaction(controller.signal))).toMatchObject({ message: "cancelled" });
  });

  test("a value DuckDB refuses ends the reading of an endless source", async () => {
    const session = await openSession(newPath());
    const fields: readonly Field[] = [{ name: "a", kind: "integer" }];
    await begin(session, plan(fields));
    let closed = false;
    const endless = stream(async function* () {
      try {
        yield Buffer.from("no number\n");
        for (;;) yield Buffer.from("1\n".repeat(100_000));
      } finally {
        closed = true;
      }
    });
    const error = await caught(loadPart(session, { plan: plan(fields), read: endless }));
    expect((error as WeirError).failure).toMatchObject({ code: "destination.bytes_refused" });
    expect(closed).toBe(true);
  });

  test("more loads at a time than there are pipes wait for each other", async () => {
    const path = newPath();
    const session = await openSession(path);
    await begin(session, plan());
    const results = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const transaction = await session.transaction(never());
        const read = bytes([`${index},x\n`.repeat(1000)], 1000);
        const result = await transaction.load(loadRequest(session, { plan: plan(), read }));
        await transaction.commit([]);
        return result.written;
      }),
    );
    expect(results).toEqual([1000, 1000, 1000, 1000, 1000, 1000]);
    expect(await query(path, "SELECT count(DISTINCT _airbyte_raw_id) AS n FROM orders")).toEqual([
      { n: "6000" },
    ]);
  });

  test("pipes of a process that was killed are removed when they are a day old", async () => {
    const home = join(tmpdir(), `weir-pipes-${process.getuid?.() ?? 0}`);
    // Higher than any process number.
    const left = ["99999999-old", "99999998-new", `${process.pid}-alive`].map((name) => join(home, name));
    for (const folder of left) mkdirSync(folder, { recursive: true });
    for (const folder of [left[0], left[2]]) utimesSync(folder ?? "", 0, 0);
    const session = await openSession(newPath());
    await begin(session, plan());
    expect(left.map((folder) => existsSync(folder))).toEqual([false, true, true]);
    await session.close();
    for (const folder of left) rmSync(folder, { recursive: true, force: true });
  });
});
