import { Type, type Static } from "@weir/kit";

export const duckdbConfig = Type.Object({
  path: Type.String({
    title: "Path",
    description:
      "The database file; relative to the project file's folder. It is made when it is missing, with its directory.",
    examples: ["warehouse.duckdb", "/data/warehouse.duckdb"],
    minLength: 1,
    "x-weir-path": true,
    order: 0,
  }),
  schema: Type.String({
    title: "Schema",
    description: "Where the tables of streams without a namespace go.",
    default: "main",
    examples: ["main", "raw"],
    minLength: 1,
    order: 1,
  }),
  memory_limit: Type.String({
    title: "Memory limit",
    description:
      "What DuckDB may hold in memory; beyond it, it spills to a directory beside the file. The default keeps the " +
      "whole process below 600 MB.",
    default: "256MB",
    examples: ["256MB", "2GB"],
    pattern: "^[0-9]+(\\.[0-9]+)? ?([KMGT]i?B)$",
    order: 2,
  }),
  threads: Type.Integer({
    title: "Threads",
    description: "Threads DuckDB works with. 0: as many as there are cores.",
    default: 0,
    examples: [4],
    minimum: 0,
    maximum: 1024,
    order: 3,
  }),
});

export type DuckdbConfig = Static<typeof duckdbConfig>;
