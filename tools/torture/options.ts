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
  readonly destinations: readonly DestinationName[];
}

export type DestinationName = "postgres" | "duckdb";

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
      destination: { type: "string", multiple: true, default: ["postgres", "duckdb"] },
    },
  });
  return {
    kills: whole(values.kills, "kills"),
    rows: whole(values.rows, "rows"),
    seed: whole(values.seed, "seed"),
    json: values.json,
    changing: values.changing,
    keep: values.keep,
    destinations: values.destination.map(destinationName),
  };
}

function whole(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} wants a whole number above 0, not ${text}`);
  return value;
}

function destinationName(text: string): DestinationName {
  if (text === "postgres" || text === "duckdb") return text;
  throw new Error(`--destination wants postgres or duckdb, not ${text}`);
}
