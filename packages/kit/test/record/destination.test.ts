import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DestinationRow, recordDestination, type HoldingWriter, type RowWriter, Type } from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import type { DestinationSession, JsonObject, RejectedRow, StreamPlan } from "@weir/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { begin, finish, load, plan, put } from "../testing/loads.ts";

const never = new AbortController().signal;

interface Disk {
  document: JsonObject | null;
  rows: readonly DestinationRow[];
  calls: string[];
}

const blank = (): Disk => ({ document: null, rows: [], calls: [] });

/** A writer that holds its documents on the disk. */
function writer(disk: Disk, parts: Partial<HoldingWriter> = {}): HoldingWriter {
  return { ...disklike(disk), held: async () => disk.document, ...parts };
}

/** A writer over a disk in memory; what is written and not committed is lost when the next one begins. */
function disklike(disk: Disk): Omit<HoldingWriter, "held"> {
  let written: DestinationRow[] = [];
  const commit = async (document: JsonObject): Promise<void> => {
    disk.rows = [...disk.rows, ...written];
    disk.document = document;
    written = [];
    disk.calls.push("commit");
  };
  return {
    begin: async () => {
      written = [];
      disk.calls.push("begin");
    },
    write: async (stream: StreamPlan, rows) => {
      written.push(...rows);
      disk.calls.push(`write ${stream.key} ${rows.length}`);
    },
    commit,
    finish: async (stream, document) => {
      disk.calls.push(`finish ${stream.key}`);
      await commit(document);
    },
    close: async () => void disk.calls.push("close"),
  };
}

/** The same without documents. */
function plainWriter(disk: Disk, parts: Partial<RowWriter> = {}): RowWriter {
  const { begin: prepare, write, commit, finish: complete } = disklike(disk);
  return {
    begin: prepare,
    write,
    commit: () => commit({}),
    finish: (stream) => complete(stream, {}),
    ...parts,
  };
}

function open(
  of: HoldingWriter | RowWriter,
  modes: readonly ("append" | "overwrite")[] = ["append"],
): Promise<DestinationSession> {
  const connector = recordDestination({
    id: "destination-disk",
    title: "Disk",
    config: Type.Object({}),
    modes,
    check: async () => {},
    open: async () => of,
  });
  return connector.open({ config: {}, connection: "main", context: testContext() });
}

/** A temporary folder that nobody else writes to. */
function ownTemporaryFolder(): string {
  const before = process.env["TMPDIR"];
  const folder = mkdtempSync(join(tmpdir(), "record-destination-"));
  process.env["TMPDIR"] = folder;
  onTestFinished(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true });
  });
  return folder;
}

describe("a writer that holds documents", () => {
  test("gets rows, whole and exact, only when a commit follows", async () => {
    const disk = blank();
    const session = await open(writer(disk));
    const stream = plan({
      fields: [
        { name: "id", kind: "integer" },
        { name: "note", kind: "object" },
      ],
    });
    await begin(session, stream);
    const transaction = await session.transaction(never);
    const huge = 123_456_789_012_345_678n;
    const text = 'line\u2028break\n"é😀"';
    const result = await load(session, transaction, {
      stream,
      rows: [
        [huge, { text }],
        ["x", null],
      ],
    });
    expect(result).toEqual({ received: 2, written: 2, rejected: 0, changed: 1, bytes: 20 });
    expect(disk.calls).toEqual(["begin", "commit"]);
    await transaction.commit([{ stream: "items", document: { at: 2 } }]);
    expect(disk.calls).toEqual(["begin", "commit", "write items 2", "commit"]);
    expect(disk.rows).toEqual([
      {
        meta: {
          _airbyte_raw_id: "a00000000".padStart(36, "0"),
          _airbyte_extracted_at: "1970-01-01T00:00:01.000Z",
          _airbyte_meta: { sync_id: 1, changes: [] },
          _airbyte_generation_id: 1,
        },
        data: { id: huge, note: { text } },
      },
      {
        meta: {
          _airbyte_raw_id: "a00000001".padStart(36, "0"),
          _airbyte_extracted_at: "1970-01-01T00:00:01.000Z",
          _airbyte_meta: {
            sync_id: 1,
            changes: [{ field: "id", change: "NULLED", reason: "DESTINATION_SERIALIZATION_ERROR" }],
          },
          _airbyte_generation_id: 1,
        },
        data: { id: null, note: null },
      },
    ]);
    expect(await session.held()).toEqual({
      token: { sync: 1, attempt: 1 },
      checkpoints: [{ stream: "items", document: { at: 2 } }],
    });
  });

  test("never sees a row that was rolled back, and no spool stays behind", async () => {
    const temporary = ownTemporaryFolder();
    const disk = blank();
    const session = await open(writer(disk));
    const stream = plan();
    await begin(session, stream);
    const rolled = await session.transaction(never);
    await load(session, rolled, { stream, rows: [[1, "a"]] });
    await rolled.rollback();
    await put(session, { stream, rows: [[2, "b"]] });
    const pending = await session.transaction(never);
    await load(session, pending, { stream, rows: [[3, "c"]], prefix: "c" });
    await session.close();
    expect(readdirSync(temporary)).toEqual([]);
    expect(disk.rows.map(({ data }) => data["id"])).toEqual([2]);
    expect(disk.calls.at(-1)).toBe("close");
  });

  test("gets several transactions one after the other, though they load side by side", async () => {
    const disk = blank();
    const session = await open(writer(disk));
    const [one, two] = [
      plan({ key: "one", table: { name: "one" } }),
      plan({ key: "two", table: { name: "two" } }),
    ];
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: [one, two], checkpoints: [] });
    const [first, second] = [await session.transaction(never), await session.transaction(never)];
    await Promise.all([
      load(session, first, { stream: one, rows: [[1, "a"]] }),
      load(session, second, { stream: two, rows: [[2, "b"]], prefix: "b" }),
    ]);
    await load(session, first, { stream: one, rows: [[3, "c"]], prefix: "c" });
    await Promise.all([
      second.commit([{ stream: "two", document: { n: 2 } }]),
      first.commit([{ stream: "one", document: { n: 1 } }]),
    ]);
    expect(disk.calls.slice(2)).toEqual(["write two 1", "commit", "write one 1", "write one 1", "commit"]);
    expect((await session.held()).checkpoints).toEqual([
      { stream: "two", document: { n: 2 } },
      { stream: "one", document: { n: 1 } },
    ]);
  });

  test("is kept from an attempt that a later one has replaced", async () => {
    const disk = blank();
    const old = await open(writer(disk));
    await begin(old, plan(), 3, 1);
    const pending = await old.transaction(never);
    await load(old, pending, { stream: plan(), rows: [[1, "a"]] });
    await begin(await open(writer(disk)), plan(), 3, 2);
    const fenced = { failure: { code: "destination.fenced", recovery: "stop" } };
    await expect(pending.commit([])).rejects.toMatchObject(fenced);
    await expect(finish(old, plan())).rejects.toMatchObject(fenced);
    await expect(begin(await open(writer(disk)), plan(), 2, 9)).rejects.toMatchObject(fenced);
    await old.close();
    expect(disk.rows).toEqual([]);
  });

  test("stores the checkpoints of begin with the fence", async () => {
    const disk = blank();
    const session = await open(writer(disk));
    await session.begin({
      token: { sync: 4, attempt: 2 },
      streams: [plan()],
      checkpoints: [{ stream: "items", document: { generation: 3 } }],
    });
    expect(await (await open(writer(disk))).held()).toEqual({
      token: { sync: 4, attempt: 2 },
      checkpoints: [{ stream: "items", document: { generation: 3 } }],
    });
  });

  test("a reset changes the checkpoints and keeps the fence", async () => {
    const disk = blank();
    const session = await open(writer(disk));
    await begin(session, plan());
    await put(session, { stream: plan(), rows: [] }, { at: 1 });
    const other = await open(writer(disk));
    await other.reset([
      { stream: "items", document: null },
      { stream: "", document: { x: 1 } },
    ]);
    expect(await other.held()).toEqual({
      token: { sync: 1, attempt: 1 },
      checkpoints: [{ stream: "", document: { x: 1 } }],
    });
  });
});

describe("a writer that holds nothing", () => {
  test("is at least once, and gets rows as they come", async () => {
    const disk = blank();
    const session = await open(plainWriter(disk));
    expect(session.capabilities).toEqual({ transactional: false, parallel: 1, modes: ["append"] });
    expect(await session.held()).toEqual({ token: null, checkpoints: [] });
    await begin(session, plan());
    const transaction = await session.transaction(never);
    await load(session, transaction, { stream: plan(), rows: [[1, "a"]] });
    expect(disk.calls.at(-1)).toBe("write items 1");
    await transaction.commit([{ stream: "items", document: {} }]);
    expect(disk.rows).toHaveLength(1);
  });

  test("may refuse rows, which are set aside", async () => {
    const refused: RejectedRow = { record: { id: 1 }, code: "destination.row_refused", reason: "no ones" };
    const session = await open(plainWriter(blank(), { write: async () => [refused] }));
    await begin(session, plan());
    const rejected: RejectedRow[] = [];
    const transaction = await session.transaction(never);
    const result = await load(session, transaction, {
      stream: plan(),
      rows: [
        [1, "a"],
        [2, "b"],
      ],
      rejected,
    });
    expect(result).toMatchObject({ received: 2, written: 1, rejected: 1 });
    expect(rejected).toEqual([refused]);
  });

  test("a failed write fails the load", async () => {
    const session = await open(
      plainWriter(blank(), {
        write: async () => {
          throw new Error("disk full");
        },
      }),
    );
    await begin(session, plan());
    const transaction = await session.transaction(never);
    await expect(load(session, transaction, { stream: plan(), rows: [[1, "a"]] })).rejects.toThrow(
      "disk full",
    );
  });
});

describe("what cannot be done is refused at the start", () => {
  test.each([
    [
      "a mode the writer lacks",
      { streams: [plan({ mode: "append_dedup" })] },
      "destination.mode_unsupported",
    ],
    [
      "two streams in one place",
      { streams: [plan(), plan({ key: "b", table: { name: "ITEMS" } })] },
      "destination.names_collide",
    ],
  ])("%s", async (_what, { streams }, code) => {
    const session = await open(writer(blank()));
    const beginning = session.begin({ token: { sync: 1, attempt: 1 }, streams, checkpoints: [] });
    await expect(beginning).rejects.toMatchObject({ failure: { code, recovery: "ask" } });
  });

  test("rows given twice that only a key tells apart", async () => {
    const session = await open(writer(blank()));
    await begin(session, plan());
    await expect(finish(session, plan(), { overlap: true })).rejects.toMatchObject({
      failure: { code: "destination.overlap_unsupported" },
    });
    await finish(session, plan({ primaryKey: [] }), { overlap: true });
  });
});

test("close never throws, whatever the writer does", async () => {
  let asked = false;
  const session = await open(
    writer(blank(), {
      close: async () => {
        asked = true;
        throw new Error("already gone");
      },
    }),
  );
  await session.close();
  expect(asked).toBe(true);
});
