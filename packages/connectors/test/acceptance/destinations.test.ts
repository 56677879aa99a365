import { existsSync, mkdtempSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DestinationBehaviour, dumped, sqlDump } from "@weir/kit/acceptance";
import { inProcess } from "@weir/kit/executable";
import { testPostgres } from "@weir/kit/testing";
import { isObject, parseJson } from "@weir/protocol";
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

const database: DestinationBehaviour = {
  modes: ["append", "overwrite", "append_dedup"],
  deletes: "hard",
  showsEarly: ["append"],
  largeIntegers: "marked",
  longDecimals: "marked",
  nul: "kept",
};

acceptDestination("destination-duckdb", async () => {
  const path = join(folder, "warehouse.duckdb");
  return {
    runner: inProcess(duckdb),
    config: { path },
    invalid: [{ config: { path: folder }, says: /folder|directory/i }],
    behaviour: database,
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
    behaviour: { ...database, longDecimals: "kept", nul: "marked" },
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
    behaviour: {
      ...database,
      modes: ["append", "overwrite"],
      deletes: "none",
      largeIntegers: "kept",
      longDecimals: "kept",
    },
    dump: async ({ name, namespace }) => {
      const path = join(
        target,
        `${[...(namespace === undefined ? [] : [namespace]), name].map(encoded).join(".")}.jsonl`,
      );
      return existsSync(path) ? linesOf(path) : undefined;
    },
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
      behaviour: {
        ...database,
        modes: ["append", "overwrite"],
        deletes: "none",
        ...(format === "parquet" ? {} : { largeIntegers: "kept", longDecimals: "kept" }),
      },
      dump: async ({ name, namespace }) => {
        const table = join(
          target,
          [...(namespace === undefined ? [] : [namespace]), name].map(encoded).join("."),
        );
        const files = (await readdir(table, { recursive: true }).catch(() => undefined))
          ?.filter((each) => each.endsWith(`.${format}`))
          .map((each) => join(table, each));
        if (files === undefined) return undefined;
        if (format === "jsonl") return (await Promise.all(files.map(linesOf))).flat();
        return files.length === 0 ? [] : rowsOfParquet(sql, files);
      },
    };
  });
}

async function rowsOfParquet(sql: ReturnType<typeof duckReader>, files: readonly string[]) {
  const list = files.map((each) => `'${each.replaceAll("'", "''")}'`).join(", ");
  const rows = await sql(
    `SELECT COLUMNS(*)::VARCHAR FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false)`,
  );
  return rows.map((row) => dumped(row));
}

function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll(
    /[.!~*'()]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function linesOf(path: string) {
  const text = await readFile(path, "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const row = parseJson(line);
      if (!isObject(row)) throw new TypeError("A line is no object.");
      return dumped(row);
    });
}

acceptDestination("destination-dev-null", async () => ({
  runner: inProcess(devNull),
  config: {},
  invalid: [{ config: { checksum: "none such" }, says: /checksum/ }],
  behaviour: { ...database },
}));
