import type { JsonObject, JsonValue } from "@weir/protocol";
import type { PageResponse, RequestAdditions, Slice } from "../requester/contract.ts";

export interface Page {
  readonly response: PageResponse;
  /** What templates see as `response`: the first value of the body; an empty object where nobody asked for it. */
  readonly body: JsonValue;
  /** Records that the extractor found in it, before filters. */
  readonly extracted: number;
  /** Records left after filters and transformations. */
  readonly kept: number;
  readonly lastRecord: JsonObject | null;
}

/** Holds no state of its own: what it needs of the page before is in the token. */
export interface Paginator {
  /** Whether `next` looks at the page's body. */
  readonly readsBody: boolean;
  /** The token of the first request; undefined: there is none, yet the page is asked for. */
  initial(): JsonValue | undefined;
  /** The token of the page after this one; undefined: this was the last. */
  next(page: Page, token: JsonValue | undefined): JsonValue | undefined;
  /** What a request with this token carries; `path` replaces the requester's. */
  additions(token: JsonValue | undefined, slice: Slice): RequestAdditions & { readonly path?: string };
}
