import type { Column, ColumnBatch, Field } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { open } from "../faker/scene.ts";
import { batches, begin, finished, load, openSession, planOf, write } from "./scene.ts";

const FIELDS: readonly Field[] = [
  { name: "id", kind: "integer" },
  { name: "name", kind: "string" },
];

const json = (values: readonly (string | number | null)[]): Column => ({ form: "json", values });
const int64 = (...values: readonly bigint[]): Column => ({
  form: "int64",
  values: BigInt64Array.from(values),
});
const text = (...values: readonly (string | null)[]): Column => ({ form: "text", values });
const batch = (rows: number, ...columns: readonly Column[]): ColumnBatch => ({
  rows,
  columns,
  bytes: 10 * rows,
});

const signal = new AbortController().signal;

describe("counting", () => {
  test("what arrives is written, and changes made before are counted", async () => {
    const stream = planOf(FIELDS);
    const session = await openSession(undefined);
    await begin(session, stream);
    const transaction = await session.transaction(signal);
    const seen: (readonly [number, number])[] = [];
    const change = { field: "name", change: "NULLED", reason: "SOURCE_RETRIEVAL_ERROR" } as const;
    const result = await load(transaction, {
      stream,
      read: batches(batch(2, int64(1n, 2n), text("a", "b")), {
        ...batch(1, int64(3n), text(null)),
        changes: new Map([[0, [change]]]),
      }),
      progress: (rows, bytes) => seen.push([rows, bytes]),
    });
    expect(result).toEqual({ received: 3, written: 3, rejected: 0, changed: 1, bytes: 30 });
    expect(seen).toEqual([
      [2, 20],
      [1, 10],
    ]);
  });

  test("only what is committed counts, later sessions go on, a fresh generation begins again", async () => {
    const stream = planOf(FIELDS);
    const rows = batch(2, int64(1n, 2n), text("a", "b"));
    const request = { key: [], signal };
    const session = await openSession("keys", { connection: "kept" });
    await begin(session, stream);
    await write(session, stream, rows);
    const forgotten = await session.transaction(signal);
    await load(forgotten, { stream, read: batches(rows) });
    await forgotten.rollback();
    expect(await session.measure(stream, request)).toEqual({ rows: 2 });
    await session.close();

    const second = await openSession("keys", { connection: "kept" });
    expect(await second.held()).toEqual({ token: null, checkpoints: [] });
    expect(second.capabilities.transactional).toBe(false);
    await begin(second, { ...stream, fresh: false });
    await write(second, stream, rows, rows);
    expect(await second.measure(stream, request)).toEqual({ rows: 6 });

    await begin(second, stream);
    expect(await second.measure(stream, request)).toEqual({ rows: 0 });
    const other = await openSession("keys");
    expect(await other.measure(stream, request)).toEqual({ rows: 0 });
  });

  test("two streams for one table are refused", async () => {
    const session = await openSession(undefined);
    const refused = begin(session, planOf(FIELDS, { key: "a.things" }), planOf(FIELDS, { key: "b.things" }));
    await expect(refused).rejects.toMatchObject({ failure: { code: "destination.names_collide" } });
    await begin(
      session,
      planOf(FIELDS),
      planOf(FIELDS, { key: "n.things", table: { namespace: "n", name: "things" } }),
    );
  });

  test("bytes are taken only where nothing is to be summed up", async () => {
    const formats = async (checksum: string, primaryKey: readonly string[]) =>
      (await openSession(checksum)).takes(planOf(FIELDS, { primaryKey })).map(({ format }) => format);
    const all = ["pg-binary", "pg-text", "csv", "batch"];
    expect(await formats("none", ["id"])).toEqual(all);
    expect(await formats("keys", ["id"])).toEqual(["batch"]);
    expect(await formats("keys", [])).toEqual(all);
    expect(await formats("values", [])).toEqual(["batch"]);
    expect(await formats("verify", ["id"])).toEqual(["batch"]);
  });
});

describe.each(["keys", "values"])("the checksum of %s", (checksum) => {
  const fields: readonly Field[] = [
    { name: "id", kind: "integer" },
    { name: "code", kind: "string" },
    { name: "day", kind: "date" },
  ];
  const stream = planOf(fields, { primaryKey: ["id", "code", "day"] });
  const rows = 5;
  const ids = [-1n, 9223372036854775807n, 0n, 4294967296n, -9223372036854775808n];
  const codes = ["é", "", "a\u{1f600}", null, "b"];
  const sumOf = async (...chunks: readonly ColumnBatch[]): Promise<string> => {
    const line = await finished(checksum, stream, ...chunks);
    return /checksum of \w+ ([0-9a-f]{16})$/.exec(line)?.[1] ?? `none in "${line}"`;
  };
  const days = ["1970-01-01", "2024-02-29", null, "0044-03-15 BC", "9999-12-31"];
  const reference = batch(rows, int64(...ids), text(...codes), text(...days));

  test("is the same for every form of column", async () => {
    const expected = await sumOf(reference);
    expect(expected).toMatch(/^[0-9a-f]{16}$/);
    const dayNumbers = BigInt64Array.of(0n, 19_782n, 0n, -735_160n, 2_932_896n);
    const day: Column = { form: "int64", values: dayNumbers, nulls: Uint8Array.of(0, 0, 1, 0, 0) };
    expect(await sumOf(batch(rows, text(...ids.map(String)), json(codes), day))).toBe(expected);
    expect(await sumOf(batch(rows, { form: "json", values: ids }, json(codes), json(days)))).toBe(expected);
  });

  test("depends neither on the order of rows nor on how they are cut", async () => {
    const turned = batch(
      rows,
      int64(...ids.toReversed()),
      text(...codes.toReversed()),
      text(...days.toReversed()),
    );
    const singles = ids.map((id, row) =>
      batch(1, int64(id), text(codes[row] ?? null), text(days[row] ?? null)),
    );
    const expected = await sumOf(reference);
    expect(await sumOf(turned)).toBe(expected);
    expect(await sumOf(...singles)).toBe(expected);
  });

  test("tells a changed, missing, doubled, moved or swapped value", async () => {
    const expected = await sumOf(reference);
    const others: readonly ColumnBatch[] = [
      batch(rows, int64(-2n, ...ids.slice(1)), text(...codes), text(...days)),
      batch(4, int64(...ids), text(...codes), text(...days)),
      batch(6, int64(...ids, -1n), text(...codes, "é"), text(...days, "1970-01-01")),
      batch(rows, int64(...ids), text("", "é", ...codes.slice(2)), text(...days)),
      batch(rows, int64(...ids), text("é", null, ...codes.slice(2)), text(...days)),
      batch(rows, int64(ids[1] ?? 0n, ids[0] ?? 0n, ...ids.slice(2)), text(...codes), text(...days)),
    ];
    const sums = new Set([expected, ...(await Promise.all(others.map((other) => sumOf(other))))]);
    expect(sums.size).toBe(others.length + 1);
  });
});

describe("verification", () => {
  test("compares with the faker's own measure", async () => {
    const { reader, configured, encoding } = await open({ count: 3000, records_per_slice: 700 }, "users");
    const fields = encoding.columns.map(({ field }) => field);
    const stream = planOf(fields, { key: configured.stream.name });
    const session = await openSession("verify");
    await begin(session, stream);
    for await (const part of reader.parts(signal)) {
      const transaction = await session.transaction(signal);
      await load(transaction, { stream, read: part.read(encoding, signal) });
      await transaction.commit([]);
    }
    const request = { key: ["id"], signal };
    const measured = await session.measure(stream, request);
    expect(measured.rows).toBe(3000);
    expect(measured).toEqual(await reader.measure?.(request));
  });

  test.each(["none", "keys", "values"])("with %s says which setting it needs", async (checksum) => {
    const stream = planOf(FIELDS);
    const session = await openSession(checksum);
    await begin(session, stream);
    await expect(session.measure(stream, { key: ["id"], signal })).rejects.toMatchObject({
      failure: { code: "destination.checksum_not_kept", recovery: "ask" },
    });
  });
});
