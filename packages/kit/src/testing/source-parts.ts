import type {
  ConfiguredStream,
  Encoding,
  JsonObject,
  JsonValue,
  Part,
  PartRead,
  PartSession,
  StreamReader,
} from "@weir/protocol";
import { isObject, streamKey } from "@weir/protocol";
import { csvLines } from "./csv.ts";
import { pass } from "./faults.ts";
import type { MemorySourceOptions } from "./source-options.ts";
import { columnsOf, compareValues, measureRows, type MemoryStream } from "./stream.ts";

export function partSession(options: Required<MemorySourceOptions>): PartSession {
  return {
    kind: "parts",
    reader: (configured, state) =>
      pass({
        faults: options.faults,
        point: "source.reader",
        act: () => readerOf(options, configured, state),
      }),
    close: async () => {},
  };
}

export function findStream(streams: readonly MemoryStream[], name: ConfiguredStream["stream"]): MemoryStream {
  const found = streams.find((stream) => streamKey(stream) === streamKey(name));
  if (found === undefined) throw new Error(`The source in memory has no stream ${streamKey(name)}.`);
  return found;
}

function readerOf(
  options: Required<MemorySourceOptions>,
  configured: ConfiguredStream,
  state: JsonValue | null,
): StreamReader {
  const stream = findStream(options.streams, configured.stream);
  const reason = options.refuseState(stream.name, state);
  return {
    ...(reason === undefined ? {} : { restart: { reason } }),
    notices: [],
    parallel: options.parallel,
    estimate: { rows: stream.rows.length },
    gives: ({ format }) => format === "batch" || (format === "csv" && options.csv),
    parts: async function* () {
      const incremental = configured.sync_mode === "incremental" && stream.cursor !== undefined;
      const cursor = incremental ? stream.cursor : undefined;
      if (options.overlapOnResume && state !== null && !incremental) {
        yield partOf(options, "again", stream.rows, state, true);
      }
      for (const slice of slicesOf(stream, cursor, state, options.partRows)) {
        yield partOf(options, slice.id, slice.rows, slice.state, false);
      }
    },
    measure: async ({ key }) => measureRows(stream.rows, stream.fields, key),
  };
}

export interface Slice {
  readonly id: string;
  readonly rows: readonly JsonObject[];
  readonly state: JsonObject;
}

/**
 * What is left to read after a state, in slices with the state after each; at least one. A full read keeps its position
 * `{ next }`; an incremental one `{ cursor, sent }`, where `sent` counts the rows with just that cursor already given.
 */
export function slicesOf(
  stream: MemoryStream,
  cursor: string | undefined,
  state: JsonValue | null,
  size: number,
): readonly Slice[] {
  const from = isObject(state) ? state : {};
  const rows =
    cursor === undefined
      ? stream.rows.slice(numberOf(from["next"]))
      : after(
          stream.rows.toSorted((a, b) => compareValues(a[cursor], b[cursor])),
          cursor,
          from,
        );
  const slices: Slice[] = [];
  for (let start = 0; start < rows.length || slices.length === 0; start += size) {
    const slice = rows.slice(start, start + size);
    const before = slices.at(-1)?.state ?? from;
    const next =
      cursor === undefined ? { next: numberOf(before["next"]) + slice.length } : moved(before, cursor, slice);
    const id = cursor === undefined ? `rows-${numberOf(before["next"])}` : `cursor-${start}-${rows.length}`;
    slices.push({ id, rows: slice, state: next });
  }
  return slices;
}

function after(rows: readonly JsonObject[], cursor: string, state: JsonObject): readonly JsonObject[] {
  if (state["cursor"] === undefined) return rows;
  const same = rows.filter((row) => compareValues(row[cursor], state["cursor"]) === 0);
  const greater = rows.filter((row) => compareValues(row[cursor], state["cursor"]) > 0);
  return [...same.slice(numberOf(state["sent"])), ...greater];
}

function moved(state: JsonObject, cursor: string, rows: readonly JsonObject[]): JsonObject {
  const last = rows.at(-1);
  if (last === undefined) return state;
  const same = rows.filter((row) => compareValues(row[cursor], last[cursor]) === 0).length;
  const goesOn = state["cursor"] !== undefined && compareValues(state["cursor"], last[cursor]) === 0;
  return { cursor: last[cursor] ?? null, sent: same + (goesOn ? numberOf(state["sent"]) : 0) };
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

function partOf(
  options: Required<MemorySourceOptions>,
  id: string,
  rows: readonly JsonObject[],
  state: JsonValue,
  overlap: boolean,
): Part {
  return { id, state, overlap, read: (encoding, signal) => readPart(options, rows, encoding, signal) };
}

function readPart(
  options: Required<MemorySourceOptions>,
  rows: readonly JsonObject[],
  encoding: Encoding,
  signal: AbortSignal,
): PartRead {
  let counted = 0;
  const chunks = async function* <T>(make: (chunk: readonly JsonObject[]) => T): AsyncGenerator<T> {
    for (let start = 0; start < rows.length; start += options.batchRows) {
      signal.throwIfAborted();
      const chunk = rows.slice(start, start + options.batchRows);
      yield await pass({ faults: options.faults, point: "source.chunk", signal, act: () => make(chunk) });
      counted += chunk.length;
    }
  };
  const fields = encoding.columns.map(({ field }) => field);
  if (encoding.format === "csv") {
    return { form: "bytes", chunks: chunks((chunk) => csvLines(chunk, encoding)), rows: () => counted };
  }
  return {
    form: "batches",
    chunks: chunks((chunk) => ({
      rows: chunk.length,
      columns: columnsOf(chunk, fields),
      bytes: chunk.length * 100,
    })),
    rows: () => counted,
  };
}
