import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { context, open, readAll, readParts } from "./scene.ts";

describe.each(["users", "purchases", "products"])("reading %s", (name) => {
  test("goes on after any part", async () => {
    const given = { count: 95, records_per_slice: 10 };
    const whole = await readAll(given, name);
    expect(new Set(whole.parts.map(({ id }) => id)).size).toBe(whole.parts.length);
    let committed = 0;
    for (const part of whole.parts) {
      committed += part.rows.length;
      const rest = await readAll(given, name, part.state);
      expect(rest.rows).toEqual(whole.rows.slice(committed));
    }
  });

  test("again finds nothing, in one empty part that keeps the state", async () => {
    const whole = await readAll({ count: 95 }, name);
    const again = await readAll({ count: 95 }, name, whole.state);
    expect(again.parts).toHaveLength(1);
    expect(again.rows).toEqual([]);
    expect(again.state).toEqual(whole.state);
    expect(again.reader.estimate?.rows).toBe(0);
  });

  test("with another seed or a foreign state starts again and says why", async () => {
    const { state } = await readAll({ count: 95, seed: 1 }, name);
    const fresh = await readAll({ count: 95, seed: 2 }, name);
    for (const [foreign, reason] of [
      [state, "the seed changed from 1 to 2"],
      [{ cursor: 5 }, "the state was not written by this source"],
      [{ rows: -1, seed: 2 }, "the state was not written by this source"],
      ["x", "the state was not written by this source"],
    ] as const) {
      const restarted = await readAll({ count: 95, seed: 2 }, name, foreign);
      expect(restarted.reader.restart).toEqual({ reason });
      expect(restarted.rows).toEqual(fresh.rows);
    }
    expect(fresh.reader.restart).toBeUndefined();
  });
});

describe("another count", () => {
  test.each(["users", "purchases"])("when greater gives only the new %s", async (name) => {
    for (const [before, after] of [
      [95, 96],
      [7, 8],
      [8, 30],
      [0, 5],
    ] as const) {
      const first = await readAll({ count: before, records_per_slice: 10 }, name);
      const second = await readAll({ count: after, records_per_slice: 10 }, name, first.state);
      const whole = await readAll({ count: after }, name);
      expect([...first.rows, ...second.rows]).toEqual(whole.rows);
    }
  });

  test("when smaller takes nothing back and says so", async () => {
    const { state } = await readAll({ count: 95 }, "users");
    const fewer = await readAll({ count: 50 }, "users", state);
    expect(fewer.rows).toEqual([]);
    expect(fewer.state).toEqual(state);
    expect(fewer.reader.notices).toEqual([expect.stringContaining("95 rows were read before")]);
  });
});

describe("size", () => {
  test("the last of four billion rows come at once", async () => {
    const { rows } = await readAll({ count: 4_000_000_000 }, "users", { rows: 3_999_999_990, seed: 0 });
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, row) => 3_999_999_991 + row));
    const last = new Date(Date.UTC(2020, 0, 1) + 3_999_999_999_000).toISOString();
    expect(rows.at(-1)?.["updated_at"]).toBe(last.replace("T", " ").replace(".000Z", "+00"));
    expect(new Set(rows.map(({ telephone }) => telephone)).size).toBe(10);
  });

  test("an abort is heard within a part", async () => {
    const { reader, encoding } = await open(
      { count: 4_000_000_000, records_per_slice: 4_000_000_000 },
      "users",
    );
    const abort = new AbortController();
    const before = performance.now();
    setTimeout(() => abort.abort(new Error("enough")), 50);
    const reading = async (): Promise<void> => {
      for await (const part of reader.parts(abort.signal)) {
        const read = part.read(encoding, abort.signal);
        for await (const chunk of read.chunks) expect(chunk).toHaveProperty("rows", 2048);
      }
    };
    await expect(reading()).rejects.toThrow("enough");
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe("measure", () => {
  test("counts and sums up what is read", async () => {
    const { reader, encoding } = await open({ count: 3000 }, "purchases");
    const parts = await readParts(reader, encoding);
    const rows = parts.flatMap((part) => part.rows);
    const sum = rows.reduce((total, { id, returned_at }) => {
      const key = `${id as number}\u001F${returned_at === null ? "\\N" : (returned_at as string)}`;
      return total + BigInt(`0x${createHash("md5").update(key).digest("hex").slice(0, 15)}`);
    }, 0n);
    const measured = await reader.measure?.({ key: ["id", "returned_at"], signal: context.signal });
    expect(measured).toEqual({ rows: rows.length, checksum: String(sum) });
    expect(await reader.measure?.({ key: [], signal: context.signal })).toEqual({ rows: rows.length });
  });
});
