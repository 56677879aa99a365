import type { MessageType } from "./message.ts";
import type { Check } from "./validate.ts";
import {
  all,
  anyObject,
  bool,
  integer,
  list,
  number,
  object,
  oneOf,
  present,
  tagged,
  text,
} from "./validate.ts";

const keyPath = list(text);

const stream = object(
  {
    name: text,
    json_schema: anyObject,
    supported_sync_modes: list(oneOf("full_refresh", "incremental")),
  },
  {
    namespace: text,
    source_defined_cursor: bool,
    default_cursor_field: keyPath,
    source_defined_primary_key: list(keyPath),
    is_resumable: bool,
    is_file_based: bool,
  },
);

const destinationSyncMode = oneOf("append", "overwrite", "append_dedup", "update", "soft_delete");

const configuredStream = object(
  { stream, sync_mode: oneOf("full_refresh", "incremental"), destination_sync_mode: destinationSyncMode },
  {
    cursor_field: keyPath,
    primary_key: list(keyPath),
    generation_id: integer,
    minimum_generation_id: integer,
    sync_id: integer,
    include_files: bool,
    destination_object_name: text,
  },
);

export const catalog = object({ streams: list(stream) });
export const configuredCatalog = object({ streams: list(configuredStream) });

const specification = object(
  { connectionSpecification: anyObject },
  {
    documentationUrl: text,
    changelogUrl: text,
    supported_destination_sync_modes: list(destinationSyncMode),
    supportsIncremental: bool,
    protocol_version: text,
    advanced_auth: anyObject,
  },
);

const limitations = (origin: string): readonly string[] =>
  ["RECORD_SIZE_LIMITATION", "FIELD_SIZE_LIMITATION", "SERIALIZATION_ERROR"].map(
    (reason) => `${origin}_${reason}`,
  );

const change = object({
  field: text,
  change: oneOf("NULLED", "TRUNCATED"),
  reason: oneOf(
    ...["SOURCE", "PLATFORM", "DESTINATION"].flatMap(limitations),
    "SOURCE_RETRIEVAL_ERROR",
    "DESTINATION_TYPECAST_ERROR",
  ),
});

const record = object(
  { stream: text, data: anyObject, emitted_at: number },
  { namespace: text, meta: object({}, { changes: list(change) }), file_reference: anyObject },
);

const descriptor = object({ name: text }, { namespace: text });
const streamState = object({ stream_descriptor: descriptor });
const stats = object({}, { recordCount: number, rejectedRecordCount: number });
const counted = object({}, { sourceStats: stats, destinationStats: stats });

const legacyState = all(object({ data: present }, { type: text }), counted);

const state = tagged(
  "type",
  {
    STREAM: all(object({ stream: streamState }), counted),
    GLOBAL: all(object({ global: object({ stream_states: list(streamState) }) }), counted),
    LEGACY: legacyState,
  },
  legacyState,
);

const log = object(
  { level: oneOf("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"), message: text },
  { stack_trace: text },
);

const error = object(
  { message: text },
  {
    internal_message: text,
    stack_trace: text,
    failure_type: oneOf("system_error", "config_error", "transient_error"),
    stream_descriptor: descriptor,
  },
);

const estimate = object(
  { name: text, type: oneOf("STREAM", "SYNC") },
  { namespace: text, row_estimate: number, byte_estimate: number },
);

const reason = object({ type: text }, { rate_limited: object({}, { quota_reset: number }) });

const streamStatus = object(
  { stream_descriptor: descriptor, status: oneOf("STARTED", "RUNNING", "COMPLETE", "INCOMPLETE") },
  { reasons: list(reason) },
);

const trace = all(
  object({ emitted_at: number }),
  tagged("type", {
    ERROR: object({ error }),
    ESTIMATE: object({ estimate }),
    STREAM_STATUS: object({ stream_status: streamStatus }),
    ANALYTICS: object({ analytics: object({ type: text }, { value: text }) }),
  }),
);

const control = object({
  type: oneOf("CONNECTOR_CONFIG"),
  emitted_at: number,
  connectorConfig: object({ config: anyObject }),
});

const operation = object(
  { object_name: text, sync_mode: destinationSyncMode, json_schema: anyObject },
  { matching_keys: list(keyPath) },
);

/** The check of each kind of message, without its `type`. */
export const messageChecks: Readonly<Record<MessageType, Check>> = {
  RECORD: object({ record }),
  STATE: object({ state }),
  LOG: object({ log }),
  TRACE: object({ trace }),
  SPEC: object({ spec: specification }),
  CONNECTION_STATUS: object({
    connectionStatus: object({ status: oneOf("SUCCEEDED", "FAILED") }, { message: text }),
  }),
  CATALOG: object({ catalog }),
  CONTROL: object({ control }),
  DESTINATION_CATALOG: object({ destination_catalog: object({ operations: list(operation) }) }),
};
