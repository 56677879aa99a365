import { globSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeParquet } from "../limits/parquet.ts";
import { LINEITEM } from "../lineitem.ts";
import { MEGABYTE } from "../routes/route.ts";
import type { Contents } from "../routes/route.ts";
import type { Scene } from "../scene.ts";
import type { Destination } from "./destination.ts";

export function parquetDestination(scene: Scene): Destination {
  const { servers, fifo, folder } = scene;
  const lake = join(folder, "lake");
  return {
    name: "parquet",
    endpoint: { connector: "destination-file", config: { folder: lake, format: "parquet" } },
    memoryBytes: 600 * MEGABYTE,
    limitName: "COPY csv through a FIFO into DuckDB's COPY TO parquet",
    limit: (width) => writeParquet(servers, fifo, join(lake, "lineitem"), width),
    empty: async () => {
      await scene.emptyTarget();
      rmSync(lake, { recursive: true, force: true });
      mkdirSync(join(lake, "lineitem"), { recursive: true });
    },
    contents: () => contents(lake),
  };
}

async function contents(lake: string): Promise<Contents> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const files = globSync(join(lake, "*", "**", "*.parquet")).map((path) => `'${path}'`);
  const columns = LINEITEM.map(({ name }) => name).join(", ");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `select count(*)::varchar, sum(hash(${columns}))::varchar from read_parquet([${files.join(", ")}])`,
    );
    const [rows, digest] = reader.getRows()[0] ?? [];
    return { rows: Number(rows), digest: String(digest) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
