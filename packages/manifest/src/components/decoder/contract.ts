import type { JsonValue } from "@weir/protocol";

export interface Decoder {
  /** The body in values: each element of a JSON list, each line, each row. Fails with `manifest.decode` for what cannot be read. */
  decode(
    body: AsyncIterable<Uint8Array>,
    headers: Readonly<Record<string, string>>,
  ): AsyncIterable<JsonValue>;
  /** Whether a body may be too large to keep: such a response gives nothing to `response` in templates. */
  readonly isStreamed: boolean;
}
