import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  databaseBehaviour,
  dumped,
  encodedName,
  fileBehaviour,
  filesOf,
  linesDump,
  plainIdentifiers,
  sqlDump,
} from "@weir/kit/acceptance";
import { inProcess } from "@weir/kit/executable";
import { testPostgres } from "@weir/kit/testing";
import type { StreamDescriptor } from "@weir/protocol";
import { afterAll } from "vitest";
import { destination as devNull } from "../../src/dev-null/destination.ts";
import { destination as duckdb } from "../../src/duckdb/destination.ts";
import { destination as file } from "../../src/file/destination.ts";
import { destination as jsonl } from "../../src/jsonl/destination.ts";
import { destinationPostgres } from "../../src/postgres/destination.ts";
import { duckReader } from "./duck-reader.ts";
import { acceptDestination } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-acceptance-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

acceptDestination("destination-duckdb", async () => {
  const path = join(folder, "warehouse.duckdb");
  return {
    runner: inProcess(duckdb),
    config: { path },
    invalid: [{ config: { path: folder }, says: /folder|directory/i }],
    behaviour: databaseBehaviour,
    identifiers: plainIdentifiers,
    dump: sqlDump(duckReader(path), "main"),
  };
});

acceptDestination("destination-postgres", async () => {
  const { hostname, port, username, password, pathname, href } = new URL(await testPostgres());
  const config = {
    host: hostname,
    port: Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    username,
    password,
  };
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    connectionString: href,
    types: { getTypeParser: () => (text: string) => text },
  });
  await client.connect();
  afterAll(() => client.end());
  return {
    runner: inProcess(destinationPostgres),
    config,
    invalid: [{ config: { ...config, port: 1 }, says: /reach|refuse|connect/i }],
    secrets: password === "" ? [] : [password],
    behaviour: { ...databaseBehaviour, longDecimals: "kept", nul: "marked" },
    identifiers: plainIdentifiers,
    dump: sqlDump(async (text) => (await client.query<Record<string, string | null>>(text)).rows, "public"),
  };
});

acceptDestination("destination-jsonl", async () => {
  const target = join(folder, "lines");
  return {
    runner: inProcess(jsonl, { connection: "acceptance" }),
    config: { folder: target },
    invalid: [{ config: { folder: fileURLToPath(import.meta.url) }, says: /not a folder/ }],
    connection: "acceptance",
    behaviour: fileBehaviour,
    identifiers: plainIdentifiers,
    dump: linesDump(target),
  };
});

for (const format of ["jsonl", "parquet"] as const) {
  acceptDestination(`destination-file, ${format}`, async () => {
    const target = join(folder, format);
    const sql = duckReader(":memory:");
    return {
      runner: inProcess(file),
      config: { folder: target, format },
      invalid: [{ config: { folder: fileURLToPath(import.meta.url) }, says: /not a folder/ }],
      behaviour:
        format === "jsonl"
          ? fileBehaviour
          : { ...fileBehaviour, largeIntegers: "marked", longDecimals: "marked" },
      identifiers: plainIdentifiers,
      dump: format === "jsonl" ? linesDump(target) : parquetDump(sql, target),
    };
  });
}

function parquetDump(sql: ReturnType<typeof duckReader>, target: string) {
  return async (stream: StreamDescriptor) => {
    const files = await filesOf(join(target, encodedName(stream)), ".parquet");
    if (files === undefined || files.length === 0) return files === undefined ? undefined : [];
    const list = files.map((each) => `'${each.replaceAll("'", "''")}'`).join(", ");
    const rows = await sql(
      `SELECT COLUMNS(*)::VARCHAR FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false)`,
    );
    return rows.map((row) => dumped(row));
  };
}

acceptDestination("destination-dev-null", async () => ({
  runner: inProcess(devNull),
  config: {},
  invalid: [{ config: { checksum: "none such" }, says: /checksum/ }],
  behaviour: { ...databaseBehaviour },
}));
