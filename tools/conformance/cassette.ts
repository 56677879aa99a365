import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { JsonObject, JsonValue, SourceSyncMode, Stream } from "@weir/protocol";
import { parseJson } from "@weir/protocol";

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RecordedBody;
}

/** Text, nothing, or bytes. */
export type RecordedBody = string | null | { readonly base64: string };

export interface Exchange {
  readonly request: RecordedRequest;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: RecordedBody;
  };
}

export interface RecordedRead {
  readonly state: JsonValue;
  readonly exchanges: readonly Exchange[];
  readonly records: readonly JsonValue[];
  readonly states: readonly JsonValue[];
  readonly error: JsonValue;
  readonly clean?: boolean;
}

export interface RecordedStream {
  readonly sync_mode: SourceSyncMode;
  readonly clean: boolean;
  readonly first: RecordedRead;
  readonly second: RecordedRead | null;
}

export interface Cassette {
  readonly connector: string;
  readonly now: string;
  readonly config: JsonObject;
  readonly custom_code?: JsonValue;
  readonly exception?: JsonValue;
  readonly spec?: JsonObject;
  readonly check?: {
    readonly status: string;
    readonly clean: boolean;
    readonly exchanges: readonly Exchange[];
  };
  readonly catalog?: readonly Stream[];
  readonly discover_exchanges?: readonly Exchange[];
  readonly streams?: Readonly<Record<string, RecordedStream>>;
  readonly complete?: boolean;
}

const ENDING = ".json.gz";

export function cassettesIn(folder: string): readonly string[] {
  const cassettes = join(folder, "cassettes");
  if (!existsSync(cassettes)) return [];
  return readdirSync(cassettes)
    .filter((name) => name.endsWith(ENDING))
    .toSorted()
    .map((name) => join(cassettes, name));
}

export function nameOf(file: string): string {
  return basename(file, ENDING);
}

export function readCassette(file: string): Cassette {
  return parseJson(gunzipSync(readFileSync(file)).toString()) as unknown as Cassette;
}

/** The manifest that the cassette was recorded with. */
export function readManifest(folder: string, connector: string): string {
  return readFileSync(
    join(folder, "..", "airbyte-catalog", "connectors", connector, "manifest.yaml"),
    "utf8",
  );
}

/** What the reference could not run itself is not scored. */
export function isScored(cassette: Cassette): boolean {
  return cassette.exception === undefined && cassette.complete === true;
}
