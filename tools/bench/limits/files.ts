import type { Command } from "../measure/command.ts";
import { LINEITEM } from "../lineitem.ts";
import { psqlEnvironment, TARGET } from "../servers.ts";
import type { Servers } from "../servers.ts";
import { PSQL } from "./postgres.ts";
import { createTable, metaConstants } from "./tables.ts";

const RUN_SQL = new URL("run-sql.ts", import.meta.url).pathname;

/** A file says nothing of a number's digits: its columns get Weir's own decimal. */
function typeOf({ duckdb }: (typeof LINEITEM)[number]): string {
  return duckdb.startsWith("DECIMAL") ? "DECIMAL(38,9)" : duckdb;
}

const COLUMNS = `{${LINEITEM.map((column) => `${column.name}: '${typeOf(column)}'`).join(", ")}}`;

/** DuckDB's own reader of a file into a table. */
export function readFileInto(file: string, format: "csv" | "jsonl", database: string): readonly Command[] {
  const table = createTable("duckdb", "whole").replaceAll("DECIMAL(15,2)", "DECIMAL(38,9)");
  const from =
    format === "csv"
      ? `read_csv('${file}', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '', columns = ${COLUMNS})`
      : `read_json('${file}', format = 'newline_delimited', columns = ${COLUMNS})`;
  const statements = [
    "set preserve_insertion_order = false",
    table,
    `insert into lineitem select ${metaConstants("duckdb", "whole")}* from ${from}`,
  ];
  return [{ argv: [process.execPath, RUN_SQL, database, ...statements] }];
}

/** COPY FROM of the file at the client, into a table whose columns of Weir have defaults. */
export function copyFile(servers: Servers, file: string): readonly Command[] {
  const names = LINEITEM.map(({ name }) => name).join(", ");
  const defaults = metaConstants("postgres", "whole")
    .split(/, (?=\()/)
    .map((constant) => constant.replace(/, $/, ""));
  const own = ["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id"];
  const alter = own.map(
    (name, at) => `alter table lineitem alter column ${name} set default ${defaults[at]}`,
  );
  const copy = `\\copy lineitem (${names}) from '${file}' (format csv, header, null '')`;
  return [
    {
      argv: [
        PSQL,
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        ...[createTable("postgres", "whole"), ...alter, copy].flatMap((statement) => ["-c", statement]),
      ],
      env: psqlEnvironment(servers, TARGET),
    },
  ];
}
