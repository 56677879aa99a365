import type { Change, ColumnBatch, JsonValue, RecordMessage } from "@weir/protocol";

/** Records of one stream that wait to be loaded. */
export class Gathered {
  readonly #fields: readonly string[];
  #records: RecordMessage["record"][] = [];
  #bytes = 0;

  constructor(fields: readonly string[]) {
    this.#fields = fields;
  }

  /** Takes a record; returns the bytes it holds, roughly. */
  add({ record }: RecordMessage): number {
    const bytes = 64 + weightOf(record.data);
    this.#records.push(record);
    this.#bytes += bytes;
    return bytes;
  }

  /** Everything gathered, in the order of the fields, if there is anything; nothing stays behind. */
  take(): ColumnBatch | undefined {
    const records = this.#records;
    const bytes = this.#bytes;
    if (records.length === 0) return undefined;
    this.#records = [];
    this.#bytes = 0;
    const changes = new Map<number, readonly Change[]>();
    for (const [row, { meta }] of records.entries()) {
      if (meta?.changes !== undefined && meta.changes.length > 0) changes.set(row, meta.changes);
    }
    return {
      rows: records.length,
      columns: this.#fields.map((name) => ({
        form: "json",
        values: records.map(({ data }) => (Object.hasOwn(data, name) ? data[name] : undefined)),
      })),
      bytes,
      emittedAt: Float64Array.from(records, ({ emitted_at }) => emitted_at),
      changes: changes.size === 0 ? undefined : changes,
    };
  }
}

/** A bound for what is held in memory, not a measurement. */
function weightOf(value: JsonValue | undefined): number {
  if (typeof value === "string") return 24 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 16;
  let sum = 48;
  for (const member of Object.values(value)) sum += 16 + weightOf(member as JsonValue | undefined);
  return sum;
}
