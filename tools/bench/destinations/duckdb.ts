import { rmSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "../limits/duckdb.ts";
import { LINEITEM } from "../lineitem.ts";
import { MEGABYTE } from "../routes/route.ts";
import type { Contents } from "../routes/route.ts";
import type { Scene } from "../scene.ts";
import type { Destination } from "./destination.ts";

export function duckdbDestination(scene: Scene): Destination {
  const { servers, fifo, folder } = scene;
  const file = join(folder, "target.duckdb");
  return {
    name: "duckdb",
    endpoint: { connector: "destination-duckdb", config: { path: file } },
    memoryBytes: 600 * MEGABYTE,
    limitName: "COPY csv through a FIFO into read_csv",
    limit: (width) => readCsv(servers, fifo, file, width),
    empty: async () => {
      await scene.emptyTarget();
      for (const each of [file, `${file}.wal`]) rmSync(each, { force: true });
    },
    contents: () => contents(file),
  };
}

async function contents(file: string): Promise<Contents> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const columns = LINEITEM.map(({ name }) => name).join(", ");
  const instance = await DuckDBInstance.create(file, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `select count(*)::varchar, sum(hash(${columns}))::varchar from lineitem`,
    );
    const [rows, digest] = reader.getRows()[0] ?? [];
    return { rows: Number(rows), digest: String(digest) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
