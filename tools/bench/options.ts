import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Rows of the lineitem table. */
  readonly rows: number;
  readonly fakerRows: number;
  /** Runs of each contender; medians are taken over them. */
  readonly runs: number;
  readonly json: boolean;
  /** Put the table into docs/benchmarks.md. */
  readonly write: boolean;
  /** Run the limits in Weir's place. */
  readonly control: boolean;
  /** Only routes whose name contains this. */
  readonly route: string;
}

export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: "string", default: "2000000" },
      "faker-rows": { type: "string", default: "10000000" },
      runs: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      control: { type: "boolean", default: false },
      route: { type: "string", default: "" },
    },
  });
  if (values.write && (values.control || values.route !== ""))
    throw new Error("--write wants every route and Weir in it: --route and --control have no place");
  return {
    rows: whole(values.rows, "rows"),
    fakerRows: whole(values["faker-rows"], "faker-rows"),
    runs: whole(values.runs, "runs"),
    json: values.json,
    write: values.write,
    control: values.control,
    route: values.route,
  };
}

function whole(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} wants a whole number above 0, not ${text}`);
  return value;
}
