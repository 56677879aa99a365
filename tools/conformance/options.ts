import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

export interface ConformanceOptions {
  /** Holds `cassettes/`. */
  readonly folder: string;
  readonly json: string | null;
  /** Only connectors whose names hold this. */
  readonly only: string;
  readonly workers: number;
  /** Writes the measured counts as the new floor. */
  readonly raise: boolean;
}

export function readOptions(argv: readonly string[], root: string): ConformanceOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: "string" },
      only: { type: "string", default: "" },
      workers: { type: "string", default: String(availableParallelism()) },
      raise: { type: "boolean", default: false },
    },
  });
  const data = process.env["WEIR_TESTDATA"] ?? resolve(root, "..", "shared");
  return {
    folder: resolve(positionals[0] ?? `${data}/conformance`),
    json: values.json ?? null,
    only: values.only,
    workers: Math.max(1, Number(values.workers) || 1),
    raise: values.raise,
  };
}
