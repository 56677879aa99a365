import { createServer, type Server } from "node:http";
import type { Change, JsonObject } from "@weir/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { newDatabase } from "./databases.ts";
import { type Endpoint, type Synced, syncOnce } from "./scene.ts";
import { columnsOf, newTarget, rowsOf, TARGETS } from "./targets.ts";

const MB = 1024 * 1024;

/** A source that answers with these bytes. */
async function answering(body: string | Buffer): Promise<Endpoint> {
  const server = createServer((_request, response) => void response.end(body));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { id: "source-http-json", config: { url: `http://127.0.0.1:${portOf(server)}/` } };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const nulled = (field: string): Change => ({
  field,
  change: "NULLED",
  reason: "DESTINATION_SERIALIZATION_ERROR",
});
const mended = (field: string): Change => ({
  field,
  change: "TRUNCATED",
  reason: "DESTINATION_SERIALIZATION_ERROR",
});

describe.each(TARGETS)("values, %s", (id) => {
  const isPostgres = id === "destination-postgres";

  test("NUL, halves of surrogate pairs and numbers of any size arrive, or are said to have not", async () => {
    const long = "n".repeat(200);
    const source = await answering(
      String.raw`[{"id": 1, "text": "a\u0000b", "select": "x", "A": 1, "a": 2, "🎉": {"k": "\u0000"}, "big": 12345678901234567890.5},
        {"id": 2, "text": "half \ud83d", "select": "\\N", "A": 3, "a": 4, "🎉": {"k": [1e400, -0.0]}, "big": 1e400},
        {"id": 3, "text": "", "select": null, "${long}": "long", "big": 0.1}]`,
    );
    const target = await newTarget(id);
    const { result } = await syncOnce({ source, destination: target.endpoint });
    expect(result).toMatchObject({
      status: "succeeded",
      streams: [{ rows: { read: 3, committed: 3, rejected: 0 } }],
    });
    const rows = await rowsOf(target, "items");
    expect(rows.map(({ changes }) => changes)).toEqual(
      isPostgres
        ? [[nulled("text"), nulled("🎉")], [mended("text")], []]
        : [[], [mended("text"), { ...nulled("big"), reason: "DESTINATION_FIELD_SIZE_LIMITATION" }], []],
    );
    const [first = {}, second, third = {}] = rows.map(({ values }) => values);
    expect(first).toMatchObject({
      id: "1",
      text: isPostgres ? null : "a\0b",
      select: "x",
      A: "1",
      big: "12345678901234567890.5",
    });
    expect(second).toMatchObject({
      text: "half \ufffd",
      select: "\\N",
      big: isPostgres ? `1${"0".repeat(400)}` : null,
    });
    expect(third).toMatchObject({ text: "", select: null, big: "0.1" });
    const byValue = new Map(Object.entries({ ...first, ...third }).map(([name, value]) => [value, name]));
    expect(byValue.get("long")).toMatch(isPostgres ? /^n{54}_[0-9a-f]{8}$/ : /^n{200}$/);
    expect(
      Object.entries(first)
        .filter(([, value]) => value === "2")
        .map(([name]) => name),
    ).toEqual([expect.stringMatching(isPostgres ? /^a$/ : /^a_[0-9a-f]{8}$/)]);
    expect(first["🎉"]).toBe(isPostgres ? null : '{"k":"\\u0000"}');
  });

  test("an answer that is not UTF-8 is refused: nothing in its place is written", async () => {
    const target = await newTarget(id);
    const body = Buffer.from('[{"id": 1, "name": "caf\xe9"}]', "latin1");
    const { result } = await syncOnce({ source: await answering(body), destination: target.endpoint });
    expect(result).toMatchObject({
      status: "failed",
      attempts: 1,
      failure: { code: "source.not_utf8", recovery: "ask" },
    });
    expect([...(await columnsOf(target, "items"))]).toEqual([]);
    const source = await answering('[{"id": 1, "name": "café"}]');
    expect((await syncOnce({ source, destination: target.endpoint })).result.status).toBe("succeeded");
    expect((await rowsOf(target, "items")).map(({ values }) => values)).toEqual([{ id: "1", name: "café" }]);
  });

  test("bytes that are no UTF-8, in a database without an encoding, become NULL and are said", async () => {
    const plain = await newDatabase();
    await plain.sql(
      "CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'",
    );
    const url = new URL(plain.url);
    url.pathname = "/raw";
    const source = await newDatabase(url.href);
    await source.sql("SET client_encoding = 'SQL_ASCII'");
    await source.sql(`CREATE TABLE notes (id int PRIMARY KEY, note text);
      INSERT INTO notes VALUES (1, E'caf\\xe9'), (2, E'caf\\xc3\\xa9'), (3, 'plain')`);
    const target = await newTarget(id);
    const { result } = await syncOnce({ source: source.source, destination: target.endpoint });
    expect(result).toMatchObject({
      status: "succeeded",
      streams: [{ rows: { read: 3, committed: 3, changed: 1 } }],
    });
    expect(await rowsOf(target, "notes")).toEqual([
      {
        values: { id: "1", note: null },
        changes: [{ field: "note", change: "NULLED", reason: "SOURCE_SERIALIZATION_ERROR" }],
      },
      { values: { id: "2", note: "café" }, changes: [] },
      { values: { id: "3", note: "plain" }, changes: [] },
    ]);
    await plain.sql("DROP DATABASE raw WITH (FORCE)");
  });

  test("a row of 100 MB arrives among small ones", async () => {
    const source = await newDatabase();
    await source.sql(`CREATE TABLE files (id int PRIMARY KEY, body text);
      ALTER TABLE files ALTER COLUMN body SET STORAGE EXTERNAL;
      INSERT INTO files VALUES (1, 'small'), (2, repeat('0123456789abcde' || E'\\n', ${(100 * MB) / 16})), (3, 'small')`);
    const target = await newTarget(id);
    const sync = async (config: JsonObject): Promise<Synced> =>
      syncOnce({
        source: source.source,
        destination: { ...target.endpoint, config: { ...target.endpoint.config, ...config } },
      });
    // DuckDB holds such a value several times while it writes it.
    if (!isPostgres) {
      const { result } = await sync({ memory_limit: "128MB" });
      expect(result).toMatchObject({
        status: "failed",
        attempts: 1,
        failure: { code: "destination.out_of_memory", recovery: "ask", stream: "public.files" },
      });
      expect(await columnsOf(target, "files")).toEqual(new Map());
    }
    const { result } = await sync(isPostgres ? {} : { memory_limit: "1GB" });
    expect(result).toMatchObject({
      status: "succeeded",
      streams: [{ rows: { read: 3, committed: 3, changed: 0 } }],
    });
    const digests = "SELECT id, length(body) AS length, md5(body) AS digest FROM files ORDER BY id";
    expect(await target.sql(digests)).toEqual(await source.sql(digests));
  });
});
