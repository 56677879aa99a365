import { existsSync } from "node:fs";
import { testPostgres } from "@weir/kit/testing";
import { Client } from "pg";
import { expect, test } from "vitest";
import { folderWith, weir, weirJson } from "./terminal.ts";

async function shop(): Promise<string> {
  const url = await testPostgres();
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE TABLE orders (id bigint, note text, updated_at timestamptz);
      CREATE TABLE tags (id bigint PRIMARY KEY, name text); INSERT INTO tags VALUES (1, 'a')`);
  } finally {
    await client.end();
  }
  return url;
}

function projectOf(url: string, connection: string, destination = "destination-dev-null"): string {
  const { hostname, port, username, pathname } = new URL(url);
  return `sources:
  shop:
    connector: source-postgres
    config:
      host: ${hostname}
      port: ${port}
      database: ${pathname.slice(1)}
      username: ${username}
      password: \${PASSWORD}
destinations:
  copy: { connector: ${destination}, config: { ${destination.endsWith("jsonl") ? "folder: out" : ""} } }
connections:
  shop-copy:
    source: shop
    destination: copy
${connection}
`;
}

test.each([
  ["no cursor", "    mode: incremental_append", "destination-dev-null", "config.cursor_missing"],
  [
    "no key",
    "    streams: [orders]\n    mode: incremental_append_deduped\n    cursor: updated_at",
    "destination-dev-null",
    "config.key_missing",
  ],
  ["no such stream", "    streams: [order]", "destination-dev-null", "config.stream_unknown"],
  [
    "no such field",
    "    streams: [tags]\n    mode: incremental_append\n    cursor: nothing",
    "destination-dev-null",
    "config.field_unknown",
  ],
  [
    "a mode the destination does not have",
    "    streams: [tags]\n    mode: full_refresh_overwrite_deduped",
    "destination-jsonl",
    "destination.mode_unsupported",
  ],
])("what a sync refuses, check refuses with the same words: %s", async (_what, settings, to, code) => {
  const url = await shop();
  const env = { PASSWORD: new URL(url).password };
  const cwd = await folderWith({ "weir.yaml": projectOf(url, settings, to) });
  const checked = await weirJson(["check"], { cwd, env });
  expect(checked.result).toMatchObject([{ ok: true }, { ok: true }, { kind: "connection", ok: false }]);
  expect(checked.error).toMatchObject({ code });
  expect(existsSync(`${cwd}/.weir/state`)).toBe(false);
  const synced = await weirJson(["sync"], { cwd, env });
  expect(checked.error).toEqual(synced.error);
  expect(checked.code).toBe(synced.code);
});

test("check takes no fence and writes nothing, before the first sync and after it", async () => {
  const url = await shop();
  const to = await testPostgres();
  const cwd = await folderWith();
  const file = ["--destination", "duckdb", "--destination-config", "path=none.duckdb"];
  expect(await weirJson(["check", "--source", url, ...file], { cwd })).toMatchObject({ code: 0 });
  expect(existsSync(`${cwd}/none.duckdb`)).toBe(false);
  const ends = ["--source", url, "--destination", to];
  const first = await weir(["check", ...ends], { cwd });
  expect(first.stdout).toMatch(/^connection postgres-to-postgres-\w+: ok$/m);
  const schemas = new Client({ connectionString: to });
  await schemas.connect();
  const made = await schemas.query("SELECT 1 FROM pg_tables WHERE schemaname IN ('public', '_weir')");
  await schemas.end();
  expect(made.rows).toEqual([]);
  const one = await weirJson(["sync", ...ends, "--streams", "tags", "--name", "tags"], { cwd });
  await weirJson(["check", ...ends], { cwd });
  const shown = await weirJson(["state", "show", "tags", "--destination", to], { cwd });
  expect(one.result).toMatchObject({ syncs: [{ sync: 1 }] });
  expect(shown.result).toMatchObject({ token: { sync: 1, attempt: 1 } });
});

test("a connection is not judged while an end of it fails", async () => {
  const url = await shop();
  const cwd = await folderWith({ "weir.yaml": projectOf(url, "    mode: incremental_append") });
  const { code, result } = await weirJson(["check"], { cwd, env: { PASSWORD: "wrong-one" } });
  expect(code).toBe(1);
  expect((result as unknown as readonly { readonly kind: string }[]).map(({ kind }) => kind)).toEqual([
    "source",
    "destination",
  ]);
});

test("two connections that write one table of one destination are told, others are not", async () => {
  const cwd = await folderWith({
    "weir.yaml": `sources:
  samples: { connector: source-faker, config: { count: 5 } }
destinations:
  here: { connector: destination-file, config: { folder: out, format: csv } }
  same: { connector: destination-file, config: { format: csv, folder: ./out } }
  there: { connector: destination-file, config: { folder: other } }
connections:
  first: { source: samples, destination: here, streams: [users, products] }
  second: { source: samples, destination: same, streams: [users] }
  third: { source: samples, destination: here, streams: [users], prefix: third_ }
  fourth: { source: samples, destination: there, streams: [users] }
`,
  });
  const { code, result } = await weirJson(["check"], { cwd });
  expect(code).toBe(0);
  const found = (result as unknown as { name: string; kind: string; warnings: string[] }[])
    .filter(({ kind }) => kind === "connection")
    .map(({ name, warnings }) => [name, warnings.length]);
  expect(found).toEqual([
    ["first", 0],
    ["second", 1],
    ["third", 0],
    ["fourth", 0],
  ]);
  const { stdout } = await weir(["check"], { cwd });
  expect(stdout).toMatch(
    /weir\.yaml:9:3: its stream users is written to the table users, which first writes/,
  );
});
