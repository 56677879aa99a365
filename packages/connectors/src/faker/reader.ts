import { hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { isMisfit, textReader } from "@weir/kit";
import type { JsonValue, Measure, MeasureRequest, StreamReader } from "@weir/protocol";
import type { Generator } from "./generator.ts";
import { batchesOf, partOf } from "./part.ts";
import { stateOf } from "./state.ts";

export interface ReaderOptions {
  readonly generator: Generator;
  readonly seed: number;
  readonly rowsPerPart: number;
  readonly parallel: number;
  readonly state: JsonValue | null;
}

/** Reads a generated stream from where its state says, to its last row. */
export function readerOf({ generator, seed, rowsPerPart, parallel, state }: ReaderOptions): StreamReader {
  const held = state === null ? { rows: 0, seed } : stateOf(state);
  const restart = restartReason(held, seed);
  const first = restart === undefined && held !== undefined ? held.rows : 0;
  const rows = Math.max(0, generator.rows - first);
  return {
    restart: restart === undefined ? undefined : { reason: restart },
    notices:
      first > generator.rows
        ? [`${generator.name}: ${first} rows were read before, more than there are now; none is taken back.`]
        : [],
    parallel,
    estimate: { rows, bytes: rows * generator.rowBytes },
    gives: ({ format }) => format === "batch",
    parts: async function* (signal) {
      let from = first;
      do {
        signal.throwIfAborted();
        const to = Math.max(from, Math.min(from + rowsPerPart, generator.rows));
        yield partOf(generator, from, to, { rows: to, seed });
        from = to;
      } while (from < generator.rows);
    },
    measure: (request) => measure(generator, request),
  };
}

function restartReason(held: ReturnType<typeof stateOf>, seed: number): string | undefined {
  if (held === undefined) return "the state was not written by this source";
  return held.seed === seed ? undefined : `the seed changed from ${held.seed} to ${seed}`;
}

async function measure(generator: Generator, { key, signal }: MeasureRequest): Promise<Measure> {
  if (key.length === 0) return { rows: generator.rows };
  const fields = key.flatMap((name) =>
    generator.made.map(({ field }) => field).filter((field) => field.name === name),
  );
  let sum = 0n;
  for (const batch of batchesOf(generator, { from: 0, to: generator.rows, fields })) {
    await setImmediate();
    signal.throwIfAborted();
    const readers = batch.columns.map((column, index) =>
      textReader(column, fields[index]?.kind ?? "unknown"),
    );
    for (let row = 0; row < batch.rows; row++) {
      const texts = readers
        .map((read) => read(row))
        .map((text) => (text === null || isMisfit(text) ? "\\N" : text));
      sum += BigInt(`0x${hash("md5", texts.join("\u001F")).slice(0, 15)}`);
    }
  }
  return { rows: generator.rows, checksum: String(sum) };
}
