import { availableParallelism } from "node:os";
import { type Static, Type } from "@weir/kit";
import { WeirError } from "@weir/protocol";

export const fileConfig = Type.Object({
  folder: Type.String({
    title: "Folder",
    description:
      "Where the tables' folders are made; relative to the project file's folder. Several connections may write into one " +
      "folder, each its own tables.",
    examples: ["out", "/data/lake"],
    minLength: 1,
    "x-weir-path": true,
    order: 0,
  }),
  format: Type.Union([Type.Literal("parquet"), Type.Literal("csv"), Type.Literal("jsonl")], {
    title: "Format",
    description: "How rows are written.",
    default: "parquet",
    order: 1,
  }),
  compression: Type.Union(
    [
      Type.Literal("default"),
      Type.Literal("none"),
      Type.Literal("gzip"),
      Type.Literal("zstd"),
      Type.Literal("snappy"),
    ],
    {
      title: "Compression",
      description: "default: snappy in Parquet, none in CSV and JSONL. snappy is for Parquet only.",
      default: "default",
      order: 2,
    },
  ),
  partition_by: Type.Array(Type.String({ minLength: 1 }), {
    title: "Partition by",
    description:
      "Fields by whose values files are put into folders, `country=DE/`; the files hold these columns too. A stream " +
      "without such a field is partitioned by the others.",
    default: [],
    examples: [["country"]],
    order: 3,
  }),
  file_megabytes: Type.Integer({
    title: "File size",
    description:
      "A file of about this size is ended and the next one begun. Each transaction begins new files, so most may be " +
      "smaller, and Parquet of a source that gives batches holds a quarter of memory_limit at most.",
    default: 256,
    examples: [64],
    minimum: 1,
    maximum: 1_000_000,
    order: 4,
  }),
  memory_limit: Type.String({
    title: "Memory limit",
    description:
      "What DuckDB, which writes Parquet, may hold in memory; beyond it, it spills to the folder's disk. The whole " +
      "process takes about 300 MB more.",
    default: "256MB",
    examples: ["512MB", "2GB"],
    pattern: "^[0-9]+(\\.[0-9]+)? ?([KMGT]i?B)$",
    order: 5,
  }),
  threads: Type.Integer({
    title: "Threads",
    description: "Threads DuckDB works with. 0: as many as there are cores.",
    default: 0,
    examples: [4],
    minimum: 0,
    maximum: 1024,
    order: 6,
  }),
});

export type FileConfig = Static<typeof fileConfig>;
export type Format = FileConfig["format"];
export type Compression = Exclude<FileConfig["compression"], "default">;

export interface FileSettings {
  readonly folder: string;
  readonly format: Format;
  readonly compression: Compression;
  readonly partitionBy: readonly string[];
  readonly fileBytes: number;
  readonly memoryLimit: string;
  readonly memoryBytes: number;
  readonly threads: number;
}

export function settingsOf(config: FileConfig): FileSettings {
  const { format, compression, threads } = config;
  if (format !== "parquet" && compression === "snappy") {
    throw new WeirError({
      code: "config.invalid",
      message: `${format} files cannot be compressed with snappy.`,
      next: 'Set "compression" to gzip, zstd or none.',
      recovery: "ask",
      origin: "config",
      path: "compression",
    });
  }
  const chosen = compression === "default" ? (format === "parquet" ? "snappy" : "none") : compression;
  return {
    folder: config.folder,
    format,
    compression: chosen,
    partitionBy: [...new Set(config.partition_by)],
    fileBytes: config.file_megabytes * 1024 * 1024,
    memoryLimit: config.memory_limit,
    memoryBytes: bytesOf(config.memory_limit),
    threads: threads === 0 ? availableParallelism() : threads,
  };
}

/** `256MB`, `1.5 GiB`: as DuckDB reads it. */
function bytesOf(text: string): number {
  const [, digits = "0", unit = "", binary] = /^([0-9.]+) ?([KMGT])(i?)B$/.exec(text) ?? [];
  return Number(digits) * (binary === "i" ? 1024 : 1000) ** ("KMGT".indexOf(unit) + 1);
}

/** Ending of the files' names. */
export function endingOf({ format, compression }: Pick<FileSettings, "format" | "compression">): string {
  if (format === "parquet" || compression === "none" || compression === "snappy") return `.${format}`;
  return `.${format}.${compression === "gzip" ? "gz" : "zst"}`;
}
