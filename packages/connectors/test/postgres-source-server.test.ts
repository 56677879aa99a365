import { readFileSync } from "node:fs";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@weir/kit/embedded-postgres";
import { testContext } from "@weir/kit/testing";
import type { JsonObject } from "@weir/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sourcePostgres } from "../src/postgres/source.ts";
import {
  attempt,
  configFor,
  configured,
  type Database,
  encoding,
  newDatabase,
  partsOf,
  readAll,
  rowsOf,
} from "./postgres-source.ts";

/** What only a server of one's own allows: it is killed, restarted and given certificates. */
let server: EmbeddedPostgres;
let database: Database;
const never = new AbortController().signal;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ settings: { wal_level: "minimal", max_wal_senders: "0" } });
  database = await newDatabase(server.url);
  await database.sql(
    "CREATE TABLE t (id int4 PRIMARY KEY, pad text); INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i",
  );
});

afterAll(() => server.stop());

function config(overrides: JsonObject = {}): JsonObject {
  return configFor(server.url, { part_megabytes: 1, ...overrides });
}

describe("TLS", () => {
  const pem = (name: string): string =>
    readFileSync(new URL(`fixtures/postgres-tls/${name}`, import.meta.url), "utf8");

  beforeAll(async () => {
    for (const name of ["server.pem", "server.key"]) {
      const lines = pem(name)
        .trim()
        .split("\n")
        .map((line) => `('${line}')`);
      // The server writes its own files, so that they belong to it and nobody else may read them.
      await database.sql(
        `COPY (VALUES ${lines.join(", ")}) TO PROGRAM 'umask 077; cat > "${server.dataDir}/data/${name}"'`,
      );
    }
    await database.sql("ALTER SYSTEM SET ssl_cert_file = 'server.pem'");
    await database.sql("ALTER SYSTEM SET ssl_key_file = 'server.key'");
    await database.sql("ALTER SYSTEM SET ssl = on");
    await database.sql("SELECT pg_reload_conf()");
    for (let n = 0; n < 100; n += 1) {
      const [row] = await database.sql("SELECT current_setting('ssl') AS ssl");
      if (row?.["ssl"] === "on") return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("TLS did not come on");
  });

  const connect = (host: string, ssl_mode: JsonObject): ReturnType<typeof sourcePostgres.check> =>
    sourcePostgres.check(config({ host, ssl_mode }), testContext());

  test.each([
    ["disable", "127.0.0.1", {}],
    ["prefer", "127.0.0.1", {}],
    ["require", "127.0.0.1", {}],
    ["verify-ca", "127.0.0.1", { ca_certificate: pem("ca.pem") }],
    ["verify-full", "localhost", { ca_certificate: pem("ca.pem") }],
  ])("%s to %s connects", async (mode, host, options) => {
    expect(await connect(host, { mode, ...options })).toMatchObject({ status: "SUCCEEDED" });
  });

  test("the line is encrypted as the mode says, and rows come over it", async () => {
    for (const [mode, encrypted] of [
      ["disable", "f"],
      ["prefer", "t"],
      ["require", "t"],
    ] as const) {
      await database.sql(
        "CREATE OR REPLACE VIEW line AS SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
      );
      const using = config({ ssl_mode: { mode } });
      const { rows } = await readAll(using, await configured(using, "line"));
      expect(rows).toEqual([{ ssl: encrypted === "t" ? "true" : "false" }]);
    }
    const using = config({ ssl_mode: { mode: "require" } });
    expect((await readAll(using, await configured(using, "t"))).rows.length).toBe(20_000);
  });

  test.each([
    ["verify-ca", "127.0.0.1", { ca_certificate: pem("other-ca.pem") }],
    ["verify-ca", "127.0.0.1", {}],
    ["verify-full", "127.0.0.1", { ca_certificate: pem("ca.pem") }],
    ["verify-ca", "127.0.0.1", { ca_certificate: "no certificate" }],
  ])("%s to %s with the wrong authority or name is refused", async (mode, host, options) => {
    const result = await connect(host, { mode, ...options });
    expect(result.failures[0]).toMatchObject({
      code: "source.tls_refused",
      recovery: "ask",
      next: expect.stringContaining("ca_certificate"),
    });
  });
});

describe("a server that goes away", () => {
  test("killed while a part is read: a lost connection, to be tried again; the next attempt goes on", async () => {
    const stream = await configured(config(), "t");
    const rows: unknown[] = [];
    const state = await attempt(config(), stream, null, async (reader) => {
      const parts = await partsOf(reader);
      const [first, second] = parts;
      if (first === undefined || second === undefined) throw new Error("parts");
      rows.push(...(await rowsOf(first, stream)));
      const read = second.read(encoding(stream, "pg-text"), never);
      if (read.form !== "bytes") throw new Error("bytes");
      const consume = async (): Promise<void> => {
        for await (const chunk of read.chunks) {
          expect(chunk.length).toBeGreaterThan(0);
          await server.kill();
        }
      };
      await expect(consume()).rejects.toMatchObject({
        failure: {
          code: expect.stringMatching(/^source\.(connection_lost|unreachable)$/),
          recovery: "retry",
        },
      });
      // A part that begins now finds no server at all.
      await expect(rowsOf(parts[2] ?? first, stream)).rejects.toMatchObject({
        failure: { recovery: "retry" },
      });
      return first.state;
    });
    await expect(
      sourcePostgres.open({
        config: config(),
        catalog: { streams: [stream] },
        state: [],
        context: testContext(),
      }),
    ).rejects.toMatchObject({
      failure: { code: "source.unreachable", recovery: "retry" },
    });
    await server.restart();
    rows.push(...(await readAll(config(), stream, state)).rows);
    expect(rows.length).toBe(20_000);
  });

  test("restarted between two parts: the snapshot is gone, which is to be tried again", async () => {
    const stream = await configured(config(), "t");
    await attempt(config(), stream, null, async (reader) => {
      const [first, second] = await partsOf(reader);
      if (first === undefined || second === undefined) throw new Error("parts");
      expect((await rowsOf(first, stream)).length).toBeGreaterThan(0);
      await server.restart();
      await expect(rowsOf(second, stream)).rejects.toMatchObject({ failure: { recovery: "retry" } });
      await expect(rowsOf(second, stream)).rejects.toMatchObject({
        failure: { code: "source.snapshot_lost", recovery: "retry" },
      });
    });
  });

  test("an administrator ends the session", async () => {
    const stream = await configured(config(), "t");
    const again = await newDatabase(server.url);
    await attempt(config(), stream, null, async (reader) => {
      const [first, second] = await partsOf(reader);
      if (first === undefined || second === undefined) throw new Error("parts");
      expect((await rowsOf(first, stream)).length).toBeGreaterThan(0);
      await again.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir'",
      );
      await expect(rowsOf(second, stream)).rejects.toMatchObject({
        failure: { code: "source.connection_lost", recovery: "retry" },
      });
    });
  });
});
