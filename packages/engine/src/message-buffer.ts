import type { Change, Column, ColumnBatch, JsonValue, RecordMessage } from "@weir/protocol";

/** Rough bytes of a JSON value in memory; a bound for buffering, not a measurement. */
function weigh(value: JsonValue | undefined): number {
  switch (typeof value) {
    case "string":
      return 24 + value.length;
    case "object": {
      if (value === null) return 8;
      if (Array.isArray(value))
        return (value as readonly JsonValue[]).reduce<number>((sum, item) => sum + weigh(item), 32);
      let sum = 48;
      for (const [name, member] of Object.entries(value)) sum += name.length + weigh(member as JsonValue);
      return sum;
    }
    default:
      return 16;
  }
}

/** Records of one stream, gathered into columns until they are loaded. */
export class MessageBuffer {
  readonly #fields: readonly string[];
  /** Fields that every object has from its prototype, such as `constructor`. */
  readonly #inherited: readonly boolean[];
  #columns: (JsonValue | undefined)[][];
  #emittedAt: number[] = [];
  #changes = new Map<number, readonly Change[]>();
  #bytes = 0;

  constructor(fields: readonly string[]) {
    this.#fields = fields;
    this.#inherited = fields.map((name) => name in Object.prototype);
    this.#columns = fields.map(() => []);
  }

  get rows(): number {
    return this.#emittedAt.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a record; returns the bytes it holds. */
  add(message: RecordMessage): number {
    const { data, emitted_at, meta } = message.record;
    if (meta?.changes !== undefined && meta.changes.length > 0) this.#changes.set(this.rows, meta.changes);
    this.#emittedAt.push(emitted_at);
    let bytes = 64;
    // By index, and without a question for each field that only a few names need: this runs for every value.
    for (let index = 0; index < this.#fields.length; index += 1) {
      const name = this.#fields[index] ?? "";
      const value = this.#inherited[index] === true && !Object.hasOwn(data, name) ? undefined : data[name];
      this.#columns[index]?.push(value);
      bytes += typeof value === "string" ? 24 + value.length : weigh(value);
    }
    this.#bytes += bytes;
    return bytes;
  }

  /** Everything gathered, in the order of the fields; the buffer is empty afterwards. */
  take(): ColumnBatch {
    const columns: readonly Column[] = this.#columns.map((values) => ({ form: "json", values }));
    const batch: ColumnBatch = {
      rows: this.rows,
      columns,
      bytes: this.#bytes,
      emittedAt: Float64Array.from(this.#emittedAt),
      changes: this.#changes.size > 0 ? this.#changes : undefined,
    };
    this.#columns = this.#fields.map(() => []);
    this.#emittedAt = [];
    this.#changes = new Map();
    this.#bytes = 0;
    return batch;
  }
}
