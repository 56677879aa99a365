import type { Command } from "../measure/command.ts";
import type { Servers } from "../servers.ts";
import { LINEITEM } from "../lineitem.ts";
import { copyOut } from "./postgres.ts";
import { createTable, metaConstants, SELECTED } from "./tables.ts";
import type { Width } from "./tables.ts";

const RUN_SQL = new URL("run-sql.ts", import.meta.url).pathname;

/** COPY csv through a FIFO into DuckDB's own read_csv. */
export function readCsv(servers: Servers, fifo: string, file: string, width: Width): readonly Command[] {
  const statements = [
    // The table has no order to keep; keeping it costs a tenth more.
    "set preserve_insertion_order = false",
    createTable("duckdb", width),
    `insert into lineitem ${csvSelect(fifo, width)}`,
  ];
  return [
    copyOut(servers, fifo, `select ${SELECTED} from lineitem`, "format csv, null '\\N'"),
    { argv: [process.execPath, RUN_SQL, file, ...statements] },
  ];
}

/** The rows of the CSV, with Weir's columns before them or without. Names are told: Parquet keeps them. */
export function csvSelect(fifo: string, width: Width): string {
  const columns = LINEITEM.map(({ name, duckdb }) => `${name}: '${duckdb}'`).join(", ");
  return `select ${metaConstants("duckdb", width)}* from read_csv('${fifo}',
      header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '\\N', columns = {${columns}})`;
}
