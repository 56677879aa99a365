import { faultAt, memoryDestination } from "@weir/kit/testing";
import type { RejectedRow } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { begin, finish, load, openMemory, plan, put, visible } from "./loads.ts";

const never = new AbortController().signal;

describe("transactions", () => {
  test("rows and checkpoint appear together, at commit", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    const transaction = await session.transaction(never);
    const result = await load(session, transaction, {
      stream,
      rows: [
        [1, "a"],
        [2, null],
      ],
    });
    expect(result).toEqual({ received: 2, written: 2, rejected: 0, changed: 0, bytes: 20 });
    expect(visible(destination)).toEqual([]);
    expect((await session.held()).checkpoints).toEqual([]);
    await transaction.commit([{ stream: "items", document: { at: 2 } }]);
    expect(visible(destination)).toEqual([
      [1, "a"],
      [2, null],
    ]);
    expect(await session.held()).toEqual({
      token: { sync: 1, attempt: 1 },
      checkpoints: [{ stream: "items", document: { at: 2 } }],
    });
    expect(destination.rows("items")[1]).toMatchObject({
      rawId: "a00000001".padStart(36, "0"),
      sync: 1,
      generation: 1,
    });
  });

  test("a rollback leaves nothing, and is harmless after commit", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    const transaction = await session.transaction(never);
    await load(session, transaction, { stream, rows: [[1, "a"]] });
    await transaction.rollback();
    expect(visible(destination)).toEqual([]);
    const other = await session.transaction(never);
    await other.commit([]);
    await other.rollback();
  });

  test("a crash loses what was not committed and keeps the rest for the next session", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    await put(session, { stream, rows: [[1, "a"]] }, { at: 1 });
    const open = await session.transaction(never);
    await load(session, open, { stream, rows: [[2, "b"]], prefix: "b" });
    destination.crash();
    await expect(open.commit([])).rejects.toMatchObject({ failure: { recovery: "retry" } });
    await expect(session.held()).rejects.toMatchObject({ failure: { code: "destination.connection_lost" } });
    const next = await openMemory(destination);
    expect((await next.held()).checkpoints).toEqual([{ stream: "items", document: { at: 1 } }]);
    expect(visible(destination)).toEqual([[1, "a"]]);
  });

  test("a commit whose answer is lost has happened", async () => {
    const destination = memoryDestination({ faults: faultAt("destination.commit", 1, "fail after") });
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    await expect(put(session, { stream, rows: [[1, "a"]] })).rejects.toMatchObject({
      failure: { code: "destination.injected" },
    });
    expect(visible(destination)).toEqual([[1, "a"]]);
  });

  test("a call that hangs ends with the signal", async () => {
    const destination = memoryDestination({ faults: faultAt("destination.chunk", 1, "hang") });
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    const transaction = await session.transaction(never);
    const controller = new AbortController();
    const loading = load(session, transaction, { stream, rows: [[1, "a"]], signal: controller.signal });
    controller.abort(new Error("cancelled"));
    await expect(loading).rejects.toThrow("cancelled");
    await expect(transaction.commit([])).rejects.toThrow(/commit is called while the transaction is broken/);
  });

  test("without transactions rows stay and checkpoints are not kept", async () => {
    const destination = memoryDestination({ transactional: false });
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    const transaction = await session.transaction(never);
    await load(session, transaction, { stream, rows: [[1, "a"]] });
    await transaction.rollback();
    expect(visible(destination)).toEqual([[1, "a"]]);
    expect(await session.held()).toMatchObject({ token: { sync: expect.any(Number) }, checkpoints: [] });
  });
});

describe("fence", () => {
  test("an older attempt can neither begin, commit nor finish", async () => {
    const destination = memoryDestination();
    const old = await openMemory(destination);
    const stream = plan();
    await begin(old, stream, 1, 1);
    const pending = await old.transaction(never);
    await load(old, pending, { stream, rows: [[1, "a"]] });
    await begin(await openMemory(destination), stream, 1, 2);
    const fenced = { failure: { code: "destination.fenced" } };
    await expect(pending.commit([])).rejects.toMatchObject(fenced);
    await expect(finish(old, stream)).rejects.toMatchObject(fenced);
    await expect(begin(await openMemory(destination), stream, 1, 1)).rejects.toMatchObject(fenced);
    expect(visible(destination)).toEqual([]);
  });

  test("another connection has a fence and checkpoints of its own", async () => {
    const destination = memoryDestination();
    const one = await openMemory(destination, "one");
    const two = await openMemory(destination, "two");
    await begin(one, plan(), 9, 1);
    await begin(two, plan({ table: { name: "others" } }), 1, 1);
    await put(one, { stream: plan(), rows: [] }, { of: "one" });
    expect((await two.held()).checkpoints).toEqual([]);
  });
});

describe("finish", () => {
  const second = (mode: "overwrite" | "overwrite_dedup") =>
    plan({ mode, generation: 2, minimumGeneration: 2, fresh: true });

  test("overwrite shows nothing of the new generation before, and nothing of the old after", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    const first = plan({ mode: "overwrite", minimumGeneration: 1 });
    await begin(session, first);
    await put(session, {
      stream: first,
      rows: [
        [1, "a"],
        [2, "b"],
      ],
    });
    expect(visible(destination)).toEqual([]);
    await finish(session, first);
    expect(visible(destination)).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
    await begin(session, second("overwrite"), 2);
    await put(session, {
      stream: second("overwrite"),
      rows: [
        [1, "A"],
        [1, "A again"],
      ],
      prefix: "b",
      sync: 2,
    });
    expect(visible(destination)).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
    await finish(session, second("overwrite"), { document: { generation: 2 } });
    expect(visible(destination)).toEqual([
      [1, "A"],
      [1, "A again"],
    ]);
    expect(destination.checkpoint("main", "items")).toEqual({ generation: 2 });
  });

  test("rows staged by an unfinished load go when the next is fresh, and stay when it is not", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    const stream = plan({ mode: "overwrite", minimumGeneration: 1 });
    await begin(session, stream);
    await put(session, { stream, rows: [[1, "a"]] });
    await begin(session, stream, 1, 2);
    await put(session, { stream, rows: [[2, "b"]], prefix: "b" });
    await begin(session, { ...stream, generation: 2, minimumGeneration: 2, fresh: true }, 2);
    await put(session, { stream: { ...stream, generation: 2 }, rows: [[3, "c"]], prefix: "c", sync: 2 });
    await finish(session, { ...stream, generation: 2, minimumGeneration: 2 });
    expect(visible(destination)).toEqual([[3, "c"]]);
  });

  test("dedup keeps the row with the greatest cursor, then the one extracted last, then the last loaded", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    const stream = plan({
      mode: "append_dedup",
      cursor: "version",
      fields: [
        { name: "id", kind: "integer" },
        { name: "version", kind: "integer" },
        { name: "note", kind: "string" },
      ],
    });
    await begin(session, stream);
    await put(session, {
      stream,
      rows: [
        [1, 5, "old"],
        [2, 1, "first"],
        [3, null, "none"],
      ],
    });
    await finish(session, stream);
    await begin(session, stream, 2);
    await put(session, { stream, rows: [[1, 4, "late but older"]], prefix: "b", extractedAt: 2000 });
    await put(session, {
      stream,
      rows: [
        [2, 1, "extracted later"],
        [3, 0, "some"],
      ],
      prefix: "c",
      extractedAt: 3000,
    });
    await put(session, {
      stream,
      rows: [
        [2, 1, "loaded later"],
        [4, 1, "new"],
      ],
      prefix: "d",
      extractedAt: 3000,
    });
    await finish(session, stream);
    expect(visible(destination)).toEqual([
      [1, 5, "old"],
      [3, 0, "some"],
      [2, 1, "loaded later"],
      [4, 1, "new"],
    ]);
  });

  test("overwrite_dedup replaces everything and keeps one row of each key", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    await begin(session, plan());
    await put(session, { stream: plan(), rows: [[9, "gone"]] });
    await begin(session, second("overwrite_dedup"), 2);
    await put(session, {
      stream: second("overwrite_dedup"),
      rows: [
        [1, "x"],
        [1, "y"],
      ],
      prefix: "b",
      sync: 2,
    });
    await finish(session, second("overwrite_dedup"));
    expect(visible(destination)).toEqual([[1, "y"]]);
  });

  test("overlap keeps the newest row of a key within this load only", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    await begin(session, plan());
    await put(session, { stream: plan(), rows: [[1, "history"]], sync: 1 });
    await begin(session, plan(), 2);
    await put(session, {
      stream: plan(),
      rows: [
        [1, "a"],
        [2, "b"],
      ],
      prefix: "b",
      sync: 2,
    });
    await put(session, { stream: plan(), rows: [[1, "a again"]], prefix: "c", sync: 2 });
    await finish(session, plan(), { overlap: true, since: 2 });
    expect(visible(destination)).toEqual([
      [1, "history"],
      [2, "b"],
      [1, "a again"],
    ]);
  });
});

describe("rows and tables", () => {
  test("a row that is refused is set aside and counted, a value that does not fit is null with a change", async () => {
    const destination = memoryDestination({
      refuses: ({ note }) => (note === "bad" ? "too bad" : undefined),
    });
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    const rejected: RejectedRow[] = [];
    const transaction = await session.transaction(never);
    const result = await load(session, transaction, {
      stream,
      rows: [
        [1, "ok"],
        [2, "bad"],
        ["x", "ok"],
      ],
      rejected,
    });
    await transaction.commit([]);
    expect(result).toEqual({ received: 3, written: 2, rejected: 1, changed: 1, bytes: 30 });
    expect(rejected).toEqual([
      { record: { id: 2, note: "bad" }, code: "destination.row_refused", reason: "too bad" },
    ]);
    expect(destination.rows("items").at(-1)).toMatchObject({
      data: { id: null, note: "ok" },
      changes: [{ field: "id", change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" }],
    });
  });

  test("new fields join, missing ones stay", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    await begin(session, plan());
    const notes = await session.begin({
      token: { sync: 2, attempt: 1 },
      checkpoints: [],
      streams: [
        plan({
          fields: [
            { name: "id", kind: "string" },
            { name: "more", kind: "date" },
          ],
        }),
      ],
    });
    expect(notes).toEqual(["items: id is string, was integer", "items: added column more (date)"]);
    expect(destination.columns("items")).toEqual(["id", "note", "more"]);
  });

  test("begin keeps the checkpoints that go with what it drops", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    await session.begin({
      token: { sync: 1, attempt: 1 },
      streams: [plan({ fresh: true })],
      checkpoints: [{ stream: "items", document: { generation: 1 } }],
    });
    expect(destination.checkpoint("main", "items")).toEqual({ generation: 1 });
  });

  test("two streams that fold to one table are refused", async () => {
    const session = await openMemory(memoryDestination());
    const other = plan({ key: "ITEMS", table: { name: "ITEMS" } });
    await expect(
      session.begin({ token: { sync: 1, attempt: 1 }, streams: [plan(), other], checkpoints: [] }),
    ).rejects.toMatchObject({
      failure: { code: "destination.names_collide" },
    });
  });

  test("measure counts, and sums up keys as the protocol says", async () => {
    const destination = memoryDestination();
    const session = await openMemory(destination);
    const stream = plan();
    await begin(session, stream);
    await put(session, {
      stream,
      rows: [
        [1, "a"],
        [2, null],
      ],
    });
    expect(await session.measure(stream, { key: [], signal: never })).toEqual({ rows: 2 });
    // md5("1\u001Fa") begins with 4c12c264eb3fcd9, md5("2\u001F\\N") with b32378d59938811.
    const sum = BigInt("0x4c12c264eb3fcd9") + BigInt("0xb32378d59938811");
    expect(await session.measure(stream, { key: ["id", "note"], signal: never })).toEqual({
      rows: 2,
      checksum: String(sum),
    });
  });

  test("reset replaces and removes checkpoints", async () => {
    const session = await openMemory(memoryDestination());
    await begin(session, plan());
    await put(session, { stream: plan(), rows: [] }, { at: 1 });
    await session.reset([
      { stream: "items", document: null },
      { stream: "", document: { reset: true } },
    ]);
    expect((await session.held()).checkpoints).toEqual([{ stream: "", document: { reset: true } }]);
  });
});

describe("breaches of the contract are plain errors", () => {
  test.each<[string, (session: Awaited<ReturnType<typeof openMemory>>) => Promise<unknown>, RegExp]>([
    ["a transaction before begin", (session) => session.transaction(never), /transaction comes after begin/],
    ["takes before begin", async (session) => session.takes(plan()), /takes comes after begin/],
    ["finish before begin", (session) => finish(session, plan()), /come after begin/],
    [
      "a call after close",
      async (session) => {
        await session.close();
        return session.held();
      },
      /used after close/,
    ],
    [
      "a raw id given twice",
      async (session) => {
        await begin(session, plan());
        await put(session, { stream: plan(), rows: [[1, "a"]] });
        await put(session, { stream: plan(), rows: [[2, "b"]] });
      },
      /stands twice/,
    ],
  ])("%s", async (_what, breach, message) => {
    await expect(breach(await openMemory(memoryDestination()))).rejects.toThrow(message);
  });
});
