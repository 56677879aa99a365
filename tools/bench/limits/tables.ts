import { LINEITEM } from "../lineitem.ts";

/** With Weir's four columns, as its destinations write them, or the data columns alone. */
export type Width = "whole" | "data";

interface MetaColumn {
  readonly name: string;
  readonly postgres: string;
  readonly duckdb: string;
  /** Weir counts its row ids up from a prefix; here every row has the same, of the same length. */
  readonly constant: string;
}

const META: readonly MetaColumn[] = [
  {
    name: "_airbyte_raw_id",
    postgres: "varchar not null",
    duckdb: "VARCHAR NOT NULL",
    constant: "'01930000-0000-7000-8000-000000000000'",
  },
  {
    name: "_airbyte_extracted_at",
    postgres: "timestamptz not null",
    duckdb: "TIMESTAMPTZ NOT NULL",
    constant: "timestamptz '2024-01-01 00:00:00+00'",
  },
  {
    name: "_airbyte_meta",
    postgres: "jsonb not null",
    duckdb: "JSON NOT NULL",
    constant: `'{"sync_id":1,"changes":[]}'`,
  },
  {
    name: "_airbyte_generation_id",
    postgres: "bigint not null",
    duckdb: "BIGINT NOT NULL",
    constant: "1",
  },
];

type System = "postgres" | "duckdb";

/** The table Weir makes. */
export function createTable(system: System, width: Width): string {
  const columns = [...(width === "whole" ? META : []), ...LINEITEM];
  return `create table lineitem (${columns.map((column) => `${column.name} ${column[system]}`).join(", ")})`;
}

/** What goes before the data columns of a SELECT, typed for a COPY binary into the table. */
export function metaConstants(system: System, width: Width): string {
  if (width === "data") return "";
  return META.map((column) =>
    system === "postgres"
      ? `(${column.constant})::${column.postgres.replace(" not null", "")}, `
      : `${column.constant}, `,
  ).join("");
}

export const SELECTED = LINEITEM.map(({ selected }) => selected).join(", ");
