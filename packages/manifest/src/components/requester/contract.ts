import type { JsonObject, JsonValue } from "@weir/protocol";

/** A partition and the cursor's slice of it. What templates see as `stream_slice` is both together. */
export interface Slice {
  readonly partition: JsonObject;
  readonly cursor: JsonObject;
  /** Fields of the parent record that its configuration asked to keep. */
  readonly extra: JsonObject;
}

/** What others than the requester put into a request. A key given twice fails with `manifest.collision`. */
export interface RequestAdditions {
  readonly params?: Readonly<Record<string, JsonValue>>;
  readonly headers?: Readonly<Record<string, JsonValue>>;
  readonly bodyData?: Readonly<Record<string, JsonValue>> | string;
  readonly bodyJson?: JsonObject;
}

export interface RequestCall {
  readonly slice: Slice;
  /** `{ "next_page_token": <token> }` as templates see it; null on a first page without one. */
  readonly nextPageToken: JsonObject | null;
  /** A path or a whole address that the paginator takes from the page before. */
  readonly path?: string | undefined;
  readonly additions: readonly RequestAdditions[];
  readonly streamName: string;
  /** Further variables for its templates, such as `creation_response`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** A response with its body at hand. */
export interface PageResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  /** False for 4xx and 5xx: such a page has no records and ends its partition. */
  readonly ok: boolean;
  /** The body as text; read once, kept. Null when the decoder streams it. */
  readonly text: string | null;
  /** The body as JSON; undefined when it is none. */
  json(): JsonValue | undefined;
  /** The body in the decoder's values; parsed once for a kept body, so it can be asked again. */
  decoded(): AsyncIterable<JsonValue>;
}

/**
 * What a requester's node takes beside its own fields: `decoder`, the node of the decoder of whoever builds it (a retriever, a
 * session's log-in). Absent: JsonDecoder. A budget of calls that all requesters of a source keep is `once("api-budget")`.
 */
export interface Requester {
  /**
   * Sends the request, again where its error handler says so. Null: the handler ignores this answer, there is no page.
   * Fails with `http.*` or `manifest.response` and what the handler says. `"reset"`: pagination is to begin anew.
   */
  send(call: RequestCall, signal: AbortSignal): Promise<PageResponse | null | "reset">;
}
