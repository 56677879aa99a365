import type { DestinationSyncMode } from "./catalog.ts";
import type { Failure } from "./errors.ts";
import type { JsonObject } from "./json.ts";

/** Airbyte's ConnectorSpecification. Unknown fields are kept. */
export interface ConnectorSpecification {
  /**
   * JSON schema (draft 7) of the configuration, with `airbyte_secret`, `order`, `examples` and `default`. Weir adds
   * `x-weir-path: true` on the path of a file or folder, which the CLI takes relative to the project file, and on the
   * whole `x-weir-schemes`: further URL schemes beside the folder's name, such as `["postgresql"]`.
   */
  readonly connectionSpecification: JsonObject;
  readonly documentationUrl?: string;
  readonly changelogUrl?: string;
  readonly supported_destination_sync_modes?: readonly DestinationSyncMode[];
  readonly supportsIncremental?: boolean;
  readonly protocol_version?: string;
  readonly advanced_auth?: JsonObject;
  readonly [unknown: string]: unknown;
}

/** Answer of `check`: Airbyte's AirbyteConnectionStatus, with the failure that explains a FAILED. */
export interface CheckResult {
  readonly status: "SUCCEEDED" | "FAILED";
  readonly message?: string;
  /** Every problem found, each with what to do. Empty when SUCCEEDED. */
  readonly failures: readonly Failure[];
}
