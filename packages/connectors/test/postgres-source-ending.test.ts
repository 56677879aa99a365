import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import {
  attempt,
  configure,
  configured,
  encoding,
  newDatabase,
  partsOf,
  readAll,
  rowsOf,
} from "./postgres-source.ts";

const database = await newDatabase();
const config = database.config({ part_megabytes: 1 });
const never = new AbortController().signal;

describe("ending", () => {
  async function busy(name: string): Promise<number> {
    const [row] = await database.sql(
      `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'weir' AND datname = current_database() AND query LIKE '%${name}%'`,
    );
    return Number(row?.["n"]);
  }

  async function settled(name: string): Promise<void> {
    for (let n = 0; n < 50 && (await busy(name)) > 0; n += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await busy(name)).toBe(0);
  }

  test("an abort ends a slow read within a second, at the server too", async () => {
    await database.sql("CREATE VIEW sleepy AS SELECT pg_sleep(100)::text AS slept");
    const stream = await configured(config, "sleepy");
    const controller = new AbortController();
    const read = attempt(config, stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      return part === undefined ? [] : rowsOf(part, stream, controller.signal);
    });
    setTimeout(() => controller.abort(new Error("the user said stop")), 200);
    const begun = performance.now();
    await expect(read).rejects.toThrow("the user said stop");
    expect(performance.now() - begun).toBeLessThan(1_200);
    await settled("sleepy");
  });

  test("an abort of the whole attempt too, also while it connects", async () => {
    const stream = await configured(config, "sleepy");
    const controller = new AbortController();
    const read = attempt(
      config,
      stream,
      null,
      async (reader) => {
        const [part] = await partsOf(reader);
        return part === undefined ? [] : rowsOf(part, stream);
      },
      controller.signal,
    );
    setTimeout(() => controller.abort(new Error("stop all")), 200);
    await expect(read).rejects.toThrow("stop all");
    await settled("sleepy");
    await expect(
      attempt(config, stream, null, async () => 0, AbortSignal.abort(new Error("at once"))),
    ).rejects.toThrow("at once");
  });

  test("a consumer that stops early frees the server", async () => {
    await database.sql(
      "CREATE TABLE lengthy AS SELECT i AS id, repeat('x', 500) AS pad FROM generate_series(1, 200000) i",
    );
    const stream = await configured(config, "lengthy");
    await attempt(database.config({ part_megabytes: 10_000 }), stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      const read = part?.read(encoding(stream, "pg-text"), never);
      if (read?.form !== "bytes") throw new Error("bytes");
      for await (const chunk of read.chunks) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      await settled("lengthy");
    });
  });

  test("a slow consumer holds the server back; memory stays bounded", async () => {
    const stream = await configured(config, "lengthy");
    await attempt(database.config({ part_megabytes: 10_000 }), stream, null, async (reader) => {
      const [part] = await partsOf(reader);
      const read = part?.read(encoding(stream, "pg-text"), never);
      if (read?.form !== "bytes") throw new Error("bytes");
      const before = process.memoryUsage().arrayBuffers;
      let pauses = 0;
      for await (const chunk of read.chunks) {
        expect(chunk).toBeInstanceOf(Buffer);
        if (pauses++ < 5) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
        }
      }
      expect(read.rows()).toBe(200_000);
    });
  });

  test("closing leaves no session behind", async () => {
    const stream = await configured(config, "lengthy");
    await attempt(config, stream, null, async (reader) => {
      const parts = (await partsOf(reader)).slice(0, 4);
      await Promise.all(parts.map((part) => rowsOf(part, stream)));
    });
    await settled("");
  });

  test("a stream of another namespace, or none, is found by the configuration's schemas", async () => {
    await database.sql(
      "CREATE SCHEMA apart; CREATE TABLE apart.here (id int4); INSERT INTO apart.here VALUES (1)",
    );
    const stream = configure({
      name: "here",
      json_schema: { type: "object", properties: { id: { type: "integer" } } },
      supported_sync_modes: [],
    });
    expect((await readAll(database.config({ schemas: ["apart"] }), stream)).rows).toEqual([{ id: "1" }]);
  });
});
