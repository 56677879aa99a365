import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { rowsOfSide, settle, sourceRow, type SourceSubject } from "@weir/kit/acceptance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { newDatabase } from "../end-to-end/databases.ts";
import { executable, folder, recordedSpec } from "./executable.ts";

// Files that run in one process share the folder, and each leaves nothing behind.
beforeAll(() => mkdir(folder, { recursive: true }));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A row may start a dozen processes, on a machine that is busy with others. */
const PATIENCE_MS = 180_000;

const subjects: Readonly<Record<string, () => Promise<SourceSubject>>> = {
  "source-faker": async () => ({
    runner: executable("source-faker"),
    config: { count: 200, records_per_slice: 80 },
    invalid: [{ config: { count: -1 }, says: /count/ }],
    slow: { count: 20_000_000 },
  }),
  "source-http-json": async () => {
    const rows = Array.from({ length: 11_000 }, (_, id) => ({ id, note: `row ${id}` }));
    const server = createServer((request, response) => {
      if (request.headers.authorization !== "Bearer s3cr3t-token") response.writeHead(401).end();
      else if (request.url !== "/slow") response.end(JSON.stringify(rows));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const config = { url, token: "s3cr3t-token", stream: "orders", primary_key: ["id"], cursor: "id" };
    return {
      runner: executable("source-http-json"),
      config,
      secrets: ["s3cr3t-token", "wr0ng-token"],
      invalid: [{ config: { ...config, token: "wr0ng-token" }, says: /401/ }],
      expected: { orders: rows },
      slow: { ...config, url: `${url}/slow` },
    };
  },
  "source-file": async () => {
    const root = join(folder, "source");
    await mkdir(root);
    const lines = [1, 2, 3].map((id) => ({ id, note: `row ${id}` }));
    for (const line of lines) await writeFile(join(root, `${line.id}.jsonl`), `${JSON.stringify(line)}\n`);
    const long = Array.from({ length: 3000 }, (_, id) => `${id},${"x".repeat(900)}`);
    await writeFile(join(root, "long.csv"), `id,text\n${long.join("\n")}\n`);
    const streams = [
      { name: "lines", files: ["*.jsonl"] },
      { name: "long", files: ["long.csv"] },
    ];
    return {
      runner: executable("source-file"),
      config: { root, streams, part_megabytes: 1 },
      invalid: [{ config: { root, streams: [] }, says: /streams/ }],
      expected: { lines },
      change: async () => {
        await writeFile(join(root, "9.jsonl"), '{"id":9,"note":"new"}\n');
        return { lines: [{ id: 9, note: "new" }] };
      },
    };
  },
  "source-postgres": async () => {
    const database = await newDatabase();
    await database.sql(
      `CREATE TABLE items (id int PRIMARY KEY, at timestamptz NOT NULL, price numeric(12,2), filler text)`,
    );
    await database.sql(`INSERT INTO items SELECT n, '2024-01-01 00:00:00Z'::timestamptz + n * interval '1 second', n / 7.0,
      md5(n::text) || repeat('x', 900) FROM generate_series(1, 3000) AS s (n)`);
    await database.sql(`CREATE TABLE few (id bigint PRIMARY KEY, at timestamptz, note text)`);
    await database.sql(
      `INSERT INTO few VALUES (9007199254740993, '2024-05-01 10:00:00Z', 'one'), (-1, NULL, NULL)`,
    );
    await database.sql("ANALYZE");
    const config = { ...database.source.config, schemas: ["public"], part_megabytes: 1 };
    return {
      runner: executable("source-postgres"),
      config,
      secrets: ["wr0ng-password"],
      invalid: [
        { config: { ...config, port: 1, password: "wr0ng-password" }, says: /reach|connect|refuse/i },
      ],
      expected: {
        "public.few": [
          { id: 9007199254740993n, at: "2024-05-01T10:00:00.000000Z", note: "one" },
          { id: -1, at: null, note: null },
        ],
      },
      configure: ({ streams }) => ({
        streams: streams.map((stream) =>
          stream.sync_mode === "incremental" ? { ...stream, cursor_field: ["id"] } : stream,
        ),
      }),
      change: async () => {
        await database.sql("INSERT INTO few VALUES (9007199254740994, NULL, 'new')");
        return { "public.few": [{ id: 9007199254740994n, at: null, note: "new" }] };
      },
    };
  },
};

for (const [id, make] of Object.entries(subjects)) {
  describe(`${id} as an executable`, () => {
    let subject: Promise<SourceSubject> | undefined;
    for (const row of rowsOfSide("source")) {
      test(`${row.id} ${row.title}`, { timeout: PATIENCE_MS }, async ({ skip }) => {
        subject ??= make();
        settle(await sourceRow(row.id, { ...(await subject), spec: recordedSpec(id) }), (reason) =>
          skip(reason),
        );
      });
    }
  });
}
