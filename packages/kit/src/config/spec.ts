import type { ConnectorSpecification, DestinationSyncMode, JsonObject, WriteMode } from "@weir/protocol";
import type { Schema } from "./type.ts";

export interface SpecOptions {
  readonly documentationUrl?: string | undefined;
  readonly supportsIncremental?: boolean | undefined;
  /** For destinations. */
  readonly modes?: readonly WriteMode[] | undefined;
}

/** Airbyte's ConnectorSpecification of a configuration schema. */
export function specOf(config: Schema, options: SpecOptions = {}): ConnectorSpecification {
  const { documentationUrl, supportsIncremental, modes } = options;
  const schema = JSON.parse(JSON.stringify(config)) as JsonObject;
  return {
    protocol_version: "0.18.0",
    connectionSpecification: { $schema: "http://json-schema.org/draft-07/schema#", ...schema },
    ...(documentationUrl === undefined ? {} : { documentationUrl }),
    ...(supportsIncremental === undefined ? {} : { supportsIncremental }),
    ...(modes === undefined
      ? {}
      : { supported_destination_sync_modes: modes.flatMap((mode) => SYNC_MODE[mode]) }),
  };
}

/** `overwrite_dedup` is Airbyte's `overwrite` on a stream with a key: it adds no mode of its own. */
const SYNC_MODE: Readonly<Record<WriteMode, readonly DestinationSyncMode[]>> = {
  append: ["append"],
  overwrite: ["overwrite"],
  append_dedup: ["append_dedup"],
  overwrite_dedup: [],
};
