import type {
  Change,
  ColumnBatch,
  Encoding,
  JsonObject,
  LoadRequest,
  StreamDescriptor,
  StreamPlan,
} from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";

/** One row of a batch as JSON: exact numbers, NULL as null, dates and times as text. */
export interface RowOfBatch {
  readonly data: JsonObject;
  readonly changes: readonly Change[];
  /** Milliseconds since 1970, where the batch says when the row was read. */
  readonly emittedAt: number | undefined;
}

export type RowsOf = (batch: ColumnBatch, encoding: Encoding) => Iterable<RowOfBatch>;

export interface RecordText {
  readonly text: string;
  readonly rows: number;
  /** Rows with at least one change. */
  readonly changed: number;
}

/** Characters written at a time. */
const CHUNK = 65_536;

/** A batch as RECORD messages, a line each, in texts of some 64 KiB. */
export function* recordLines(
  batch: ColumnBatch,
  { stream, encoding, meta }: Pick<LoadRequest, "stream" | "encoding" | "meta">,
  rowsOf: RowsOf,
): Generator<RecordText> {
  const { name, namespace } = descriptorOf(stream);
  const head = `{"type":"RECORD","record":${stringifyJson({ stream: name, namespace }).slice(0, -1)},"data":`;
  let text = "";
  let rows = 0;
  let changed = 0;
  for (const { data, changes, emittedAt } of rowsOf(batch, encoding)) {
    const tail = changes.length === 0 ? "" : `,"meta":${JSON.stringify({ changes })}`;
    text += `${head}${stringifyJson(data)},"emitted_at":${emittedAt ?? meta.extractedAt}${tail}}}\n`;
    rows += 1;
    if (changes.length > 0) changed += 1;
    if (text.length < CHUNK) continue;
    yield { text, rows, changed };
    text = "";
    rows = 0;
    changed = 0;
  }
  if (rows > 0) yield { text, rows, changed };
}

/** What the destination calls the stream: its table. */
export function descriptorOf({ table: { name, namespace } }: StreamPlan): StreamDescriptor {
  return namespace === undefined ? { name } : { name, namespace };
}
