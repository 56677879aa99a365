import { manifestSource } from "@weir/manifest";
import type { OutgoingRequest, Transport } from "@weir/manifest";
import type { JsonObject, JsonValue, Message, SourceState, SourceSyncMode } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

/** 2025-03-04T05:06:07.123456Z. */
const NOW = Date.UTC(2025, 2, 4, 5, 6, 7) + 123.456;

export interface Answer {
  readonly status?: number;
  readonly body: JsonValue;
}

/** What a server says to a path with its query; a function sees the whole request. */
export type Script = Readonly<Record<string, Answer | JsonValue[] | ((request: OutgoingRequest) => Answer)>>;

export interface Server {
  readonly transport: Transport;
  /** Path and query of every request, in order. */
  readonly asked: string[];
}

export function serverOf(script: Script): Server {
  const asked: string[] = [];
  const transport: Transport = {
    send: async (request) => {
      const { pathname, search } = new URL(request.url);
      const path = decodeURIComponent(pathname + search);
      asked.push(path);
      const found = script[path] ?? { status: 404, body: { error: `nothing at ${path}` } };
      const { status = 200, body } =
        typeof found === "function" ? found(request) : Array.isArray(found) ? { body: found } : found;
      return {
        status,
        headers: { "content-type": "application/json" },
        url: request.url,
        body: (async function* () {
          yield Buffer.from(stringifyJson(body));
        })(),
      };
    },
  };
  return { transport, asked };
}

export interface Reading {
  readonly records: readonly JsonObject[];
  readonly states: readonly JsonValue[];
  readonly statuses: readonly string[];
  readonly errors: readonly string[];
  readonly messages: readonly Message[];
  readonly failure: WeirError | null;
}

export interface ReadOptions {
  readonly manifest: string;
  readonly server: Server;
  readonly streams: readonly string[];
  readonly config?: JsonObject;
  readonly state?: Readonly<Record<string, JsonValue>>;
  readonly mode?: SourceSyncMode;
  readonly now?: () => number;
}

/** Reads through the front door. */
export async function readThrough(options: ReadOptions): Promise<Reading> {
  const {
    manifest,
    server,
    streams,
    config = {},
    state = {},
    mode = "incremental",
    now = () => NOW,
  } = options;
  const signal = AbortSignal.timeout(20_000);
  const context = { clock: { now, sleep: async () => {} }, log: () => {}, signal };
  const source = manifestSource(manifest, { transport: server.transport, random: () => 0.5 });
  const session = await source.open({
    config,
    context,
    catalog: {
      streams: streams.map((name) => ({
        stream: { name, json_schema: {}, supported_sync_modes: [mode] },
        sync_mode: mode,
        destination_sync_mode: "append",
      })),
    },
    state: Object.entries(state).map(([name, value]): SourceState => ({
      type: "STREAM",
      name,
      state: value,
    })),
  });
  if (session.kind !== "messages") throw new TypeError("A manifest's source sends messages.");
  const messages: Message[] = [];
  let failure: WeirError | null = null;
  try {
    for await (const message of session.messages(signal)) messages.push(message);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    failure = error;
  }
  return {
    messages,
    failure,
    records: messages.flatMap((each) => (each.type === "RECORD" ? [each.record.data] : [])),
    states: messages.flatMap((each) =>
      each.type === "STATE" ? [each.state.stream?.stream_state ?? null] : [],
    ),
    statuses: messages.flatMap((each) =>
      each.type === "TRACE" && each.trace.type === "STREAM_STATUS"
        ? [`${each.trace.stream_status.stream_descriptor.name} ${each.trace.stream_status.status}`]
        : [],
    ),
    errors: messages.flatMap((each) =>
      each.type === "TRACE" && each.trace.type === "ERROR" ? [each.trace.error.message] : [],
    ),
  };
}

/** A manifest whose streams are given as JSON, which is YAML. */
export function manifestOf(streams: readonly JsonObject[], more: JsonObject = {}): string {
  return stringifyJson({
    version: "6.0.0",
    type: "DeclarativeSource",
    check: { type: "CheckStream", stream_names: streams.slice(0, 1).map(({ name }) => name ?? "") },
    streams,
    spec: { type: "Spec", connection_specification: { type: "object", properties: {} } },
    ...more,
  });
}

/** A stream that reads a list from a path. */
export function streamOf(name: string, path: string, more: JsonObject = {}): JsonObject {
  const { retriever, ...rest } = more;
  return {
    type: "DeclarativeStream",
    name,
    primary_key: ["id"],
    retriever: {
      type: "SimpleRetriever",
      requester: { type: "HttpRequester", url_base: "https://api.example.com", path, http_method: "GET" },
      record_selector: { type: "RecordSelector", extractor: { type: "DpathExtractor", field_path: [] } },
      ...(retriever as JsonObject | undefined),
    },
    schema_loader: { type: "InlineSchemaLoader", schema: { type: "object", properties: {} } },
    ...rest,
  };
}

export function parentOf(stream: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    type: "SubstreamPartitionRouter",
    parent_stream_configs: [
      { type: "ParentStreamConfig", stream, parent_key: "id", partition_field: "parent_id", ...more },
    ],
  };
}

/** Reads by day of `updated`, from 2025-03-01 on. */
export const BY_DAY: JsonObject = {
  type: "DatetimeBasedCursor",
  cursor_field: "updated",
  datetime_format: "%Y-%m-%d",
  start_datetime: "2025-03-01",
  end_datetime: "2025-03-04",
  start_time_option: { type: "RequestOption", inject_into: "request_parameter", field_name: "from" },
  end_time_option: { type: "RequestOption", inject_into: "request_parameter", field_name: "to" },
};
