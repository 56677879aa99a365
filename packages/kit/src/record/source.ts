import type { Catalog, CheckResult, Context, SourceConnector, Stream } from "@weir/protocol";
import { schemaOf } from "@weir/protocol";
import type { Static } from "typebox";
import type { TObject } from "../config/type.ts";
import { defineSource } from "../define.ts";
import { abortable } from "./abortable.ts";
import { messagesOf } from "./messages.ts";
import type { RecordStream } from "./stream.ts";

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
