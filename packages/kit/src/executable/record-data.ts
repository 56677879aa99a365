import type {
  Change,
  ChangeReason,
  ColumnBatch,
  Encoding,
  FieldKind,
  JsonValue,
  RecordMessage,
} from "@weir/protocol";
import { rowsOf } from "../rows.ts";
import { formatDate, formatTime, parseTimestamp } from "../values/index.ts";

const MICROS_PER_DAY = 86_400_000_000n;

/** What every record of a batch says of itself beside its values. */
export interface RecordHead {
  readonly stream: string;
  readonly namespace?: string | undefined;
  /** Milliseconds since 1970, for rows whose batch says nothing. */
  readonly readAt: number;
}

/** The rows of a batch as records of the protocol, dates and times as Airbyte writes them. */
export function recordsOf(batch: ColumnBatch, encoding: Encoding, head: RecordHead): RecordMessage[] {
  const times = encoding.columns.flatMap(({ field }) => {
    const write = timeWriter(field.kind);
    return write === undefined ? [] : [{ name: field.name, write }];
  });
  const { stream, namespace, readAt } = head;
  const records: RecordMessage[] = [];
  for (const row of rowsOf(batch, encoding)) {
    const data = row.data as Record<string, JsonValue>;
    for (const { name, write } of times) {
      const value = data[name];
      if (typeof value === "string") data[name] = write(value);
    }
    records.push({
      type: "RECORD",
      record: {
        stream,
        ...(namespace ? { namespace } : {}),
        data,
        emitted_at: row.emittedAt ?? readAt,
        ...(row.changes.length === 0 ? {} : { meta: { changes: row.changes.map(ofSource) } }),
      },
    });
  }
  return records;
}

/** Values that did not fit were found here, on the source's side. */
function ofSource({ field, change, reason }: Change): Change {
  const said = reason.replace(/^DESTINATION_(?=FIELD_SIZE|SERIALIZATION)/, "SOURCE_") as ChangeReason;
  return { field, change, reason: said };
}

function timeWriter(kind: FieldKind): ((text: string) => string) | undefined {
  switch (kind) {
    case "timestamp_with_timezone":
      return (text) => airbyteTimestamp(text, "Z");
    case "timestamp_without_timezone":
      return (text) => airbyteTimestamp(text, "");
    case "time_with_timezone":
    case "time_without_timezone":
      return airbyteTime;
    default:
      return undefined;
  }
}

const PLAIN_TIMESTAMP = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|[+-]00(?::?00)?)?$/;

/** `2024-05-01T10:00:00.000000Z`: always UTC, always microseconds. Infinities, which JSON has no word for, stay. */
function airbyteTimestamp(text: string, zone: string): string {
  const plain = PLAIN_TIMESTAMP.exec(text);
  if (plain !== null) {
    const [, date = "", time = "", fraction = ""] = plain;
    return `${date}T${time}.${fraction.padEnd(6, "0")}${zone}`;
  }
  const parsed = parseTimestamp(text);
  if (typeof parsed !== "object") return text;
  const days = parsed.micros / MICROS_PER_DAY - (parsed.micros % MICROS_PER_DAY < 0n ? 1n : 0n);
  const [day = "", era] = formatDate(Number(days)).split(" ");
  const time = airbyteTime(formatTime(Number(parsed.micros - days * MICROS_PER_DAY)));
  return `${day}T${time}${zone}${era === undefined ? "" : ` ${era}`}`;
}

const TIME = /^(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::\d\d){0,2})?$/;

function airbyteTime(text: string): string {
  const found = TIME.exec(text);
  if (found === null) return text;
  const [, time = "", fraction = "", offset = ""] = found;
  const isUtc = /^[+-]00(?::00)*$/.test(offset);
  const zone = isUtc ? "Z" : offset.length === 3 ? `${offset}:00` : offset;
  return `${time}.${fraction.padEnd(6, "0")}${zone}`;
}
