import { mkdtempSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inProcess } from "@weir/kit/executable";
import { testPostgres } from "@weir/kit/testing";
import type { ConfiguredCatalog, JsonObject } from "@weir/protocol";
import { afterAll } from "vitest";
import { source as faker } from "../../src/faker/source.ts";
import { source as file } from "../../src/file/source.ts";
import { source as httpJson } from "../../src/http-json/source.ts";
import { sourcePostgres } from "../../src/postgres/source.ts";
import { acceptSource } from "./rows.ts";

acceptSource("source-faker", async () => ({
  runner: inProcess(faker),
  config: { count: 200, records_per_slice: 60 },
  invalid: [{ config: { count: -1 }, says: /count/ }],
  slow: { count: 20_000_000 },
}));

acceptSource("source-http-json", async () => {
  let rows = Array.from({ length: 12_000 }, (_, id) => ({
    id,
    at: `2024-01-01T00:00:${String(id)}`,
    note: null,
  }));
  const server = createServer((request, response) => {
    if (request.headers.authorization !== "Bearer s3cr3t-token") return void response.writeHead(401).end();
    if (request.url === "/slow") return;
    response.end(JSON.stringify(request.url === "/hard" ? [HARD] : rows));
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
  const config = {
    url: `${url}/orders`,
    token: "s3cr3t-token",
    stream: "orders",
    primary_key: ["id"],
    cursor: "id",
  };
  return {
    runner: inProcess(httpJson),
    config,
    secrets: ["s3cr3t-token", "wr0ng-token"],
    invalid: [
      { config: { ...config, token: "wr0ng-token" }, says: /401/ },
      { config: { ...config, url: "no url" }, says: /url/ },
    ],
    expected: { orders: rows },
    slow: { ...config, url: `${url}/slow` },
    change: async () => {
      const added = [{ id: 20_000, at: "2024-01-02T00:00:00", note: null }];
      rows = [...rows, ...added];
      return { orders: added };
    },
    hard: async () => ({
      config: { ...config, url: `${url}/hard`, stream: 'ha"rd.n\\ame é', primary_key: [] },
      rows: { 'ha"rd\\.n\\\\ame é': [HARD] },
    }),
  };
});

const HARD = { id: 1, 'q"uote': "foo\nbar", "dot.ted": "1", "é ": "x", "": "empty" } as const;

acceptSource("source-file", async () => {
  const root = mkdtempSync(join(tmpdir(), "weir-acceptance-files-"));
  afterAll(() => rm(root, { recursive: true, force: true }));
  const line = (id: number): JsonObject => ({
    id,
    at: "2024-05-01T10:00:00Z",
    note: `row ${id}`,
    tags: [id, null],
  });
  const filler = "x".repeat(400);
  const long = Array.from({ length: 6000 }, (_, id) => `${id},${id / 4},2024-02-29,"${filler}\n${id}"`);
  await writeFile(join(root, "long.csv"), `id,price,day,text\n${long.join("\n")}\n`);
  await mkdir(join(root, "lines"));
  const add = (name: string, ids: readonly number[]): Promise<void> =>
    writeFile(
      join(root, "lines", `${name}.jsonl`),
      ids.map((id) => `${JSON.stringify(line(id))}\n`).join(""),
    );
  for (let number = 0; number < 4; number++) await add(`part-${number}`, [number * 2, number * 2 + 1]);
  const hard = "ha\"rd né'me.csv";
  await writeFile(join(root, hard), '"q""uote",dot.ted,UPPER\n"foo\nbar",1,x\n');
  const streams = [
    { name: "long", files: ["long.csv"] },
    { name: "lines", files: ["lines/*.jsonl"] },
  ];
  return {
    runner: inProcess(file),
    config: { root, streams, part_megabytes: 1 },
    invalid: [
      { config: { root, streams: [{ name: "gone", files: ["gone.csv"] }] }, says: /gone/ },
      { config: { root, streams: [] }, says: /streams/ },
    ],
    expected: { lines: [0, 1, 2, 3, 4, 5, 6, 7].map(line) },
    change: async () => {
      await add("part-9", [90, 91]);
      return { lines: [line(90), line(91)] };
    },
    hard: async () => ({
      config: { root, streams: [{ name: 'ha"rd.né', files: [hard] }] },
      rows: { 'ha"rd\\.né': [{ 'q"uote': "foo\nbar", "dot.ted": 1, UPPER: "x" }] },
    }),
  };
});

acceptSource("source-postgres", async () => {
  const url = new URL(await testPostgres());
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  afterAll(() => client.end());
  await client.query(`
    CREATE TABLE items (id int PRIMARY KEY, at timestamptz NOT NULL, price numeric(12,2), day date, tags text[], more jsonb, filler text);
    INSERT INTO items SELECT n, '2024-01-01 00:00:00Z'::timestamptz + n * interval '1 second', n / 7.0, '2024-02-29',
      ARRAY['a', NULL], '{"a": [1, null]}', md5(n::text) || repeat('x', 900) FROM generate_series(1, 4000) AS s (n);
    CREATE TABLE few (id bigint PRIMARY KEY, at timestamptz, note text);
    INSERT INTO few VALUES (9007199254740993, '2024-05-01 10:00:00Z', 'one'), (-1, NULL, NULL);
    CREATE TABLE nothing (id int PRIMARY KEY, at timestamptz);
    CREATE SCHEMA "ha""rd.sch\\ema é";
    CREATE TABLE "ha""rd.sch\\ema é"."ta""ble.é $1" ("q""uote" text, "dot.ted" text, "UPPER" int PRIMARY KEY);
    INSERT INTO "ha""rd.sch\\ema é"."ta""ble.é $1" VALUES (E'foo\\nbar', '1', 5);
    ANALYZE`);
  const config: JsonObject = {
    host: url.hostname,
    port: Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    username: url.username,
    password: url.password,
    schemas: ["public"],
    part_megabytes: 1,
  };
  return {
    runner: inProcess(sourcePostgres),
    config,
    secrets: ["wr0ng-password"],
    invalid: [{ config: { ...config, port: 1, password: "wr0ng-password" }, says: /reach|connect|refuse/i }],
    expected: {
      "public.few": [
        { id: 9007199254740993n, at: "2024-05-01T10:00:00.000000Z", note: "one" },
        { id: -1, at: null, note: null },
      ],
    },
    empty: ["public.nothing"],
    configure: ({ streams }: ConfiguredCatalog) => ({
      streams: streams.map((stream) =>
        stream.sync_mode === "incremental" ? { ...stream, cursor_field: ["id"] } : stream,
      ),
    }),
    change: async () => {
      await client.query("INSERT INTO few VALUES (9007199254740994, NULL, 'new')");
      return { "public.few": [{ id: 9007199254740994n, at: null, note: "new" }] };
    },
    hard: async () => ({
      config: { ...config, schemas: ['ha"rd.sch\\ema é'] },
      rows: {
        'ha"rd\\.sch\\\\ema é.ta"ble\\.é $1': [{ 'q"uote': "foo\nbar", "dot.ted": "1", UPPER: 5 }],
      },
    }),
  };
});
