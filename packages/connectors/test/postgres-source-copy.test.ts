import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Connection } from "pg";
import { describe, expect, test } from "vitest";
import { CopyQuery } from "../src/postgres/source/copy-query.ts";
import { attempt, configured, newDatabase, readAll, rowsOf } from "./postgres-source.ts";

function message(code: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length + 4);
  return Buffer.concat([Buffer.from(code), length, bytes]);
}

/** A socket that gives its bytes in the pieces it is told; the driver behind it keeps what it is handed. */
function line(): {
  readonly connection: Connection;
  readonly stream: EventEmitter;
  readonly driver: Buffer[];
} {
  const driver: Buffer[] = [];
  const stream = Object.assign(new EventEmitter(), { pause: () => stream, resume: () => stream });
  stream.on("data", (chunk: Buffer) => driver.push(Buffer.from(chunk)));
  return { connection: { stream, query: () => {} } as unknown as Connection, stream, driver };
}

describe("the bytes of a COPY", () => {
  const rows = ["first\n", "", "x".repeat(1000), "last\n"];
  const sent = Buffer.concat([
    message("H", "\0\0\0"),
    message("d", rows[0] ?? ""),
    message("N", "a notice"),
    ...rows.slice(1).map((row) => message("d", row)),
    message("c", ""),
    message("C", "COPY 4\0"),
    message("Z", "I"),
  ]);
  const after = Buffer.concat([message("C", "COPY 4\0"), message("Z", "I")]);

  test("are the same however the socket cuts them", async () => {
    const cuts = [
      ...Array.from({ length: 120 }, (_, n) => [n]),
      [1040, 1045],
      Array.from({ length: sent.length }, (_, n) => n),
    ];
    for (const cut of cuts) {
      const { connection, stream, driver } = line();
      const copy = new CopyQuery("COPY");
      copy.submit(connection);
      const edges = [0, ...cut.filter((at) => at > 0 && at < sent.length), sent.length];
      for (let n = 1; n < edges.length; n += 1)
        stream.emit("data", Buffer.from(sent.subarray(edges[n - 1], edges[n])));
      copy.handleCommandComplete({ text: "COPY 4" });
      copy.handleReadyForQuery();
      const chunks: Buffer[] = [];
      for await (const chunk of copy) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString(), `cut at ${cut.slice(0, 3).join()}`).toBe(rows.join(""));
      expect(Buffer.concat(driver)).toEqual(after);
      expect(copy.rows).toBe(4);
      expect(stream.listenerCount("data")).toBe(1);
    }
  });

  test("an error in the middle goes to the driver whole, after the rows before it", async () => {
    const failure = message("E", "SERROR\0C22021\0Mbad\0\0");
    const bytes = Buffer.concat([message("H", "\0\0\0"), message("d", "row\n"), failure]);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const { connection, stream, driver } = line();
      const copy = new CopyQuery("COPY");
      copy.submit(connection);
      stream.emit("data", Buffer.from(bytes.subarray(0, cut)));
      stream.emit("data", Buffer.from(bytes.subarray(cut)));
      expect(Buffer.concat(driver)).toEqual(failure);
      copy.handleError(new Error("bad"));
      const chunks: string[] = [];
      const consume = async (): Promise<void> => {
        for await (const chunk of copy) chunks.push(chunk.toString());
      };
      await expect(consume()).rejects.toThrow("bad");
      expect(chunks.join("")).toBe("row\n");
    }
  });
});

describe("what the server refuses", async () => {
  const database = await newDatabase();
  const config = database.config();
  await database.sql(`CREATE FUNCTION refuse(code text) RETURNS int4 LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the server says no' USING ERRCODE = code; END $$`);

  test.each([
    ["53100", "source.disk_full", "ask"],
    ["53200", "source.server_busy", "retry"],
    ["53300", "source.server_busy", "retry"],
    ["57P01", "source.connection_lost", "retry"],
    ["57P02", "source.connection_lost", "retry"],
    ["57P03", "source.server_unavailable", "retry"],
    ["57014", "source.canceled", "retry"],
    ["40001", "source.conflict", "retry"],
    ["55P03", "source.conflict", "retry"],
    ["25006", "source.read_only", "ask"],
    ["42501", "source.permission_denied", "ask"],
    ["42703", "source.schema_changed", "retry"],
    ["22P02", "source.data_refused", "skip"],
    ["22021", "source.data_refused", "skip"],
    ["54000", "source.too_large", "skip"],
    ["58030", "source.server_damaged", "ask"],
    ["XX001", "source.server_damaged", "ask"],
    ["0A000", "source.query_failed", "stop"],
  ])("%s becomes %s, %s", async (state, code, recovery) => {
    await database.sql(`CREATE VIEW "refusing_${state}" AS SELECT refuse('${state}') AS id`);
    const read = readAll(config, await configured(config, `refusing_${state}`));
    await expect(read).rejects.toMatchObject({
      failure: {
        code,
        recovery,
        origin: "source",
        stream: `public.refusing_${state}`,
        detail: `${state}: the server says no`,
      },
    });
  });

  test("after a refusal the same part can be read again", async () => {
    await database.sql(
      "CREATE TABLE answers (id int4); INSERT INTO answers VALUES (0), (1); CREATE VIEW quotients AS SELECT 1 / id AS q FROM answers",
    );
    const stream = await configured(config, "quotients");
    await attempt(config, stream, null, async (reader) => {
      for await (const part of reader.parts(new AbortController().signal)) {
        await expect(rowsOf(part, stream)).rejects.toMatchObject({
          failure: { code: "source.data_refused" },
        });
        await expect(rowsOf(part, stream)).rejects.toMatchObject({
          failure: { code: "source.data_refused" },
        });
      }
      expect(await reader.measure?.({ key: [], signal: new AbortController().signal })).toEqual({ rows: 2 });
    });
  });
});
