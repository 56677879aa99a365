import type {
  Catalog,
  CheckResult,
  ConfiguredStream,
  Context,
  Field,
  FieldKind,
  JsonObject,
  JsonValue,
  SourceConnector,
  Stream,
} from "@weir/protocol";
import { schemaOf } from "@weir/protocol";
import type { Static } from "typebox";
import type { TObject } from "../config/type.ts";
import { defineSource } from "../define.ts";
import { abortable } from "./abortable.ts";
import { messagesOf } from "./messages.ts";

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

export interface RecordSourceDefinition<Config extends TObject> {
  /** `source-<system>`. */
  readonly id: string;
  readonly title: string;
  readonly config: Config;
  readonly documentationUrl?: string | undefined;
  /** The streams, or how to find them. */
  readonly streams:
    | readonly RecordStream<Static<Config>>[]
    | ((config: Static<Config>, context: Context) => Promise<readonly RecordStream<Static<Config>>[]>);
  /** Without it a check finds the streams and reads the first row of the first one. */
  readonly check?: ((config: Static<Config>, context: Context) => Promise<CheckResult | void>) | undefined;
}

/** A source whose author only has rows: states, stream statuses, catalog and check are made here. */
export function recordSource<Config extends TObject>(
  definition: RecordSourceDefinition<Config>,
): SourceConnector {
  const { id, title, config, documentationUrl, streams } = definition;
  const find = async (
    value: Static<Config>,
    context: Context,
  ): Promise<readonly RecordStream<Static<Config>>[]> =>
    typeof streams === "function" ? streams(value, context) : streams;
  return defineSource({
    id,
    title,
    config,
    documentationUrl,
    check: async (value, context) => {
      if (definition.check !== undefined) return definition.check(value, context);
      const [first] = await find(value, context);
      if (first === undefined) return undefined;
      const stream = {
        stream: await streamOf(first, value, context),
        sync_mode: "full_refresh",
        destination_sync_mode: "overwrite",
      } as const;
      const rows = first.read({ config: value, state: null, stream, context, signal: context.signal });
      const iterator = abortable(rows, context.signal);
      await iterator.next();
      await iterator.return(undefined);
      return undefined;
    },
    discover: async (value, context): Promise<Catalog> => ({
      streams: await Promise.all(
        (await find(value, context)).map((stream) => streamOf(stream, value, context)),
      ),
    }),
    open: async ({ config: value, catalog, state, context }) => {
      const found = await find(value, context);
      return {
        kind: "messages",
        messages: (signal) =>
          messagesOf({ config: value, streams: found, catalog, states: state, context, signal }),
        close: async () => {},
      };
    },
  });
}

async function streamOf<Config>(
  stream: RecordStream<Config>,
  config: Config,
  context: Context,
): Promise<Stream> {
  const { name, namespace, fields, primaryKey = [], cursor } = stream;
  const found = typeof fields === "function" ? await fields(config, context) : fields;
  const list = Object.entries(found).map(([field, type]) => ({
    name: field,
    ...(typeof type === "string" ? { kind: type } : type),
  }));
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    json_schema: schemaOf(list),
    supported_sync_modes: cursor === undefined ? ["full_refresh"] : ["full_refresh", "incremental"],
    ...(cursor === undefined ? {} : { source_defined_cursor: true, default_cursor_field: [cursor] }),
    ...(primaryKey.length === 0 ? {} : { source_defined_primary_key: primaryKey.map((field) => [field]) }),
    is_resumable: true,
  };
}
