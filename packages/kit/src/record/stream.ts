import type { ConfiguredStream, Context, Field, FieldKind, JsonObject, JsonValue } from "@weir/protocol";

/** What a stream's reader yields: rows, and now and then the state that covers every row before it. */
export type RecordStep = { readonly record: JsonObject } | { readonly state: JsonValue };

export interface ReadRequest<Config> {
  readonly config: Config;
  /**
   * The last state yielded that the destination has committed: of this load, or, where the stream is read
   * incrementally, of the syncs before too. Null: read from the start.
   */
  readonly state: JsonValue | null;
  /** The stream as configured: its sync mode and the selected fields. */
  readonly stream: ConfiguredStream;
  readonly context: Context;
  /** The same as `context.signal`; pass it on to whatever waits. */
  readonly signal: AbortSignal;
}

/** Type of each top-level field, in order: `{ id: "integer", price: { kind: "number", precision: 10, scale: 2 } }`. */
export type RecordFields = Readonly<Record<string, FieldKind | Omit<Field, "name">>>;

export interface RecordStream<Config> {
  readonly name: string;
  readonly namespace?: string | undefined;
  /** The fields, or how to find them; asked by `discover` and `check` only. */
  readonly fields: RecordFields | ((config: Config, context: Context) => Promise<RecordFields>);
  /** Names of fields. */
  readonly primaryKey?: readonly string[] | undefined;
  /** A field that grows with every change. Given: the stream can be read incrementally, and `read` goes on from `state`. */
  readonly cursor?: string | undefined;
  /** Rows in an order of its own choice. A failure of any kind leaves what was committed and is retried from there. */
  read(request: ReadRequest<Config>): AsyncIterable<RecordStep>;
}
