import type { Change } from "./batch.ts";
import type { Catalog } from "./catalog.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { ConnectorSpecification } from "./spec.ts";

/** Airbyte protocol 0.18 messages. Every object may carry fields not named here; they survive a round trip. */
export type Message =
  | RecordMessage
  | StateMessage
  | LogMessage
  | TraceMessage
  | SpecMessage
  | ConnectionStatusMessage
  | CatalogMessage
  | ControlMessage
  | DestinationCatalogMessage;

export type MessageType = Message["type"];

export interface StreamDescriptor {
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface RecordMessage {
  readonly type: "RECORD";
  readonly record: {
    readonly stream: string;
    readonly namespace?: string | undefined;
    readonly data: JsonObject;
    /** Milliseconds since 1970. */
    readonly emitted_at: number;
    readonly meta?: { readonly changes?: readonly Change[] | undefined } | undefined;
    readonly file_reference?: JsonObject | undefined;
  };
}

export interface StateStats {
  readonly recordCount?: number | undefined;
  readonly rejectedRecordCount?: number | undefined;
}

/** `type` absent means LEGACY. */
export interface StateMessage {
  readonly type: "STATE";
  readonly state: {
    readonly type?: "STREAM" | "GLOBAL" | "LEGACY" | undefined;
    readonly stream?: StreamState | undefined;
    readonly global?:
      | { readonly shared_state?: JsonValue | undefined; readonly stream_states: readonly StreamState[] }
      | undefined;
    readonly data?: JsonValue | undefined;
    readonly sourceStats?: StateStats | undefined;
    readonly destinationStats?: StateStats | undefined;
  };
}

export interface StreamState {
  readonly stream_descriptor: StreamDescriptor;
  readonly stream_state?: JsonValue | undefined;
}

export interface LogMessage {
  readonly type: "LOG";
  readonly log: {
    readonly level: "FATAL" | "ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE";
    readonly message: string;
    readonly stack_trace?: string | undefined;
  };
}

export interface TraceMessage {
  readonly type: "TRACE";
  readonly trace: Trace;
}

export type Trace =
  | {
      readonly type: "ERROR";
      readonly emitted_at: number;
      readonly error: {
        readonly message: string;
        readonly internal_message?: string | undefined;
        readonly stack_trace?: string | undefined;
        readonly failure_type?: "system_error" | "config_error" | "transient_error" | undefined;
        readonly stream_descriptor?: StreamDescriptor | undefined;
      };
    }
  | {
      readonly type: "ESTIMATE";
      readonly emitted_at: number;
      readonly estimate: {
        readonly name: string;
        readonly namespace?: string | undefined;
        readonly type: "STREAM" | "SYNC";
        readonly row_estimate?: number | undefined;
        readonly byte_estimate?: number | undefined;
      };
    }
  | {
      readonly type: "STREAM_STATUS";
      readonly emitted_at: number;
      readonly stream_status: {
        readonly stream_descriptor: StreamDescriptor;
        readonly status: "STARTED" | "RUNNING" | "COMPLETE" | "INCOMPLETE";
        readonly reasons?: readonly JsonObject[] | undefined;
      };
    }
  | {
      readonly type: "ANALYTICS";
      readonly emitted_at: number;
      readonly analytics: { readonly type: string; readonly value?: string | undefined };
    };

export interface SpecMessage {
  readonly type: "SPEC";
  readonly spec: ConnectorSpecification;
}

export interface ConnectionStatusMessage {
  readonly type: "CONNECTION_STATUS";
  readonly connectionStatus: {
    readonly status: "SUCCEEDED" | "FAILED";
    readonly message?: string | undefined;
  };
}

export interface CatalogMessage {
  readonly type: "CATALOG";
  readonly catalog: Catalog;
}

export interface ControlMessage {
  readonly type: "CONTROL";
  readonly control: {
    readonly type: "CONNECTOR_CONFIG";
    readonly emitted_at: number;
    readonly connectorConfig: { readonly config: JsonObject };
  };
}

export interface DestinationCatalogMessage {
  readonly type: "DESTINATION_CATALOG";
  readonly destination_catalog: { readonly operations: readonly JsonObject[] };
}
