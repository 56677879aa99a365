import { join } from "node:path";
import type { Command } from "../measure/command.ts";
import type { Servers } from "../servers.ts";
import { csvSelect } from "./duckdb.ts";
import { copyOut } from "./postgres.ts";
import { SELECTED } from "./tables.ts";
import type { Width } from "./tables.ts";

const RUN_SQL = new URL("run-sql.ts", import.meta.url).pathname;

/** COPY csv through a FIFO into DuckDB, which writes one Parquet file, compressed as Weir's are. */
export function writeParquet(
  servers: Servers,
  fifo: string,
  folder: string,
  width: Width,
): readonly Command[] {
  const file = join(folder, "lineitem.parquet");
  const statements = [
    "set preserve_insertion_order = false",
    `copy (${csvSelect(fifo, width)}) to '${file}' (format parquet, compression snappy)`,
  ];
  return [
    copyOut(servers, fifo, `select ${SELECTED} from lineitem`, "format csv, null '\\N'"),
    { argv: [process.execPath, RUN_SQL, ":memory:", ...statements] },
  ];
}
