import { describe, expect, test } from "vitest";
import { startEmbeddedPostgres } from "@weir/kit/embedded-postgres";
import { ExactNumber } from "@weir/protocol";
import type { JsonObject } from "@weir/protocol";
import {
  batchRead,
  codeOf,
  fields,
  finishStream,
  loadPart,
  loadRead,
  never,
  openDestination,
  planOf,
  rowsRead,
  syncStream,
  newDatabase,
} from "./postgres-destination.ts";

const plan = planOf({ table: { name: "t" }, fields: fields({ id: "integer" }) });
const token = (sync: number, attempt = 1) => ({ token: { sync, attempt }, streams: [plan], checkpoints: [] });

describe("fence", () => {
  test("a worker that was surpassed can neither commit nor finish, and leaves nothing", async () => {
    const db = await newDatabase();
    const old = await openDestination(db.url);
    await old.begin(token(1));
    const transaction = await old.transaction(never);
    await loadRead(old, transaction, plan, rowsRead(plan, [{ id: 1 }]));
    const next = await openDestination(db.url);
    await next.begin(token(1, 2));
    const commit = transaction.commit([{ stream: "t", document: { by: "old" } }]);
    await expect(commit).rejects.toMatchObject({ failure: { code: "destination.fenced", recovery: "stop" } });
    await transaction.rollback();
    expect(await codeOf(finishStream(old, plan))).toBe("destination.fenced");
    expect(await codeOf(old.begin(token(1)))).toBe("destination.fenced");
    await loadPart(next, plan, [{ id: 2 }]);
    await old.close();
    await next.close();
    expect(await db.sql("SELECT id FROM t")).toEqual([{ id: "2" }]);
  });

  test("a stopped worker's open transaction does not keep the next one from finishing", async () => {
    const db = await newDatabase();
    for (const mode of ["overwrite", "overwrite_dedup", "append_dedup"] as const) {
      const staged = planOf({
        table: { name: mode },
        fields: fields({ id: "integer" }),
        primaryKey: ["id"],
        mode,
      });
      const begin = (attempt: number) => ({
        token: { sync: 1, attempt },
        streams: [staged],
        checkpoints: [],
      });
      const stopped = await openDestination(db.url, { connection: mode });
      await stopped.begin(begin(1));
      await loadPart(stopped, staged, [{ id: 1 }]);
      const transaction = await stopped.transaction(never);
      await loadRead(stopped, transaction, staged, rowsRead(staged, [{ id: 7 }]));
      const next = await openDestination(db.url, { connection: mode });
      const again = { ...staged, fresh: false };
      await next.begin({ ...begin(2), streams: [again] });
      await loadPart(next, again, [{ id: 2 }]);
      await finishStream(next, again);
      await Promise.all([next.close(), stopped.close()]);
      expect(await db.sql(`SELECT id FROM ${mode} ORDER BY id`)).toEqual([{ id: "1" }, { id: "2" }]);
    }
  }, 20_000);

  test("tokens are compared as (sync, attempt), for each connection apart", async () => {
    const db = await newDatabase();
    const session = await openDestination(db.url);
    await session.begin(token(2, 5));
    expect(await codeOf(session.begin(token(1, 9)))).toBe("destination.fenced");
    expect(await codeOf(session.begin(token(2, 4)))).toBe("destination.fenced");
    await session.begin(token(2, 5));
    await session.begin(token(3, 1));
    expect((await session.held()).token).toEqual({ sync: 3, attempt: 1 });
    const other = await openDestination(db.url, { connection: "other" });
    expect((await other.held()).token).toBeNull();
    await other.begin(token(1));
    await Promise.all([session.close(), other.close()]);
  });

  test("of many that begin at once, exactly those not surpassed succeed, and the greatest holds it", async () => {
    const db = await newDatabase();
    const attempts = [3, 1, 7, 5, 2, 8, 4, 6];
    const outcomes = await Promise.all(
      attempts.map(async (attempt) => {
        const session = await openDestination(db.url);
        const code = await codeOf(session.begin(token(1, attempt)));
        await session.close();
        return code;
      }),
    );
    expect(new Set(outcomes).difference(new Set(["no failure", "destination.fenced"]))).toEqual(new Set());
    expect(outcomes[attempts.indexOf(8)]).toBe("no failure");
    expect(await db.sql("SELECT attempt FROM _weir.fences")).toEqual([{ attempt: "8" }]);
  });

  test("a begin waits for a commit under way and ends what hangs on", async () => {
    const db = await newDatabase();
    const dead = await openDestination(db.url);
    await dead.begin(token(1));
    const { rows } = await (
      await db.connect()
    ).query<{ pid: string }>("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'weir %'");
    expect(rows).toHaveLength(1);
    // As a worker whose network broke in the middle of its commit leaves it: the fence is locked and nobody comes back.
    const hung = await dead.transaction(never);
    await loadRead(dead, hung, plan, rowsRead(plan, [{ id: 1 }]));
    await db.sql("BEGIN; SELECT * FROM _weir.fences FOR SHARE");
    await db.sql(
      "SELECT set_config('application_name', (SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'weir %' LIMIT 1), false)",
    );
    const next = await openDestination(db.url);
    await next.begin(token(2));
    await loadPart(next, plan, [{ id: 2 }]);
    await next.close();
    await hung.rollback();
    await dead.close();
    const reader = await db.connect();
    expect((await reader.query("SELECT id FROM t")).rows).toEqual([{ id: "2" }]);
  });

  test("a table that somebody else keeps locked is named with who does", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan, [{ id: 1 }]);
    const reader = await db.connect();
    await reader.query("BEGIN; SELECT * FROM t");
    const session = await openDestination(db.url);
    const wider = { ...plan, fields: fields({ id: "number" }) };
    const begun = session.begin({ ...token(2), streams: [wider] });
    await expect(begun).rejects.toMatchObject({
      failure: {
        code: "destination.locked",
        recovery: "retry",
        message: expect.stringMatching(/process \d+/) as unknown,
      },
    });
    await session.close();
    await reader.query("ROLLBACK");
  });
});

describe("checkpoints", () => {
  const document: JsonObject = {
    big: 123456789012345678901234567890n,
    exact: new ExactNumber("0.1000000000000000055511151231257827"),
    nul: "a\0b",
    half: "\ud83d",
    nested: [{ deep: null }, true, "ä🎉"],
    b: 1,
    a: 2,
  };

  test("come back as they were written, under any names", async () => {
    const db = await newDatabase();
    const connection = 'my "connection" \0 🎉';
    const keys = ["", "a.b", "nul\0key", "half \ud83d", "mark \u0001 itself", "k".repeat(200)];
    const session = await openDestination(db.url, { connection });
    expect(await session.held()).toEqual({ token: null, checkpoints: [] });
    const checkpoints = keys.map((stream) => ({ stream, document }));
    await session.begin({ token: { sync: 1, attempt: 1 }, streams: [], checkpoints });
    const held = await session.held();
    expect(held.token).toEqual({ sync: 1, attempt: 1 });
    expect(new Map(held.checkpoints.map((item) => [item.stream, item.document]))).toEqual(
      new Map(checkpoints.map((item) => [item.stream, item.document])),
    );
    expect(Object.keys(held.checkpoints[0]?.document ?? {})).toEqual(Object.keys(document));
    await session.close();
  });

  test("commit with the data and only with it", async () => {
    const db = await newDatabase();
    const session = await openDestination(db.url);
    await session.begin(token(1));
    await loadPart(session, plan, [{ id: 1 }], { document: { at: 1 } });
    const transaction = await session.transaction(never);
    await loadRead(session, transaction, plan, rowsRead(plan, [{ id: 2 }]));
    await transaction.rollback();
    expect((await session.held()).checkpoints).toEqual([{ stream: "t", document: { at: 1 } }]);
    expect(await db.sql("SELECT id FROM t")).toEqual([{ id: "1" }]);
    await session.close();
  });

  test("reset replaces and removes them, before anything else is there too", async () => {
    const db = await newDatabase();
    const session = await openDestination(db.url);
    await session.reset([
      { stream: "t", document: { at: 7 } },
      { stream: "u", document: null },
    ]);
    expect(await session.held()).toEqual({
      token: null,
      checkpoints: [{ stream: "t", document: { at: 7 } }],
    });
    await session.begin(token(1));
    await session.reset([
      { stream: "t", document: null },
      { stream: "u", document: { at: 8 } },
    ]);
    expect((await session.held()).checkpoints).toEqual([{ stream: "u", document: { at: 8 } }]);
    await session.close();
  });
});

describe("a server that dies", () => {
  test("between load and commit leaves nothing of the part and all of those before, in every mode", async () => {
    const server = await startEmbeddedPostgres();
    try {
      const streams = (["append", "overwrite", "append_dedup", "overwrite_dedup"] as const).map((mode) =>
        planOf({ table: { name: mode }, fields: plan.fields, mode, primaryKey: ["id"] }),
      );
      const session = await openDestination(server.url);
      await session.begin({ ...token(1), streams });
      for (const stream of streams) await loadPart(session, stream, [{ id: 1 }], { document: { part: 1 } });
      const transaction = await session.transaction(never);
      for (const stream of streams) {
        await loadRead(session, transaction, stream, rowsRead(stream, [{ id: 2 }]));
      }
      await server.kill();
      const second = streams.map(({ key }) => ({ stream: key, document: { part: 2 } }));
      await expect(transaction.commit(second)).rejects.toMatchObject({ failure: { recovery: "retry" } });
      await transaction.rollback();
      await expect(session.held()).rejects.toMatchObject({ failure: { recovery: "retry" } });
      await session.close();
      await server.restart();
      const again = await openDestination(server.url);
      for (const { document } of (await again.held()).checkpoints) expect(document).toEqual({ part: 1 });
      const rest = streams.map((stream) => ({ ...stream, fresh: false }));
      await again.begin({ token: { sync: 1, attempt: 2 }, streams: rest, checkpoints: [] });
      for (const stream of rest) {
        await loadPart(again, stream, [{ id: 2 }], { document: { part: 2 } });
        await finishStream(again, stream);
        expect(await again.measure(stream, { key: [], signal: never })).toEqual({ rows: 2 });
      }
      await again.close();
    } finally {
      await server.stop();
    }
  });

  test("in the middle of a load fails with retry", async () => {
    const server = await startEmbeddedPostgres();
    try {
      const session = await openDestination(server.url);
      await session.begin(token(1));
      const transaction = await session.transaction(never);
      const endless = batchRead([]);
      const read = {
        ...endless,
        chunks: (async function* () {
          for (let part = 0; ; part++) {
            if (part === 3) await server.kill();
            const values = BigInt64Array.from({ length: 100_000 }, (_, at) => BigInt(at));
            yield { rows: values.length, columns: [{ form: "int64" as const, values }], bytes: 800_000 };
          }
        })(),
      };
      await expect(loadRead(session, transaction, plan, { ...read, form: "batches" })).rejects.toMatchObject({
        failure: { code: "destination.connection_lost", recovery: "retry" },
      });
      await transaction.rollback();
      await session.close();
    } finally {
      await server.stop();
    }
  });
});

describe("cancel", () => {
  test("ends a load, a finish and a wait for a lock within a second, and the session closes", async () => {
    const db = await newDatabase();
    await syncStream(db.url, plan, [{ id: 1 }]);
    const locker = await db.connect();
    await locker.query("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    const stop = new AbortController();
    const session = await openDestination(db.url, { signal: stop.signal });
    await session.begin({ token: { sync: 2, attempt: 1 }, streams: [], checkpoints: [] });
    await locker.query("ROLLBACK");
    await session.begin({ token: { sync: 2, attempt: 1 }, streams: [plan], checkpoints: [] });
    await locker.query("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    const transaction = await session.transaction(stop.signal);
    const load = loadRead(session, transaction, plan, rowsRead(plan, [{ id: 2 }]), { signal: stop.signal });
    const finish = session.finish({
      stream: { ...plan, minimumGeneration: 1 },
      checkpoint: { stream: "t", document: {} },
      overlap: true,
      since: 1,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(new Error("enough")), 100);
    const began = performance.now();
    const outcomes = await Promise.allSettled([load, finish]);
    await transaction.rollback();
    await session.close();
    expect(performance.now() - began).toBeLessThan(1000);
    expect(outcomes[0]).toMatchObject({ status: "rejected", reason: { message: "enough" } });
    await locker.query("ROLLBACK");
    expect(await db.sql("SELECT id FROM t")).toEqual([{ id: "1" }]);
  });
});
