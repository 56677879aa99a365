import { parseArgs } from "node:util";

export interface TortureOptions {
  readonly kills: number;
  /** Rows of each source table. */
  readonly rows: number;
  readonly seed: number;
  readonly json: boolean;
  /** Change the source between attempts, and check the promise for that instead. */
  readonly changing: boolean;
  readonly keep: boolean;
  /** Run source, destination or both as executables, `weir connector <id>`, and kill these instead of servers. */
  readonly child: boolean;
  readonly destinations: readonly DestinationName[];
}

export const FILE_FORMATS = ["parquet", "csv", "jsonl"] as const;

export type FileFormat = (typeof FILE_FORMATS)[number];

export type DestinationName = "postgres" | "duckdb" | FileFormat;

export function readOptions(argv: readonly string[]): TortureOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kills: { type: "string", default: "200" },
      rows: { type: "string", default: "40000" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      changing: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      child: { type: "boolean", default: false },
      destination: { type: "string", multiple: true, default: ["postgres", "duckdb", "file"] },
    },
  });
  return {
    kills: whole(values.kills, "kills"),
    rows: whole(values.rows, "rows"),
    seed: whole(values.seed, "seed"),
    json: values.json,
    changing: values.changing,
    keep: values.keep,
    child: values.child,
    destinations: values.destination.flatMap(destinationNames),
  };
}

function whole(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} wants a whole number above 0, not ${text}`);
  return value;
}

/** `file` stands for all formats. */
function destinationNames(text: string): readonly DestinationName[] {
  if (text === "postgres" || text === "duckdb") return [text];
  if (text === "file") return FILE_FORMATS;
  const format = FILE_FORMATS.find((name) => text === name || text === `file-${name}`);
  if (format !== undefined) return [format];
  throw new Error(
    `--destination wants postgres, duckdb, file or file-${FILE_FORMATS.join(", file-")}, not ${text}`,
  );
}
