import type { JsonObject } from "./json.ts";

/** Glossary: a catalog lists the streams a source offers; a configured catalog says which are moved and how. */

export type SourceSyncMode = "full_refresh" | "incremental";
export type DestinationSyncMode = "append" | "overwrite" | "append_dedup" | "update" | "soft_delete";

/** A stream as `discover` returns it: Airbyte's AirbyteStream. Unknown fields are kept. */
export interface Stream {
  readonly name: string;
  readonly namespace?: string;
  /** JSON schema of one record; see field.ts for the types it can name. */
  readonly json_schema: JsonObject;
  readonly supported_sync_modes: readonly SourceSyncMode[];
  readonly source_defined_cursor?: boolean;
  readonly default_cursor_field?: readonly string[];
  /** Each key is a path; several paths make a composite key. */
  readonly source_defined_primary_key?: readonly (readonly string[])[];
  readonly is_resumable?: boolean;
  readonly is_file_based?: boolean;
  readonly [unknown: string]: unknown;
}

export interface Catalog {
  readonly streams: readonly Stream[];
  readonly [unknown: string]: unknown;
}

/** Airbyte's ConfiguredAirbyteStream. Unknown fields are kept. */
export interface ConfiguredStream {
  readonly stream: Stream;
  readonly sync_mode: SourceSyncMode;
  readonly destination_sync_mode: DestinationSyncMode;
  readonly cursor_field?: readonly string[];
  readonly primary_key?: readonly (readonly string[])[];
  readonly generation_id?: number;
  /** 0 keeps every generation; equal to generation_id, older generations go when the stream is complete. */
  readonly minimum_generation_id?: number;
  readonly sync_id?: number;
  readonly include_files?: boolean;
  readonly destination_object_name?: string;
  readonly [unknown: string]: unknown;
}

export interface ConfiguredCatalog {
  readonly streams: readonly ConfiguredStream[];
  readonly [unknown: string]: unknown;
}

/** What names a stream. `namespace` absent and `""` are the same stream. */
export interface StreamName {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** One text per stream, for maps, logs and checkpoints: `namespace.name`, or `name` alone; dots inside are escaped. */
export function streamKey(stream: StreamName): string {
  const escape = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll(".", "\\.");
  return stream.namespace ? `${escape(stream.namespace)}.${escape(stream.name)}` : escape(stream.name);
}
